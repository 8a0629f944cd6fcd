"""Turn a logical request into the messages of a chat completion, for both wire forms.

The constant parts come first (instruction, form, examples), the passage last: servers cache the
prefix.
"""

import json
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

from augcon_lib.chat.port import ChatExample, ChatRequest, ReplyFields
from augcon_lib.chat.reply_formats import ReplyField, ReplyFormat

MAX_QUOTED_CHARS = 2_000


class WireForm(StrEnum):
    """How to ask for a reply: by a JSON schema, or as plain text with labels."""

    JSON_SCHEMA = "json_schema"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Repair:
    """The model's own unusable reply, and what was wrong with it."""

    reply: str
    problem: str


def render_messages(
    request: ChatRequest, form: WireForm, repair: Repair | None = None
) -> list[dict[str, str]]:
    """Build the system message, one turn pair per example, and the user's message unchanged.

    All but the last are the same objects for all requests that differ only in the last.
    With *repair* the model sees its own reply and what was wrong; the last message still carries
    the whole passage.
    """
    hint, same = _same_for_many(
        request.instruction, request.examples, request.reply_format, form, request.language
    )
    messages = [*same]
    if repair is None:
        messages.append(_message("user", request.user))
        return messages
    if repair.reply.strip():
        messages.append(_message("user", request.user))
        messages.append(_message("assistant", repair.reply[:MAX_QUOTED_CHARS]))
    messages.append(_message("user", f"{_repair_note(request, repair, hint)}\n\n{request.user}"))
    return messages


@lru_cache(maxsize=64)
def response_format(reply_format: ReplyFormat) -> dict[str, Any]:
    """Return the ``response_format`` field for *reply_format*; one shared object, do not change."""
    return {
        "type": "json_schema",
        "json_schema": {
            "name": reply_format.name,
            "strict": True,
            "schema": reply_format.json_schema(),
        },
    }


def render_reply(reply_format: ReplyFormat, reply: ReplyFields, form: WireForm) -> str:
    """Write a reply as the model should have; fields that *reply* lacks are left out."""
    fields = [field for field in reply_format.fields if field.name in reply]
    if form is WireForm.JSON_SCHEMA:
        return json.dumps({field.name: reply[field.name] for field in fields}, ensure_ascii=False)
    return "\n\n".join(f"{field.label}: {reply[field.name]}" for field in fields)


def format_hint(reply_format: ReplyFormat, form: WireForm, language: str) -> str:
    """Return the sentence at the end of the instruction that names the reply's form."""
    chinese = language.startswith("zh")
    if form is WireForm.JSON_SCHEMA:
        names = [f'"{field.name}"{_kind_note(field, chinese)}' for field in reply_format.fields]
        if chinese:
            return f"只回复一个 JSON 对象，字段为 {'、'.join(names)}，不要输出其他内容。"
        return f"Reply with one JSON object with the fields {', '.join(names)}, and nothing else."
    lines = [f"{field.label}: ...{_kind_note(field, chinese)}" for field in reply_format.fields]
    if chinese:
        lead = "严格按下面的格式回复，每个标签（保持英文）位于一行的开头，不要输出其他内容："
    else:
        lead = "Reply in exactly this form, each label at the start of a line, and nothing else:"
    return "\n".join([lead, *lines])


@lru_cache(maxsize=256)
def _same_for_many(
    instruction: str,
    examples: tuple[ChatExample, ...],
    reply_format: ReplyFormat,
    form: WireForm,
    language: str,
) -> tuple[str, list[dict[str, str]]]:
    """Return the hint, and all messages but the last: once in memory for a whole batch."""
    hint = format_hint(reply_format, form, language)
    messages = [_message("system", f"{instruction}\n\n{hint}")]
    for example in examples:
        messages.append(_message("user", example.user))
        messages.append(_message("assistant", render_reply(reply_format, example.reply, form)))
    return hint, messages


def _kind_note(field: ReplyField, chinese: bool) -> str:
    if field.kind is int:
        return "（整数）" if chinese else " (a whole number)"
    if field.choices:
        joined = "/".join(field.choices)
        return f"（{joined}）" if chinese else f" ({joined})"
    return ""


def _repair_note(request: ChatRequest, repair: Repair, hint: str) -> str:
    if request.language.startswith("zh"):
        return f"上一个回复无法使用（{repair.problem}）。{hint}"
    return f"The last reply could not be used ({repair.problem}). {hint}"


def _message(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}
