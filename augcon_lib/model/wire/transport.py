"""One HTTP call to a model: the request, the possible replies, and how it can fail.

Nothing here depends on who carries the call; the engine above sees only this.
"""

import email.utils
import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import orjson

from augcon_lib.chat.reply_parsing import clean
from augcon_lib.errors import ModelError
from augcon_lib.model.wire.rate_headers import Allowances
from augcon_lib.text.surrogates import without_surrogates

MAX_DETAIL_CHARS = 500
# 444, 460 and 499: a proxy gave up on the connection.
RETRIED_STATUS = frozenset({408, 409, 425, 429, 444, 460, 499})
MAX_REPORTED_TOKENS = 10**9  # more is not a count of tokens


@dataclass(frozen=True, slots=True)
class RawReply:
    """The first choice of a chat completion, unchanged.

    Tokens are the server's count, or an estimate if it sends none.
    """

    content: str
    finish_reason: str
    refusal: str
    input_tokens: int
    output_tokens: int
    allowances: Allowances | None = None


class CallError(ModelError):
    """One HTTP call returned no completion.

    ``kind`` is a short code: ``connect`` (no connection at all), ``connection`` (lost on the way),
    ``timeout``, ``broken_body`` (HTTP 200 without a completion), or ``http_<status>``.
    """

    def __init__(
        self,
        kind: str,
        detail: str,
        *,
        status: int = 0,
        code: str = "",
        retry_after_seconds: float | None = None,
        allowances: Allowances | None = None,
    ) -> None:
        self.kind = kind
        self.detail = clean(detail)[:MAX_DETAIL_CHARS]
        super().__init__(f"{kind}: {self.detail}")
        self.status = status
        self.code = code
        self.retry_after_seconds = retry_after_seconds
        self.allowances = allowances

    @property
    def is_transient(self) -> bool:
        """Whether the same call may succeed later: no answer, a broken one, overload, 5xx."""
        return not self.status or self.status in RETRIED_STATUS or self.status >= 500


class ChatTransport(Protocol):
    """Sends one request body to a model and returns its reply; no retries, no limits."""

    async def complete(self, body: Mapping[str, Any]) -> RawReply:
        """Make one call; raises ``CallError``."""
        ...

    async def aclose(self) -> None:
        """Release connections."""
        ...


def read_completion(data: bytes, body: Mapping[str, Any]) -> RawReply:
    """Read the reply in the body of an HTTP 200; raises ``CallError`` if it has no completion."""
    try:
        completion = orjson.loads(data)
    except orjson.JSONDecodeError:
        completion = _read_leniently(data)
    return completion_of(completion, body)


def json_bytes(body: Mapping[str, Any]) -> bytes:
    """Encode *body* for the wire: UTF-8, with ``?`` for halves of surrogate pairs."""
    try:
        return orjson.dumps(body)
    except orjson.JSONEncodeError:
        return json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")


def _read_leniently(data: bytes) -> Any:
    """Decode with Python's own reader, which accepts halves of surrogate pairs and NaN."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        said = repr(data[:MAX_DETAIL_CHARS])
        raise CallError("broken_body", f"not a chat completion: {said}") from None


def completion_of(completion: Any, body: Mapping[str, Any]) -> RawReply:
    """Read the reply in a decoded body, in characters that can be stored.

    Raises ``CallError`` if it contains no completion.
    """
    try:
        choice = completion["choices"][0]
        message = choice["message"]
        content = message.get("content")
        refusal = message.get("refusal")
        usage = completion.get("usage")
    except (LookupError, TypeError, AttributeError):
        said = repr(completion)
        raise CallError("broken_body", f"not a chat completion: {said}") from None
    text = without_surrogates(_text_of(content))
    counts = usage if isinstance(usage, dict) else {}
    return RawReply(
        content=text,
        finish_reason=str(choice.get("finish_reason") or ""),
        refusal=without_surrogates(refusal) if isinstance(refusal, str) else "",
        input_tokens=token_count(counts.get("prompt_tokens"), lambda: estimate_input_tokens(body)),
        output_tokens=token_count(counts.get("completion_tokens"), lambda: estimate_tokens(text)),
    )


def _text_of(content: object) -> str:
    """Return a message's text, which some servers send as a list of parts."""
    if isinstance(content, list):
        parts = (part for part in content if isinstance(part, dict) and part.get("type") == "text")
        return "".join(part["text"] for part in parts if isinstance(part.get("text"), str))
    return content if isinstance(content, str) else ""


def estimate_tokens(text: str) -> int:
    """Estimate four bytes of UTF-8 per token, for servers that report no usage and for limits."""
    return (len(text.encode("utf-8", "replace")) + 3) // 4


def estimate_input_tokens(body: Mapping[str, Any]) -> int:
    """Estimate the tokens of all messages of *body*, or of all texts to embed."""
    texts = body.get("input") or (message["content"] for message in body["messages"])
    return sum(map(estimate_tokens, texts))


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """Read the seconds to wait from ``Retry-After-Ms`` or ``Retry-After`` (seconds or a date)."""
    for name, per_second in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        try:
            seconds = float(headers[name]) / per_second
        except (KeyError, ValueError):
            continue
        return seconds if math.isfinite(seconds) and seconds >= 0 else None
    try:
        when = email.utils.parsedate_to_datetime(headers["retry-after"])
        return max(0.0, when.timestamp() - time.time())
    except (KeyError, ValueError, TypeError, OverflowError):
        return None


def token_count(reported: object, estimate: Callable[[], int]) -> int:
    """Return what a server *reported* if that is a count, otherwise the result of *estimate*."""
    if not isinstance(reported, int) or isinstance(reported, bool):
        return estimate()
    return reported if 0 <= reported <= MAX_REPORTED_TOKENS else estimate()
