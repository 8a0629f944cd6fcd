"""What the body of a request asks for, seen as a model sees it: messages, form and seed."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

LABELS = {
    "question": "Question",
    "context_1": "Context 1",
    "context_2": "Context 2",
    "last_sentence_of_first_part": "Boundary",
    "reasoning": "Reasoning",
    "answer": "Answer",
    "confidence": "Confidence",
    "rating": "Rating",
    "verdict": "Verdict",
    "reason": "Reason",
}
_NAMES = {label: name for name, label in LABELS.items()}
_LABEL_LINE = re.compile(rf"^({'|'.join(_NAMES)}):", re.MULTILINE)
_REQUIREMENT = re.compile(r"^\s*(?:\d+[.)、]|[-*•])\s", re.MULTILINE)
TAGS = ("context", "question", "answer", "reference")


class NotUnderstood(ValueError):
    """The body is none that the offline provider can answer; the message says why."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One request: the reply's fields, the tagged texts, and how good the prompt is.

    ``requirements`` counts the numbered or bulleted demands of the instruction; ``examples`` are
    the replies that were shown.
    """

    fields: tuple[str, ...]
    as_json: bool
    texts: Mapping[str, str]
    requirements: int
    examples: tuple[str, ...]
    seed: int


def read_request(body: Mapping[str, Any]) -> Ask:
    """*body* of ``/chat/completions``, taken apart; raises ``NotUnderstood``."""
    messages = body.get("messages")
    if not isinstance(messages, list) or not all(isinstance(one, Mapping) for one in messages):
        raise NotUnderstood("the request has no messages")
    turns = [(str(one.get("role")), one.get("content")) for one in messages]
    said = [(role, text) for role, text in turns if isinstance(text, str)]
    system = "\n\n".join(text for role, text in said if role in ("system", "developer"))
    users = [text for role, text in said if role == "user"]
    if not users:
        raise NotUnderstood("there is no message of a user")
    texts = {tag: found for tag in TAGS if (found := tagged(users[-1], tag)) is not None}
    if not texts.get("context", "").strip():
        raise NotUnderstood("the last message has no passage between <context> and </context>")
    fields = _schema_fields(body)
    as_json = fields is not None
    if fields is None:
        fields = tuple(dict.fromkeys(_NAMES[label] for label in _LABEL_LINE.findall(system)))
    if not fields:
        raise NotUnderstood("neither a JSON schema nor labels say what to reply")
    if unknown := [name for name in fields if name not in LABELS]:
        raise NotUnderstood(f"what to write for {unknown[0]!r} is unknown")
    seed = body.get("seed")
    return Ask(
        fields=fields,
        as_json=as_json,
        texts=texts,
        requirements=len(_REQUIREMENT.findall(system)),
        examples=tuple(text for role, text in said if role == "assistant"),
        seed=seed if isinstance(seed, int) else 0,
    )


def tagged(message: str, tag: str) -> str | None:
    """What stands between the last ``<tag>`` of *message* and its end; None where it is not."""
    start = message.rfind(f"<{tag}>")
    end = message.find(f"</{tag}>", start)
    if start < 0 or end < 0:
        return None
    return message[start + len(tag) + 2 : end].strip("\r\n")


def example_answer(reply: str) -> str:
    """The answer in an example's *reply*, JSON or labelled."""
    try:
        value = json.loads(reply)["answer"]
    except (ValueError, LookupError, TypeError):
        return reply.rpartition(f"{LABELS['answer']}:")[2].strip()
    return value if isinstance(value, str) else ""


def _schema_fields(body: Mapping[str, Any]) -> tuple[str, ...] | None:
    """The names of the reply's fields; None where no JSON schema is asked for."""
    form = body.get("response_format")
    if not isinstance(form, Mapping) or form.get("type") != "json_schema":
        return None
    try:
        return tuple(form["json_schema"]["schema"]["properties"])
    except (LookupError, TypeError):
        raise NotUnderstood("the JSON schema names no properties") from None
