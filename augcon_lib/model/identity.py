"""Which model answers, and the key under which its answers are kept."""

import hashlib
import json
from functools import lru_cache

from augcon_lib.model.chat import ChatExample, ChatRequest
from augcon_lib.model.rendering import WireForm, format_hint
from augcon_lib.model.replies import ReplyFormat
from augcon_lib.settings import ModelSettings

OFFLINE_MODEL_NAME = "extractive-2"
KEY_VERSION = 2


def model_name(model: ModelSettings) -> str:
    """The name sent to the endpoint."""
    return model.name or (OFFLINE_MODEL_NAME if model.provider == "offline" else "")


def model_identity(model: ModelSettings) -> str:
    """Provider and model name, for keys and fingerprints.

    The host is no part of it: an answer stays valid when the same model moves.
    """
    return f"{model.provider}/{model_name(model)}"


def journal_key(identity: str, request: ChatRequest) -> bytes:
    """sha256 (32 bytes) over everything of the logical request that can change an answer.

    The wire form is left out, so an answer stays valid when an endpoint's ability changes; both
    forms' hints are in. ``stage`` and ``document_id`` are book-keeping and are left out too.
    White space of the user's message doesn't count: a passage that was indented or wrapped anew is
    not paid for again.
    """
    before, after = _same_for_many(
        identity, request.instruction, request.examples, request.reply_format, request.language
    )
    passage = "".join(request.user.split())
    own = f"{json.dumps(passage)}, {after}, {float(request.temperature)}, {request.sample}]"
    key = before.copy()
    key.update(own.encode("ascii"))
    return key.digest()


@lru_cache(maxsize=256)
def _same_for_many(
    identity: str,
    instruction: str,
    examples: tuple[ChatExample, ...],
    reply_format: ReplyFormat,
    language: str,
) -> tuple["hashlib._Hash", str]:
    """The JSON array before the user's message, hashed, and behind it."""
    fields = [
        [f.name, f.label, f.kind.__name__, f.choices, f.required] for f in reply_format.fields
    ]
    hints = [format_hint(reply_format, form, language) for form in WireForm]
    shown = [[example.user, dict(example.reply)] for example in examples]
    before = f"{json.dumps([KEY_VERSION, identity, instruction, shown])[:-1]}, "
    return hashlib.sha256(before.encode("ascii")), json.dumps([reply_format.name, fields, hints])[
        1:-1
    ]
