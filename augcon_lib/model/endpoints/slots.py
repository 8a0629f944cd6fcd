"""Limits on calls in flight: slots that adapt to the endpoint, rates per minute."""

import asyncio
import heapq
import itertools
import math
from collections.abc import Iterator
from contextlib import contextmanager

from aiolimiter import AsyncLimiter

from augcon_lib.concurrency import place_in_line
from augcon_lib.model.wire.rate_headers import Allowance, Allowances

MIN_WINDOW_CALLS = 16
TOLERATED_OVERLOAD = 0.1
# In addition, this many replies per slot may wait for the journal and be lost to a kill. With none
# the endpoint would wait for the journal; with many, a kill on a slow disk would cost twice that.
SETTLING_PER_SLOT = 0.25
TOKEN_BUCKET_SECONDS = 10.0
MAX_TOLD_PAUSE_SECONDS = 120.0


class WaitingLine:
    """Futures of waiting callers, the earliest documents' first, then in order of arrival.

    So documents that were begun are finished before others use the endpoint: memory contains only
    what a few documents need, and finished documents can be written.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, asyncio.Future[None]]] = []
        self._joined = itertools.count()

    def __len__(self) -> int:
        return len(self._heap)

    def join(self) -> "asyncio.Future[None]":
        """Return a future that is done when it is its turn."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._heap, (place_in_line.get(), next(self._joined), waiter))
        return waiter

    def call_next(self) -> bool:
        """Let the first waiter continue; return whether there was one."""
        while self._heap:
            _, _, waiter = heapq.heappop(self._heap)
            if not waiter.done():
                waiter.set_result(None)
                return True
        return False


class AdaptiveSlots:
    """Slots for calls in flight.

    After each window of calls the limit shrinks by a third if more than a tenth of them was
    rejected for overload (429, 503), and otherwise grows by a sixteenth of the maximum. It starts
    at the maximum: single rejections are noise and change nothing.
    """

    def __init__(self, maximum: int) -> None:
        self.maximum = maximum
        self.limit = maximum
        self.busy = 0
        self._settling = 0
        self._line = WaitingLine()
        self._window_calls = 0
        self._window_overloads = 0

    def slot(self) -> "Slot":
        """Hold one slot to the end of the body (``async with``), or until it is freed there."""
        return Slot(self)

    @contextmanager
    def settling(self, slot: "Slot") -> Iterator[None]:
        """Free the *slot* while a reply is settled, if few others are being settled."""
        if self._settling >= self.limit * SETTLING_PER_SLOT:
            yield
            return
        slot.free()
        self._settling += 1
        try:
            yield
        finally:
            self._settling -= 1

    def observe(self, *, overloaded: bool) -> None:
        """Count one finished call; adapt the limit at the end of each window."""
        self._window_calls += 1
        self._window_overloads += overloaded
        if self._window_calls < max(MIN_WINDOW_CALLS, self.limit):
            return
        if self._window_overloads > TOLERATED_OVERLOAD * self._window_calls:
            self.limit = max(1, self.limit * 2 // 3)
        else:
            self.limit = min(self.maximum, self.limit + max(1, self.maximum // 16))
        self._window_calls = self._window_overloads = 0
        self._wake()

    def release(self) -> None:
        """Take a slot back."""
        self.busy -= 1
        self._wake()

    async def acquire(self) -> None:
        """Wait for a slot, and take it."""
        if self.busy < self.limit and not self._line:
            self.busy += 1
            return
        waiter = self._line.join()
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():  # given a slot and cancelled at once
                self.release()
            raise

    def _wake(self) -> None:
        while self.busy < self.limit and self._line.call_next():
            self.busy += 1


class Slot:
    """One slot, held in the body of ``async with``."""

    __slots__ = ("_held", "_slots")

    def __init__(self, slots: AdaptiveSlots) -> None:
        self._slots = slots
        self._held = False

    async def __aenter__(self) -> "Slot":
        await self._slots.acquire()
        self._held = True
        return self

    async def __aexit__(self, *error: object) -> None:
        self.free()

    def free(self) -> None:
        """Give it back, once."""
        if self._held:
            self._held = False
            self._slots.release()


class _Remaining:
    """What a server reports as left until a time on the loop's clock; no report, no limit."""

    def __init__(self) -> None:
        self._left = math.inf
        self._reset_at = 0.0

    def told(self, allowance: Allowance | None) -> None:
        if allowance is not None:
            self._left = allowance.left
            self._reset_at = asyncio.get_running_loop().time() + min(
                allowance.reset_seconds, MAX_TOLD_PAUSE_SECONDS
            )

    async def take(self, amount: int) -> None:
        """Take *amount*; if less is left, after the reset."""
        now = asyncio.get_running_loop().time()
        while self._left < amount and now < self._reset_at:
            await asyncio.sleep(self._reset_at - now)
            now = asyncio.get_running_loop().time()
        self._left = math.inf if now >= self._reset_at else self._left - amount


class RateLimits:
    """Requests and tokens per minute, spread evenly, 0 for no limit; and the server's limits."""

    def __init__(self, requests_per_minute: int, tokens_per_minute: int) -> None:
        self._told_requests, self._told_tokens = _Remaining(), _Remaining()
        self._requests = None
        self._tokens = None
        self._taking_tokens = asyncio.Lock()
        if requests_per_minute:
            per_second = requests_per_minute / 60
            self._requests = AsyncLimiter(max(1.0, per_second), max(1.0, 1 / per_second))
        if tokens_per_minute:
            bucket = tokens_per_minute * TOKEN_BUCKET_SECONDS / 60
            self._tokens = AsyncLimiter(bucket, TOKEN_BUCKET_SECONDS)

    def observe(self, allowances: Allowances | None) -> None:
        """Record what a server reports as left."""
        if allowances is not None:
            self._told_requests.told(allowances.requests)
            self._told_tokens.told(allowances.tokens)

    async def wait(self, tokens: int) -> None:
        """Wait until a call of about this many tokens is within the limits."""
        await self._told_requests.take(1)
        await self._told_tokens.take(tokens)
        if self._requests:
            await self._requests.acquire()
        async with self._taking_tokens:  # one call after the other, so that calls are spread evenly
            left = float(tokens)
            while self._tokens and left > 0:
                part = min(left, self._tokens.max_rate)
                await self._tokens.acquire(part)
                left -= part
