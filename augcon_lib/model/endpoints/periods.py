"""``[budget]`` over a day and a month: what is left of it, for all processes together.

Days and months are in UTC, as in ``augcon spend --by day``. A call belongs to the period in which
it was reserved, just before it is sent; every HTTP call counts, including failed ones.
"""

import asyncio
import math
import threading
import uuid
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from augcon_lib import clock
from augcon_lib.errors import BudgetExceeded
from augcon_lib.model.journal.leases import NOTHING, Amount, Leases
from augcon_lib.settings import BudgetSettings

# A process reserves this many calls at once, and at most a tenth of what is left: the journal is
# not read before each call, and one process keeps little that it does not use.
MAX_CALLS_AT_ONCE = 64
SHARE_AT_ONCE = 10

Unit = Literal["calls", "usd"]


class PeriodBudgetExceeded(BudgetExceeded):
    """A limit of a day or a month is reached; it resets at ``until`` (Unix time).

    ``may_recede``: the reservations of this engine for calls in flight may turn out to leave room
    for another call, once they are in the journal.
    """

    def __init__(self, message: str, until: float, *, may_recede: bool) -> None:
        super().__init__(message)
        self.until = until
        self.may_recede = may_recede


@dataclass(frozen=True, slots=True)
class PeriodSpend:
    """A limit of a day or a month, and how much of it is used, in its unit.

    ``spent`` is in the journal, ``reserved`` is for calls in flight (or was, by a process that was
    killed). ``resets_at`` is the Unix time at which the next period begins.
    """

    setting: str
    unit: Unit
    maximum: float
    spent: float
    reserved: float
    resets_at: float
    was_refused: bool = False

    @property
    def left(self) -> float:
        """What may still be reserved."""
        return max(0.0, self.maximum - self.spent - self.reserved)

    @property
    def is_reached(self) -> bool:
        """Whether the next call would be refused."""
        return self.was_refused or self.left <= 0

    @property
    def summary(self) -> str:
        """The limit and what is left of it, as text."""
        if self.unit == "calls":
            left = f"{self.left:,.0f} of {self.maximum:,.0f} calls"
        else:
            left = f"{self.left:,.4f} of {self.maximum:,.4f} USD"
        return f"[budget] {self.setting}: {left} left until {utc(self.resets_at)}"


def period_spend(settings: BudgetSettings, journal_path: Path) -> list[PeriodSpend]:
    """Return every limit of a day or a month that is set; raises ``ModelError`` for the journal."""
    limits = _limits(settings, clock.now())
    if not limits or not journal_path.exists():
        return limits
    with closing(Leases(journal_path, "")) as leases:
        refusals = leases.refusals()
        return [_filled(each, leases, NOTHING, refusals) for each in limits]


