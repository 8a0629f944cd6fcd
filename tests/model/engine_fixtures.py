"""Requests and settings shared by the engine's tests."""

import asyncio
from pathlib import Path

from pydantic import SecretStr

from augcon_lib.chat import reply_formats as replies
from augcon_lib.chat.port import ChatExample, ChatRequest
from augcon_lib.model import open_engine
from augcon_lib.model.endpoints.stats import CallStats
from augcon_lib.settings import BudgetSettings, ModelSettings, Settings
from tests.support.fault_server import KEY

KEY_SECRET = SecretStr(KEY)
SUBJECTS = [f"river {number}" for number in range(12)]


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


async def ask_all(url: str, path: Path, **settings: object) -> tuple[list[object], CallStats]:
    """The fields of the answers about ``SUBJECTS``, asked at once in an engine of their own."""
    async with open_engine(
        settings_for(url, **settings), path, api_key=KEY_SECRET, session_id="s"
    ) as engine:
        requests = [rewrite_request(subject) for subject in SUBJECTS]
        found = await asyncio.gather(*(engine.ask(request) for request in requests))
        return [reply.fields for reply in found], engine.stats
