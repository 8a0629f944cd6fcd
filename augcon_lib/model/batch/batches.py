"""Requests gathered into batches, followed, and their results handed out.

A batch is made of everything that is asked for when nothing else can go on: the next level of all
trees at once. What is with the endpoint is in the journal (``journal.batches``), so that a later
process waits for it instead of sending it again.
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

# Nothing new for so many looks in a row: all askers wait. Looks, not seconds: a loop that is busy
# with the askers looks seldom.
QUIET_LOOKS = 10
LOOK_SECONDS = 0.1

logger = logging.getLogger(__name__)


class Batches:
    """The batches of one endpoint, for one event loop; to be closed with :meth:`aclose`."""

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
        self._pending: dict[bytes, bytes] = {}  # of the waiters those that are not sent yet
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
        """Whether no request waits, and no result is being put into the journal."""
        return not self._waiters and not self._settling

    def holds(self, key: bytes) -> bool:
        """Whether the request *key* is with the endpoint, sent by this or an earlier process."""
        return key in self._batch_of

    async def open(self) -> None:
        """Take up what earlier processes left; raises ``EndpointError`` without ``/batches``."""
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
        """The result of the request *key*; it is forgotten when the body ends without an error.

        Raises ``EndpointError``. Whoever waits may be cancelled: what was sent stays open.
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
        """Wait until nobody waits for a result any more; raises ``EndpointError``."""
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
        except Exception as error:  # all who wait are told, whatever it is
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
        """Whether what is pending fills a batch."""
        return (
            len(self._pending) >= self._model.batch_max_requests
            or self._pending_bytes >= self._model.batch_max_megabytes * 1e6
        )

    async def _settle_down(self) -> bool:
        """Wait until all askers wait; False as soon as there is enough for a whole batch."""
        quiet, seen = 0, (0, 0)
        while quiet < QUIET_LOOKS:
            if self._is_full:
                return False
            await asyncio.sleep(LOOK_SECONDS)
            now = (self._arrivals, self._stats.from_journal)
            quiet, seen = quiet + 1 if now == seen and not self._settling else 0, now
        return True

    async def _submit(self, *, alone: bool) -> None:
        """Send one batch of what is pending, at most as much as the settings allow."""
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
        lines.clear()  # they are in memory once, and as few copies as can be
        await self._sending.send(batch, content)

    def _awaited(self) -> list[OpenBatch]:
        """The batches with a request that somebody waits for."""
        awaited = {}
        for key in self._waiters:
            batch = self._batch_of.get(key)
            if batch is not None:
                awaited[batch.token] = batch
        return list(awaited.values())

    async def _poll(self, batches: list[OpenBatch]) -> None:
        """Ask how far *batches* are, and hand out the results of those that have ended."""
        done = 0
        for batch in batches:
            state = await self._sending.state(batch)
            if state is not None and state.ended:
                await self._hand_out(batch, state)
            elif state is not None:
                done += state.requests_done
        self._stats.batched_done = done

    async def _hand_out(self, batch: OpenBatch, state: BatchState) -> None:
        """Give each who waits the result; what has none is sent again, unless that is no use."""
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
        """Hand *line* to who waits for it; None: the request is to be sent again."""
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
