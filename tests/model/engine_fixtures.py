"""Requests and settings shared by the engine's tests."""

from augcon_lib.chat import reply_formats as replies
from augcon_lib.chat.port import ChatExample, ChatRequest
from augcon_lib.settings import BudgetSettings, ModelSettings, Settings


def rewrite_request(subject: str = "the tide", **changes: object) -> ChatRequest:
    values: dict[str, object] = {
        "instruction": "Ask one question about the passage and split it.",
        "user": f"<context>\nThe mill by {subject} ran at night. It stopped at dawn.\n</context>",
        "reply_format": replies.CST_REWRITE,
        "temperature": 0.85,
        "examples": (
            ChatExample(
                "<context>\nA. B.\n</context>",
                {"question": "What?", "context_1": "A.", "context_2": "B."},
            ),
        ),
        "stage": "cst_nodes",
        "document_id": "it's.md",
    }
    return ChatRequest(**{**values, **changes})  # type: ignore[arg-type]


def settings_for(
    base_url: str, *, budget: dict[str, object] | None = None, **model: object
) -> Settings:
    values: dict[str, object] = {
        "provider": "openai",
        "base_url": base_url,
        "name": "tiny",
        "max_concurrency": 8,
        "timeout_seconds": 5,
        "input_usd_per_million_tokens": 1.0,
        "output_usd_per_million_tokens": 10.0,
    }
    return Settings().model_copy(
        update={
            "model": ModelSettings.model_validate({**values, **model}),
            "budget": BudgetSettings.model_validate(budget or {}),
        }
    )
