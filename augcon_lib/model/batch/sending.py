"""Send batches so that none is sent twice, and poll them with retries."""

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable, Iterator, Mapping
from functools import partial
from typing import TypeVar

from augcon_lib.errors import EndpointError
from augcon_lib.model.batch.api import BatchApi, BatchState
from augcon_lib.model.batch.errors import describe_batches
from augcon_lib.model.batch.files import ResultLine
from augcon_lib.model.endpoints.calls import CALL_ATTEMPTS, pause_seconds
from augcon_lib.model.journal.batches import BatchBook, OpenBatch
from augcon_lib.model.wire.transport import CallError
from augcon_lib.settings import ModelSettings

MAX_FAILED_POLLS = 30

Result = TypeVar("Result")
logger = logging.getLogger(__name__)


class BatchSending:
    """Batches at the endpoint, with each step in the journal before the next.

    Transient failures of calls are retried; every method raises ``EndpointError``.
    """

    def __init__(
        self, api: BatchApi, book: BatchBook, model: ModelSettings, *, has_key: bool
    ) -> None:
        self._api = api
        self._book = book
        self._model = model
        self._has_key = has_key
        self._failed_polls = 0

    async def left_open(self) -> list[OpenBatch]:
        """Return the batches that earlier processes sent and did not fetch; checks ``/batches``.

        A batch whose process died before creating it is forgotten: its requests were never sent.
        """
        await self._patiently(self._api.check)
        left = []
        for batch in self._book.open_batches():
            if not batch.batch_id:
                found = await self._find(batch) if batch.file_id else None
                if found is None:
                    await self._book.forget([batch])
                    continue
                await self._book.submitted(batch, found)
            logger.info("resume batch %s of an earlier process", batch.batch_id)
            left.append(batch)
        return left

    async def begin(self, lines: Mapping[bytes, bytes]) -> OpenBatch:
        """Record a batch of *lines*, by request key, that is about to be sent."""
        return await self._book.begin(uuid.uuid4().hex, lines)

    async def send(self, batch: OpenBatch, content: bytes) -> None:
        """Upload *content*, the lines of *batch*, and create the batch."""
        file_id = await self._patiently(partial(self._api.upload, batch.token, content))
        await self._book.uploaded(batch, file_id)
        await self._book.submitted(batch, await self._create(batch))
        logger.info("sent batch %s of %d requests", batch.batch_id, len(batch.keys))

    async def state(self, batch: OpenBatch) -> BatchState | None:
        """Return the state of *batch*; None if the endpoint cannot report it now."""
        try:
            state = await self._api.state(batch.batch_id)
        except CallError as failure:
            self._failed_polls += 1
            if not failure.is_transient or self._failed_polls == MAX_FAILED_POLLS:
                raise self._error(failure, batch.batch_id) from None
            logger.warning("batch %s: %s; retry later", batch.batch_id, failure)
            return None
        self._failed_polls = 0
        return state

    async def results(self, batch: OpenBatch, file_id: str) -> Iterator[tuple[bytes, ResultLine]]:
        """Return the lines of a result file of *batch* by request key."""
        return await self._patiently(partial(self._api.results, file_id), batch.batch_id)

    def settled(self, batch: OpenBatch, key: bytes) -> None:
        """Forget a request of *batch* whose outcome is in the journal."""
        self._book.settled(batch, key)

    async def _create(self, batch: OpenBatch) -> str:
        """Create the batch; after a call without an answer, first look up if it was created."""
        attempt = 0
        while True:
            try:
                return await self._api.create(batch.token, batch.file_id)
            except CallError as failure:
                attempt += 1
                await self._pause(failure, attempt)
            found = await self._find(batch)
            if found is not None:
                return found

    async def _find(self, batch: OpenBatch) -> str | None:
        find = partial(self._api.find, batch.token, batch.file_id, batch.made_at)
        return await self._patiently(find)

    async def _patiently(self, call: Callable[[], Awaitable[Result]], batch_id: str = "") -> Result:
        attempt = 0
        while True:
            try:
                return await call()
            except CallError as failure:
                attempt += 1
                await self._pause(failure, attempt, batch_id)

    async def _pause(self, failure: CallError, attempt: int, batch_id: str = "") -> None:
        """Wait before another attempt; raise if none would help."""
        if not failure.is_transient or attempt == CALL_ATTEMPTS:
            raise self._error(failure, batch_id) from None
        await asyncio.sleep(pause_seconds(attempt - 1, failure.retry_after_seconds))

    def _error(self, failure: CallError, batch_id: str = "") -> EndpointError:
        told = describe_batches(failure, self._model, batch_id, has_key=self._has_key)
        return EndpointError(told)
