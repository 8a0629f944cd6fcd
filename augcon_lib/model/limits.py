"""How much may be on the wire: slots that adapt to the endpoint, rates per minute, the budget."""

import asyncio
import math
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiolimiter import AsyncLimiter

from augcon_lib.errors import BudgetExceeded
from augcon_lib.model.journal_tables import Spend
from augcon_lib.model.rate_headers import Allowance, Allowances
from augcon_lib.settings import BudgetSettings

MIN_WINDOW_CALLS = 16
TOLERATED_OVERLOAD = 0.1
TOKEN_BUCKET_SECONDS = 10.0
MAX_TOLD_PAUSE_SECONDS = 120.0


class AdaptiveSlots:
    """Slots for calls on the wire, first come, first served.

    After each window of calls the limit shrinks by a third where more than a tenth of them was
    turned away for overload (429, 503), and grows by a sixteenth of the maximum otherwise. It
    starts at the maximum: single refusals are noise and change nothing.
    """

    def __init__(self, maximum: int) -> None:
        self.maximum = maximum
        self.limit = maximum
        self.busy = 0
        self._waiters: deque[asyncio.Future[None]] = deque()
        self._window_calls = 0
        self._window_overloads = 0

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Hold one slot."""
        await self._acquire()
        try:
            yield
        finally:
            self.busy -= 1
            self._wake()

    def observe(self, *, overloaded: bool) -> None:
        """Count one finished call; adapts the limit at the end of each window."""
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

    async def _acquire(self) -> None:
        if self.busy < self.limit and not self._waiters:
            self.busy += 1
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():  # given a slot and cancelled at once
                self.busy -= 1
                self._wake()
            raise

    def _wake(self) -> None:
        while self._waiters and self.busy < self.limit:
            waiter = self._waiters.popleft()
            if not waiter.done():
                self.busy += 1
                waiter.set_result(None)


class _Remaining:
    """What a server said is left until a time on the loop's clock; nothing said, no limit."""

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
        """Take *amount*, after the reset where less is left."""
        now = asyncio.get_running_loop().time()
        while self._left < amount and now < self._reset_at:
            await asyncio.sleep(self._reset_at - now)
            now = asyncio.get_running_loop().time()
        self._left = math.inf if now >= self._reset_at else self._left - amount


class RateLimits:
    """Requests and tokens per minute, spread evenly, 0 for no limit; and what the server says."""

    def __init__(self, requests_per_minute: int, tokens_per_minute: int) -> None:
        self._told_requests, self._told_tokens = _Remaining(), _Remaining()
        self._requests = None
        self._tokens = None
        if requests_per_minute:
            per_second = requests_per_minute / 60
            self._requests = AsyncLimiter(max(1.0, per_second), max(1.0, 1 / per_second))
        if tokens_per_minute:
            bucket = tokens_per_minute * TOKEN_BUCKET_SECONDS / 60
            self._tokens = AsyncLimiter(bucket, TOKEN_BUCKET_SECONDS)

    def observe(self, allowances: Allowances | None) -> None:
        """Take note of what a server said is left."""
        if allowances is not None:
            self._told_requests.told(allowances.requests)
            self._told_tokens.told(allowances.tokens)

    async def wait(self, tokens: int) -> None:
        """Wait until a call of about so many tokens is within the limits."""
        await self._told_requests.take(1)
        await self._told_tokens.take(tokens)
        if self._requests:
            await self._requests.acquire()
        left = float(tokens)
        while self._tokens and left > 0:
            part = min(left, self._tokens.max_rate)
            await self._tokens.acquire(part)
            left -= part


class Budget:
    """``[budget]``: counts what a session has spent, and stops before the call beyond it."""

    def __init__(self, settings: BudgetSettings, spent: Spend) -> None:
        self._settings = settings
        self.spent_calls = spent.calls
        self.spent_usd = spent.cost_usd
        self._reserved_usd = 0.0

    def check(self) -> None:
        """Raise ``BudgetExceeded`` where no further call is allowed."""
        limits = self._settings
        if limits.max_calls and self.spent_calls >= limits.max_calls:
            raise BudgetExceeded(
                f"[budget] max_calls = {limits.max_calls} is reached; what was answered is kept: "
                "raise it and run again to go on"
            )
        if limits.max_usd and self.spent_usd + self._reserved_usd >= limits.max_usd:
            raise BudgetExceeded(
                f"[budget] max_usd = {limits.max_usd:g} is reached ({self.spent_usd:.4f} USD "
                "spent); what was answered is kept: raise it and run again to go on"
            )

    def reserve(self, expected_usd: float, *, sent_before: bool = False) -> None:
        """Count a call that goes out now, at its expected price; raises ``BudgetExceeded``.

        One that was *sent_before*, by an earlier process, is counted in any case.
        """
        if not sent_before:
            self.check()
        self.spent_calls += 1
        self._reserved_usd += expected_usd

    def take_back(self) -> None:
        """Count a call no more that was never sent."""
        self.spent_calls -= 1

    def settle(self, expected_usd: float, actual_usd: float) -> None:
        """Replace the expected price of a finished call by the actual one."""
        self._reserved_usd -= expected_usd
        self.spent_usd += actual_usd
