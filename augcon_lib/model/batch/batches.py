"""Collect requests into batches, poll them, and distribute their results.

A batch contains every pending request once nothing else can continue: the next level of all trees
at once. Requests that are with the endpoint are in the journal (``journal.batches``), so that a
later process waits for them instead of sending them again.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

from augcon_lib.errors import EndpointError
from augcon_lib.model.batch.api import BatchState
from augcon_lib.model.batch.errors import ended_badly, is_too_much_at_once, nothing_answered
from augcon_lib.model.batch.files import ResultLine, request_line
from augcon_lib.model.batch.sending import BatchSending
from augcon_lib.model.endpoints.stats import CallStats
from augcon_lib.model.journal.batches import OpenBatch
from augcon_lib.settings import ModelSettings

# No new request for this many looks in a row: all callers wait. Looks, not seconds: a loop that is
# busy with the callers looks rarely.
QUIET_LOOKS = 10
LOOK_SECONDS = 0.1

logger = logging.getLogger(__name__)


class Batches:
    """The batches of one endpoint, for one event loop; close it with :meth:`aclose`."""

    def __init__(
        self,
        sending: BatchSending,
        model: ModelSettings,
        stats: CallStats,
        tell_progress: Callable[[], None],
    ) -> None:
        self._sending = sending
        self._model = model
        self._stats = stats
        self._tell_progress = tell_progress
        self._opening = asyncio.Lock()
        self._news = asyncio.Event()
        self._waiters: dict[bytes, asyncio.Future[ResultLine | None]] = {}
        self._pending: dict[bytes, bytes] = {}  # waiters that are not sent yet
        self._pending_bytes = 0
        self._batch_of: dict[bytes, OpenBatch] = {}
        self._parked: list[asyncio.Future[None]] = []
        self._settling = 0
        self._arrivals = 0
        self._poll_due = 0.0
        self._sent_alone: set[str] = set()  # tokens of batches sent while no other was followed
        self._one_at_a_time = False
        self._stopped_by: Exception | None = None
        self._worker: asyncio.Task[None] | None = None

    @property
    def idle(self) -> bool:
        """Whether no request waits, and no result is being written to the journal."""
        return not self._waiters and not self._settling

    def holds(self, key: bytes) -> bool:
        """Whether the request *key* is with the endpoint, sent by this or an earlier process."""
        return key in self._batch_of

    async def open(self) -> None:
        """Resume the batches of earlier processes.

        Raises ``EndpointError`` if the endpoint has no ``/batches``.
        """
        async with self._opening:
            self._check()
            if self._worker is not None:
                return
            try:
                for batch in await self._sending.left_open():
                    self._batch_of.update(dict.fromkeys(batch.keys, batch))
            except EndpointError as error:
                self._stopped_by = error
                raise
            self._worker = asyncio.create_task(self._work_until_stopped())

    @asynccontextmanager
    async def result(self, key: bytes, body: Mapping[str, Any]) -> AsyncIterator[ResultLine]:
        """Yield the result of the request *key*; forget it if the body ends without an error.

        Raises ``EndpointError``. A caller that waits may be cancelled: sent requests stay open.
        """
        while True:
            future = self._wait_for(key, body)
            try:
                line = await future
                if line is not None:
                    yield line
                    self._settled(key)
                    return
            finally:
                if future.done() and not future.cancelled() and future.exception() is None:
                    self._settling -= 1
                if self._waiters.get(key) is future:
                    del self._waiters[key]
                self._pending_bytes -= len(self._pending.pop(key, b""))
                self._changed()

    async def until_idle(self) -> None:
        """Wait until no caller waits for a result any more; raises ``EndpointError``."""
        self._check()
        parked: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._parked.append(parked)
        self._changed()
        await parked

    async def aclose(self) -> None:
        """Stop following batches; they stay open in the journal."""
        if self._worker is not None:
            self._worker.cancel()
            await asyncio.wait((self._worker,))

    def _wait_for(self, key: bytes, body: Mapping[str, Any]) -> asyncio.Future[ResultLine | None]:
        self._check()
        future: asyncio.Future[ResultLine | None] = asyncio.get_running_loop().create_future()
        self._waiters[key] = future
        if self.holds(key):
            self._stats.issued += 1
        else:
            self._pending[key] = line = request_line(key, body)
            self._pending_bytes += len(line)
        self._arrivals += 1
        self._changed()
        return future

    def _changed(self) -> None:
        self._stats.busy = len(self._waiters) - len(self._pending)
        self._news.set()

    def _check(self) -> None:
        if self._stopped_by is not None:
            raise self._stopped_by

    def _settled(self, key: bytes) -> None:
        self._sending.settled(self._batch_of.pop(key), key)

    async def _work_until_stopped(self) -> None:
        try:
            await self._work()
        except Exception as error:  # every caller that waits gets it, whatever it is
            self._stopped_by = error
            for waiter in self._waiters.values():
                if not waiter.done():
                    waiter.set_exception(error)
            for parked in self._parked:
                if not parked.done():
                    parked.set_exception(error)

    async def _work(self) -> None:
        now = asyncio.get_running_loop().time
        poll_seconds = self._model.batch_poll_seconds
        while True:
            self._news.clear()
            quiet = await self._settle_down()
            while self._pending and (quiet or self._is_full):
                others = self._awaited()
                if others and self._one_at_a_time:
                    break
                await self._submit(alone=not others)
                self._poll_due = now() + poll_seconds
            awaited = self._awaited()
            self._stats.batches = len(awaited)
            self._tell_progress()
            if awaited and now() >= self._poll_due:
                await self._poll(awaited)
                self._poll_due = now() + poll_seconds
                continue
            if self.idle:
                self._wake_parked()
            with suppress(TimeoutError):
                async with asyncio.timeout_at(self._poll_due if awaited else None):
                    await self._news.wait()

    @property
    def _is_full(self) -> bool:
        """Whether the pending requests fill a batch."""
        return (
            len(self._pending) >= self._model.batch_max_requests
            or self._pending_bytes >= self._model.batch_max_megabytes * 1e6
        )

    async def _settle_down(self) -> bool:
        """Wait until all callers wait; return False once a whole batch is pending."""
        quiet, seen = 0, (0, 0)
        while quiet < QUIET_LOOKS:
            if self._is_full:
                return False
            await asyncio.sleep(LOOK_SECONDS)
            now = (self._arrivals, self._stats.from_journal)
            quiet, seen = quiet + 1 if now == seen and not self._settling else 0, now
        return True

    async def _submit(self, *, alone: bool) -> None:
        """Send one batch of the pending requests, within the limits of the settings."""
        lines: dict[bytes, bytes] = {}
        size = 0
        for key, line in self._pending.items():
            size += len(line)
            full = len(lines) == self._model.batch_max_requests
            if full or (lines and size > self._model.batch_max_megabytes * 1e6):
                break
            lines[key] = line
        batch = await self._sending.begin(lines)
        if alone:
            self._sent_alone.add(batch.token)
        for key in lines:
            self._batch_of[key] = batch
            self._pending_bytes -= len(self._pending.pop(key, b""))
        self._stats.issued += len(lines)
        self._changed()
        content = b"".join(lines.values())
        lines.clear()  # keep as few copies in memory as possible
        await self._sending.send(batch, content)

    def _awaited(self) -> list[OpenBatch]:
        """Return the batches with a request that a caller waits for."""
        awaited = {}
        for key in self._waiters:
            batch = self._batch_of.get(key)
            if batch is not None:
                awaited[batch.token] = batch
        return list(awaited.values())

    async def _poll(self, batches: list[OpenBatch]) -> None:
        """Poll *batches*, and distribute the results of those that have ended."""
        done = 0
        for batch in batches:
            state = await self._sending.state(batch)
            if state is not None and state.ended:
                await self._hand_out(batch, state)
            elif state is not None:
                done += state.requests_done
        self._stats.batched_done = done

    async def _hand_out(self, batch: OpenBatch, state: BatchState) -> None:
        """Give each caller its result; send requests without one again, unless that is useless."""
        answered, without = 0, set(batch.keys)
        for file_id in state.result_files:
            for key, line in await self._sending.results(batch, file_id):
                if key in batch.keys and (line.status or state.status == "completed"):
                    answered += line.status == 200
                    without.discard(key)
                    self._deliver(key, line)
        logger.info("batch %s is %s, %d answered", batch.batch_id, state.status, answered)
        if is_too_much_at_once(state) and batch.token not in self._sent_alone:
            self._one_at_a_time = True
            for key in without:
                self._settled(key)
                self._deliver(key, None)
            return
        problem = ended_badly(state, answered, self._model)
        while problem and self._settling:
            self._news.clear()
            await self._news.wait()
        for key in without:
            if problem or key not in self._waiters:
                self._settled(key)
            else:
                self._deliver(key, nothing_answered(state))
        if problem:
            raise EndpointError(problem)

    def _deliver(self, key: bytes, line: ResultLine | None) -> None:
        """Give *line* to the caller that waits for it; None: send the request again."""
        waiter = self._waiters.pop(key, None)
        if waiter is not None and not waiter.done():
            self._settling += 1
            waiter.set_result(line)
            self._changed()

    def _wake_parked(self) -> None:
        parked, self._parked = self._parked, []
        for each in parked:
            if not each.done():
                each.set_result(None)
