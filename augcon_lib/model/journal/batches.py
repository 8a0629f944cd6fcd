"""The journal's record of batches that are with the endpoint, for a later process to resume.

A batch is recorded before its file is sent, with the keys of its requests. A request is forgotten
when its answer is in the journal, and a batch with its last request.
"""

import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from augcon_lib.model.journal.journal import Journal

INSERT_BATCH = "INSERT INTO batches VALUES (?, ?, ?, ?, '', '')"
INSERT_REQUESTS = "INSERT OR REPLACE INTO batch_requests VALUES (?, ?)"
SET_FILE = "UPDATE batches SET file_id = ? WHERE token = ?"
SET_BATCH = "UPDATE batches SET batch_id = ? WHERE token = ?"
DELETE_REQUEST = "DELETE FROM batch_requests WHERE key = ?"
DELETE_REQUESTS = "DELETE FROM batch_requests WHERE token = ?"
DELETE_BATCH = "DELETE FROM batches WHERE token = ?"
SELECT_BATCHES = """
SELECT token, made_at, file_id, batch_id FROM batches WHERE base_url = ? AND model = ?
"""
SELECT_REQUESTS = "SELECT key FROM batch_requests WHERE token = ?"
COUNT_REQUESTS = """
SELECT base_url, count(*) FROM batch_requests JOIN batches USING (token) WHERE model = ? GROUP BY 1
"""
FORGET_ALL = (("DELETE FROM batch_requests", [()]), ("DELETE FROM batches", [()]))


@dataclass(slots=True)
class OpenBatch:
    """A batch with requests whose answers are not in the journal yet.

    ``token`` is our own name for it, sent along as metadata. ``file_id`` and ``batch_id`` are the
    endpoint's, empty until it has returned them; ``made_at`` is a Unix time.
    """

    token: str
    made_at: float
    file_id: str = ""
    batch_id: str = ""
    keys: set[bytes] = field(default_factory=set)


class BatchBook:
    """The open batches of one model at one address, kept in *journal*."""

    def __init__(self, journal: Journal, base_url: str, model: str) -> None:
        self._journal = journal
        self._address = (base_url, model)

    def open_batches(self) -> list[OpenBatch]:
        """Return all batches that earlier processes left open."""
        found = []
        for token, made_at, file_id, batch_id in self._journal.read_all(
            SELECT_BATCHES, self._address
        ):
            keys = {key for (key,) in self._journal.read_all(SELECT_REQUESTS, (token,))}
            found.append(OpenBatch(token, made_at, file_id, batch_id, keys))
        return found

    async def begin(self, token: str, keys: Collection[bytes]) -> OpenBatch:
        """Record a batch that is about to be sent."""
        batch = OpenBatch(token, time.time(), keys=set(keys))
        await self._journal.write_now(
            (INSERT_BATCH, [(token, *self._address, batch.made_at)]),
            (INSERT_REQUESTS, [(key, token) for key in keys]),
        )
        return batch

    async def uploaded(self, batch: OpenBatch, file_id: str) -> None:
        """Record the file; durable before the batch is created from it."""
        batch.file_id = file_id
        await self._journal.write_now((SET_FILE, [(file_id, batch.token)]))

    async def submitted(self, batch: OpenBatch, batch_id: str) -> None:
        """Record the endpoint's id of the batch."""
        batch.batch_id = batch_id
        await self._journal.write_now((SET_BATCH, [(batch_id, batch.token)]))

    def settled(self, batch: OpenBatch, key: bytes) -> None:
        """Forget a request whose outcome is in the journal, and the batch with its last one."""
        batch.keys.discard(key)
        self._journal.write((DELETE_REQUEST, [(key,)]))
        if not batch.keys:
            self._journal.write((DELETE_BATCH, [(batch.token,)]))

    async def forget(self, batches: Iterable[OpenBatch]) -> None:
        """Forget *batches* that will return no more answers."""
        tokens = [(batch.token,) for batch in batches]
        await self._journal.write_now((DELETE_REQUESTS, tokens), (DELETE_BATCH, tokens))


def open_requests(journal: Journal, model: str) -> dict[str, int]:
    """Count the requests to *model* whose answers were not fetched yet, by address."""
    return dict(journal.read_all(COUNT_REQUESTS, (model,)))


def forget_batches(journal: Journal) -> int:
    """Drop all open batches, so that their requests are sent again; return how many requests.

    The batches continue at the endpoint, and are charged there.
    """
    [(count,)] = journal.read_all("SELECT count(*) FROM batch_requests", ())
    journal.write(*FORGET_ALL)
    journal.flush()
    return int(count)
