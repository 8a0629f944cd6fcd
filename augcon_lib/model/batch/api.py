"""The endpoint's ``/files`` and ``/batches``: create a batch, poll it, fetch its results."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from augcon_lib.model.batch.files import CHAT_PATH, ResultLine, result_lines
from augcon_lib.model.wire.transport import MAX_DETAIL_CHARS, CallError

COMPLETION_WINDOW = "24h"  # the only one that all vendors support
TOKEN_NAME = "augcon_batch"
PAGE_BATCHES = 100
CLOCK_SKEW_SECONDS = 3_600.0
ENDED = frozenset({"completed", "failed", "expired", "cancelled"})


class Http(Protocol):
    """Calls to an endpoint without retries; all raise ``CallError``. No body contains the key."""

    async def get(self, path: str) -> bytes:
        """``GET`` *path*, and return the body."""
        ...

    async def get_answers(self, path: str) -> bytes:
        """``GET`` *path*, and return the body, which contains the model's words."""
        ...

    async def post(self, path: str, body: Mapping[str, Any]) -> bytes:
        """``POST`` *body* to *path*, and return the body of the response."""
        ...

    async def upload(self, name: str, content: bytes, purpose: str) -> str:
        """Send a file, and return its id."""
        ...

    def hide(self, text: str) -> str:
        """Return *text*, which describes a failure, without the key."""
        ...


@dataclass(frozen=True, slots=True)
class BatchState:
    """The state of a batch: ``status`` in the API's words, its files, and why it failed."""

    batch_id: str
    status: str
    result_files: tuple[str, ...] = ()
    problem: str = ""
    requests_done: int = 0

    @property
    def ended(self) -> bool:
        """Whether the batch has ended, so that no more results will come."""
        return self.status in ENDED


class BatchApi:
    """The batches of one endpoint; every method raises ``CallError``."""

    def __init__(self, http: Http) -> None:
        self._http = http

    async def check(self) -> None:
        """Request one batch, so that an endpoint without batches fails now."""
        await self._batches("?limit=1")

    async def upload(self, token: str, content: bytes) -> str:
        """Send the request lines of the batch *token*, and return the file's id."""
        return await self._http.upload(f"augcon-{token}.jsonl", content, "batch")

    async def create(self, token: str, file_id: str) -> str:
        """Create a batch from a file, and return its id."""
        made = self._object(
            await self._http.post(
                "/batches",
                {
                    "input_file_id": file_id,
                    "endpoint": CHAT_PATH,
                    "completion_window": COMPLETION_WINDOW,
                    "metadata": {TOKEN_NAME: token},
                },
            )
        )
        if not isinstance(made.get("id"), str):
            raise _broken(f"not a batch: {made}")
        return str(made["id"])

    async def find(self, token: str, file_id: str, made_at: float) -> str | None:
        """Find the batch created as *token* from *file_id* after *made_at*; None if none exists."""
        after = ""
        while True:
            page = await self._batches(f"?limit={PAGE_BATCHES}{after}")
            batches = [batch for batch in page["data"] if isinstance(batch, dict)]
            for batch in batches:
                metadata = batch.get("metadata")
                told = metadata.get(TOKEN_NAME) if isinstance(metadata, dict) else None
                if told == token or batch.get("input_file_id") == file_id:
                    return str(batch["id"])
            oldest = min((_seconds(batch.get("created_at")) for batch in batches), default=0.0)
            if not page.get("has_more") or oldest < made_at - CLOCK_SKEW_SECONDS:
                return None
            after = f"&after={batches[-1]['id']}"

    async def state(self, batch_id: str) -> BatchState:
        """Return the state of a batch."""
        batch = self._object(await self._http.get(f"/batches/{batch_id}"))
        files = (batch.get("output_file_id"), batch.get("error_file_id"))
        counts = batch.get("request_counts")
        done = counts.get("completed") if isinstance(counts, dict) else 0
        return BatchState(
            batch_id,
            str(batch.get("status") or "").lower(),
            tuple(str(file) for file in files if file),
            _problem(batch.get("errors")),
            done if isinstance(done, int) else 0,
        )

    async def results(self, file_id: str) -> Iterator[tuple[bytes, ResultLine]]:
        """Return the lines of a result file by request key."""
        data = await self._http.get_answers(f"/files/{file_id}/content")
        return ((key, line.told(self._http.hide)) for key, line in result_lines(data))

    async def _batches(self, query: str) -> dict[str, Any]:
        page = self._object(await self._http.get(f"/batches{query}"))
        if not isinstance(page.get("data"), list):
            raise _broken(f"not a list of batches: {page}")
        return page

    def _object(self, data: bytes) -> dict[str, Any]:
        try:
            value = json.loads(data)
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            raise _broken(f"not a JSON object: {data[:MAX_DETAIL_CHARS]!r}")
        return value


def _broken(detail: str) -> CallError:
    return CallError("broken_body", detail)


def _problem(errors: object) -> str:
    """Return the first few messages of a batch's ``errors``."""
    listed = errors.get("data") if isinstance(errors, dict) else None
    told = [
        f"{each.get('code') or 'error'}: {each.get('message') or ''}"
        for each in (listed if isinstance(listed, list) else [])
        if isinstance(each, dict)
    ]
    return "; ".join(told[:3])


def _seconds(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
