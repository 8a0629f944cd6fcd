"""The files of the batch API: request lines out, result lines back."""

import io
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from augcon_lib.chat.reply_parsing import clean
from augcon_lib.model.wire.transport import CallError, RawReply, completion_of

CHAT_PATH = "/v1/chat/completions"
MAX_KIND_CHARS = 60  # of a server's name for an error


@dataclass(frozen=True, slots=True)
class ResultLine:
    """The result of one request of a batch: the HTTP status and body, or an error without one."""

    status: int
    body: object
    code: str = ""
    message: str = ""

    def told(self, words: Callable[[str], str]) -> "ResultLine":
        """Return the same line with the error's code and message changed by *words*."""
        if self.status == 200:
            return self
        return replace(self, code=words(self.code), message=words(self.message))


def request_line(key: bytes, body: Mapping[str, Any]) -> bytes:
    """Return one line of a batch's input file with its line end; the result repeats *key*."""
    line = {"custom_id": key.hex(), "method": "POST", "url": CHAT_PATH, "body": body}
    return json.dumps(line, ensure_ascii=False).encode("utf-8", "replace") + b"\n"


def result_lines(data: bytes) -> Iterator[tuple[bytes, ResultLine]]:
    """Return the lines of an output or error file by request key; skip malformed lines."""
    for text in io.BytesIO(data):
        try:
            line = json.loads(text)
            key = bytes.fromhex(line["custom_id"])
            response, error = line.get("response") or {}, line.get("error") or {}
            body = response.get("body")
            said = (body.get("error") if isinstance(body, dict) else None) or error
            error = said if isinstance(said, dict) else {"message": said}
            yield (
                key,
                ResultLine(
                    int(response.get("status_code") or 0),
                    body,
                    str(error.get("code") or ""),
                    str(error.get("message") or ""),
                ),
            )
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            continue


def reply_of(line: ResultLine, body: Mapping[str, Any]) -> RawReply:
    """Return the completion in *line*, which answers *body*; raises ``CallError`` without one."""
    if line.status == 200:
        return completion_of(line.body, body)
    kind = f"http_{line.status}" if line.status else clean(line.code)[:MAX_KIND_CHARS]
    detail = line.message or "no reason given"
    raise CallError(kind or "batch_error", detail, status=line.status, code=line.code)