def utc(at: float) -> str:
    """Format a Unix time to the minute, in UTC."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"


class PeriodBudget:
    """Reserves calls for one engine; close it with :meth:`close`.

    *flush* makes all calls durable that were passed to the journal.
    """

    def __init__(
        self, settings: BudgetSettings, journal_path: Path, flush: Callable[[], None]
    ) -> None:
        self._settings = settings
        self._flush = flush
        self._leases = Leases(journal_path, str(uuid.uuid4()))
        self._taking = asyncio.Lock()
        self._renewing = threading.Lock()  # a caller that is cancelled leaves its thread behind
        self._out = NOTHING  # reserved, sent or about to be, not in the journal yet
        self._spare = NOTHING  # reserved and not used
        self._valid_until = 0.0
        self._refused: PeriodBudgetExceeded | None = None

    @property
    def is_settled(self) -> bool:
        """Whether every call that was taken is in the journal."""
        return not self._out.calls

    async def take(self, expected_usd: float) -> float:
        """Reserve one call, and return the Unix time at which it counts as begun.

        Raises ``PeriodBudgetExceeded``.
        """
        async with self._taking:
            at = clock.now()
            if self._refused is not None and at < self._refused.until:
                raise self._refused
            price = Amount(1, expected_usd)
            short = self._spare.calls < 1 or self._spare.usd < expected_usd
            if short or at >= self._valid_until:
                await asyncio.to_thread(self._renew, at, expected_usd, self._out)
            self._spare = _less(self._spare, price)
            self._out += price
        return at

    def settled(self, expected_usd: float) -> None:
        """Record that the call taken at that price was passed to the journal, or never sent."""
        self._out = _less(self._out, Amount(1, expected_usd))

    def close(self) -> None:
        """Release the reservation; only once the journal has all calls."""
        try:
            with self._leases.transaction():
                self._leases.hold(self._out, clock.now())
        finally:
            self._leases.close()

    def _renew(self, at: float, price_usd: float, out: Amount) -> None:
        """Reserve some calls at that price each, in addition to those that are *out*."""
        with self._renewing:
            self._renew_alone(at, price_usd, out)

    def _renew_alone(self, at: float, price_usd: float, out: Amount) -> None:
        self._flush()  # calls that are not out any more are in the journal now
        with self._leases.transaction():
            limits = [_filled(e, self._leases, out, {}) for e in _limits(self._settings, at)]
            # Return the spare calls first.
            granted = min(_granted(each, price_usd) for each in limits)
            spare = Amount(granted, granted * price_usd)
            if granted:
                self._leases.hold(out + spare, at)
            else:
                self._leases.hold(out, at)
                reached = [each for each in limits if not _granted(each, price_usd)]
                settled = [_filled(each, self._leases, NOTHING, {}) for each in reached]
                may_recede = all(_granted(each, price_usd) for each in settled)
                for each in reached:
                    if each.unit == "usd" and not may_recede:
                        self._leases.refused(each.setting, each.maximum, each.resets_at)
        self._spare = spare
        self._valid_until = min(each.resets_at for each in limits)
        if not granted:
            last = max(reached, key=lambda each: each.resets_at)
            refused = PeriodBudgetExceeded(_told(last), last.resets_at, may_recede=may_recede)
            self._refused = None if may_recede else refused
            raise refused


def _granted(limit: PeriodSpend, price_usd: float) -> int:
    """Return how many calls at that price may be reserved at once."""
    if limit.left <= 0:
        return 0
    if limit.unit == "calls":
        left = limit.left
    else:
        left = limit.left / price_usd if price_usd else math.inf
    if left < 1:
        return 0
    return int(max(1, min(MAX_CALLS_AT_ONCE, left // SHARE_AT_ONCE)))


def _told(limit: PeriodSpend) -> str:
    amount = f"{limit.spent:,.0f} calls" if limit.unit == "calls" else f"{limit.spent:,.4f} USD"
    more = ", and the next call may cost more than is left" if limit.left > 0 else ""
    return (
        f"[budget] {limit.setting} = {limit.maximum:g} is reached ({amount} spent{more}); all "
        f"answers are kept: run again when it resets at {utc(limit.resets_at)}, or raise it"
    )


def _limits(settings: BudgetSettings, at: float) -> list[PeriodSpend]:
    """Return the limits that are set, with nothing spent."""
    day = datetime.fromtimestamp(at, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    tomorrow = (day + timedelta(days=1)).timestamp()
    next_month = (day.replace(day=1) + timedelta(days=32)).replace(day=1).timestamp()
    every: list[tuple[str, Unit, float, float]] = [
        ("max_calls_per_day", "calls", settings.max_calls_per_day, tomorrow),
        ("max_usd_per_day", "usd", settings.max_usd_per_day, tomorrow),
        ("max_usd_per_month", "usd", settings.max_usd_per_month, next_month),
    ]
    return [
        PeriodSpend(setting, unit, maximum, 0, 0, ends)
        for setting, unit, maximum, ends in every
        if maximum
    ]


def _begin(limit: PeriodSpend) -> float:
    """Return when the period of *limit* began."""
    end = datetime.fromtimestamp(limit.resets_at, UTC) - timedelta(days=1)
    begin = end.replace(day=1) if limit.setting.endswith("month") else end
    return begin.timestamp()


def _filled(
    limit: PeriodSpend, leases: Leases, out: Amount, refusals: dict[str, tuple[float, float]]
) -> PeriodSpend:
    begin = _begin(limit)
    spent, others = leases.spent(begin), leases.set_aside_by_others(begin)
    return PeriodSpend(
        limit.setting,
        limit.unit,
        limit.maximum,
        getattr(spent, limit.unit),
        getattr(others + out, limit.unit),
        limit.resets_at,
        was_refused=refusals.get(limit.setting) == (limit.maximum, limit.resets_at),
    )


def _less(amount: Amount, taken: Amount) -> Amount:
    calls = amount.calls - taken.calls
    return Amount(calls, max(0.0, amount.usd - taken.usd) if calls else 0.0)
