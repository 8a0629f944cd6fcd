"""The identity of a model, and the key under which its answers are kept."""

import hashlib
import json
import re
from functools import lru_cache

from augcon_lib.chat.messages import WireForm, format_hint
from augcon_lib.chat.port import ChatExample, ChatRequest
from augcon_lib.chat.reply_formats import ReplyFormat
from augcon_lib.model.journal import Journal
from augcon_lib.model.journal.tables import StoredAnswer
from augcon_lib.offline_model import OFFLINE_MODEL_NAME
from augcon_lib.settings import ModelSettings
from augcon_lib.text.languages import SCRIPTS

KEY_VERSION = 3
FORMER_KEY_VERSION = 2
_FENCES = ("```", "~~~")
# A fence at the start of a line, up to a matching fence or the end; a group, so split() keeps it.
_FENCED_CODE = re.compile(r"(?:\A|(?<=\n))((?:```(?s:.)*?(?:\n```|\Z)|~~~(?s:.)*?(?:\n~~~|\Z)))")
# Ideographs, kana, their punctuation, and the scripts of South East Asia and Tibet; no full-width
# letters and digits, which a space tells apart as it does in Latin.
_UNSPACED = (
    "".join(SCRIPTS[name] for name in ("han", "kana", "thai", "lao", "khmer", "myanmar", "tibetan"))
    + "\u3001-\u3035\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65"
)
_BETWEEN_UNSPACED = re.compile(rf"(?<=[{_UNSPACED}])(?<!\d) (?=[{_UNSPACED}])(?!\d)")


def model_name(model: ModelSettings) -> str:
    """The name sent to the endpoint."""
    return model.name or (OFFLINE_MODEL_NAME if model.provider == "offline" else "")


def model_identity(model: ModelSettings) -> str:
    """Return provider and model name, for keys and fingerprints.

    The host is not included: an answer stays valid when the same model moves.
    """
    return f"{model.provider}/{model_name(model)}"


def journal_key(identity: str, request: ChatRequest) -> bytes:
    """Return the sha256 (32 bytes) of everything in the logical request that can change an answer.

    The wire form is left out, so an answer stays valid when an endpoint's abilities change; the
    hints of both forms are included. ``stage`` and ``document_id`` are book-keeping and are left
    out, too. Of the user's message only what :func:`same_text` keeps is included.
    """
    return _key(KEY_VERSION, identity, request, same_text(request.user))


def former_journal_key(identity: str, request: ChatRequest) -> bytes:
    """Return the key under which augcon 0.1 kept the answer: the message without white space.

    For reading only: texts that differ in the position of a space share a key.
    """
    return _key(FORMER_KEY_VERSION, identity, request, "".join(request.user.split()))


def find_answer(
    journal: Journal, key: bytes, identity: str, request: ChatRequest
) -> tuple[bytes, StoredAnswer] | None:
    """Return the answer to *request* in *journal*, under *key* or the former key, and its key.

    *key* is the request's :func:`journal_key`, which costs more than the look-up in the journal.
    Raises ``ModelError`` if the journal cannot be read.
    """
    stored = journal.get(key)
    if stored is None and journal.was_begun:
        key = former_journal_key(identity, request)
        stored = journal.get(key)
    return None if stored is None else (key, stored)


def same_text(text: str) -> str:
    """Normalise *text* so that passages which differ only in line breaks and margins are equal.

    A run of white space becomes one space; none is left between two characters of scripts that
    are written without spaces, where a line break means nothing. In fenced code, lines and their
    indentation stay, since they carry meaning there.
    """
    if "```" not in text and "~~~" not in text:
        return _unwrapped(text)
    kept = []
    for part in _FENCED_CODE.split(text):
        if part[:3] in _FENCES:
            kept.append("\n".join(line.rstrip() for line in part.split("\n")))
        else:
            kept.append(_unwrapped(part))
    return "\n".join(part for part in kept if part)


def _unwrapped(text: str) -> str:
    spaced = " ".join(text.split())
    return spaced if spaced.isascii() else _BETWEEN_UNSPACED.sub("", spaced)


def _key(version: int, identity: str, request: ChatRequest, text: str) -> bytes:
    before, after = _same_for_many(
        version,
        identity,
        request.instruction,
        request.examples,
        request.reply_format,
        request.language,
    )
    own = f"{json.dumps(text)}, {after}, {float(request.temperature)}, {request.sample}]"
    key = before.copy()
    key.update(own.encode("ascii"))
    return key.digest()


@lru_cache(maxsize=256)
def _same_for_many(
    version: int,
    identity: str,
    instruction: str,
    examples: tuple[ChatExample, ...],
    reply_format: ReplyFormat,
    language: str,
) -> tuple["hashlib._Hash", str]:
    """Return the JSON array before the user's message, hashed, and the part after it."""
    fields = [
        [f.name, f.label, f.kind.__name__, f.choices, f.required] for f in reply_format.fields
    ]
    hints = [format_hint(reply_format, form, language) for form in WireForm]
    shown = [[example.user, dict(example.reply)] for example in examples]
    before = f"{json.dumps([version, identity, instruction, shown])[:-1]}, "
    return hashlib.sha256(before.encode("ascii")), json.dumps([reply_format.name, fields, hints])[
        1:-1
    ]
