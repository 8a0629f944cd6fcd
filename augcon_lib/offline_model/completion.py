"""From the body of a request to that of its response."""

import json
from collections.abc import Mapping
from typing import Any

from augcon_lib.offline_model.answers import compose_answer
from augcon_lib.offline_model.chance import draw
from augcon_lib.offline_model.passages import Passage, read_numbered, read_passage
from augcon_lib.offline_model.questions import ask_question
from augcon_lib.offline_model.request import LABELS, Ask, NotUnderstood, read_request
from augcon_lib.offline_model.splits import last_sentence_of_first_part, two_parts
from augcon_lib.offline_model.verdicts import confidence, judge, rating

OFFLINE_MODEL_NAME = "extractive-2"
LATIN_CHARS_PER_TOKEN = 4

Reply = dict[str, str | int]


def complete(body: Mapping[str, Any]) -> dict[str, Any]:
    """Answer the body of a ``/chat/completions`` request with that of its response.

    A body that is not understood gets a refusal, as from a model; nothing is raised.
    """
    try:
        ask = read_request(body)
    except NotUnderstood as problem:
        return _completion(body, None, f"I cannot help with this request: {problem}.")
    reply = _reply(ask)
    if ask.as_json:
        return _completion(body, json.dumps(reply, ensure_ascii=False), None)
    lines = (f"{LABELS[name]}: {value}" for name, value in reply.items())
    return _completion(body, "\n\n".join(lines), None)


def _reply(ask: Ask) -> Reply:
    """One value for each field that is asked for."""
    context = ask.texts["context"]
    numbered = "last_sentence_of_first_part" in ask.fields
    passage = read_numbered(context) if numbered else read_passage(context)
    reply: Reply = {}
    for name in ask.fields:
        if name not in reply:
            reply.update(_fields_with(name, ask, passage, reply))
    return {name: reply[name] for name in ask.fields}


def _fields_with(name: str, ask: Ask, passage: Passage, reply: Reply) -> Reply:
    """The field *name*, with those that come out together with it."""
    question = ask.texts.get("question", "")
    if name == "question":
        return {name: ask_question(passage, ask.requirements, len(ask.examples), ask.seed)}
    if name == "last_sentence_of_first_part":
        return {name: last_sentence_of_first_part(passage, ask.seed)}
    if name in ("context_1", "context_2"):
        first, second = two_parts(passage, ask.seed)
        return {"context_1": first, "context_2": second}
    if name == "reasoning":
        return {name: compose_answer(passage, question, ())}
    if name == "answer":
        asked = question or str(reply.get("question", ""))
        return {name: compose_answer(passage, asked, ask.examples)}
    if name == "confidence":
        return {name: confidence(str(reply.get("question", "")), str(reply.get("answer", "")))}
    if name == "rating":
        return {name: rating(passage, question)}
    verdict, reason = judge(
        passage, question, ask.texts.get("reference", ""), ask.texts.get("answer", "")
    )
    return {"verdict": verdict, "reason": reason}


def _completion(
    body: Mapping[str, Any], content: str | None, refusal: str | None
) -> dict[str, Any]:
    messages = body.get("messages")
    shown = [
        text
        for one in (messages if isinstance(messages, list) else [])
        if isinstance(one, Mapping) and isinstance(text := one.get("content"), str)
    ]
    prompt_tokens = sum(map(_tokens, shown))
    completion_tokens = _tokens(content or refusal or "")
    message: dict[str, str | None] = {"role": "assistant", "content": content}
    if refusal is not None:
        message["refusal"] = refusal
    return {
        "id": f"chatcmpl-offline-{draw(*shown, body.get('seed')):016x}",
        "object": "chat.completion",
        "created": 0,
        "model": str(body.get("model") or OFFLINE_MODEL_NAME),
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": completion_tokens,
            "total_tokens": prompt_tokens + completion_tokens,
        },
    }


def _tokens(text: str) -> int:
    """About four Latin letters a token, and one for a character of East Asia."""
    wide = 0 if text.isascii() else (len(text.encode("utf-8", "replace")) - len(text)) // 2
    return wide + (len(text) - wide + LATIN_CHARS_PER_TOKEN - 1) // LATIN_CHARS_PER_TOKEN
