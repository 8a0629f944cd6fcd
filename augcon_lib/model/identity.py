"""Which model answers, and the key under which its answers are kept."""

import json
from hashlib import sha256

from augcon_lib.model.chat import ChatRequest
from augcon_lib.model.rendering import WireForm, format_hint
from augcon_lib.settings import ModelSettings

OFFLINE_MODEL_NAME = "extractive-1"
KEY_VERSION = 1


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
    """
    reply_format = request.reply_format
    parts = [
        KEY_VERSION,
        identity,
        request.instruction,
        [[example.user, dict(example.reply)] for example in request.examples],
        request.user,
        reply_format.name,
        [[f.name, f.label, f.kind.__name__, f.choices, f.required] for f in reply_format.fields],
        [format_hint(reply_format, form, request.language) for form in WireForm],
        float(request.temperature),
        request.sample,
    ]
    return sha256(json.dumps(parts).encode("ascii")).digest()
