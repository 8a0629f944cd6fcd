"""``[budget]``: what calls may cost, over a command and over a day and a month.

A call is reserved at its expected cost before it is sent, and settled once it is answered.
"""

import asyncio
import math
from collections.abc import Callable
from typing import NamedTuple

from augcon_lib import clock
from augcon_lib.errors import BudgetExceeded
from augcon_lib.model.endpoints.periods import PeriodBudget, PeriodBudgetExceeded
from augcon_lib.model.endpoints.slots import WaitingLine
from augcon_lib.model.journal import Journal
from augcon_lib.model.journal.tables import NOTHING_SPENT, Spend
from augcon_lib.settings import BudgetSettings, Settings


class Admission(NamedTuple):
    """A call that may be sent: its reserved cost, and the Unix time at which it begins."""

    expected_usd: float
    at: float


class Budget:
    """``[budget]``: counts what a session has spent, and stops before the call beyond it.

    *periods* counts the same calls against the limits of a day and a month, if any are set.
    """

    def __init__(
        self, settings: BudgetSettings, spent: Spend, periods: PeriodBudget | None = None
    ) -> None:
        self._settings = settings
        self._periods = periods
        self.spent_calls = spent.calls
        self.spent_usd = spent.cost_usd
        self._reserved_usd = 0.0
        self._on_wire = 0
        self._settled_calls = 0
        self._line = WaitingLine()

    async def admit(self, expected_usd: Callable[[], float]) -> Admission:
        """Reserve a call at its expected cost, once the other calls leave room for it.

        The cost of a call is known only after its answer. So with a limit in dollars, the first
        call goes alone, then as many at once as were answered; a call for which the others may
        leave nothing waits for them. Raises ``BudgetExceeded`` if nothing is left.
        """
        maximum = self._settings.max_usd
        while True:
            while self._counts_usd and self._on_wire:
                left = (maximum or math.inf) - self.spent_usd - self._reserved_usd
                if self._on_wire <= self._settled_calls and expected_usd() <= left:
                    break
                await self._until_answered()
            price = expected_usd()
            try:
                if maximum and self._settled_calls and self.spent_usd + price > maximum:
                    raise self._usd_reached()
                at = await self.reserve_everywhere(price)
            except PeriodBudgetExceeded as error:
                if error.may_recede and not self._all_settled:
                    await self._until_answered()
                    continue
                self._line.call_next()
                raise
            except BudgetExceeded:
                self._line.call_next()  # they have to learn it, too
                raise
            self._on_wire += 1
            return Admission(price, at)

    async def reserve_everywhere(self, expected_usd: float) -> float:
        """:meth:`reserve` for the session and every period; returns when the call begins.

        Raises ``BudgetExceeded``.
        """
        self.reserve(expected_usd)
        if self._periods is None:
            return clock.now()
        try:
            return await self._periods.take(expected_usd)
        except BaseException:
            self.take_back()
            self._reserved_usd -= expected_usd
            raise

    def journaled(self, expected_usd: float) -> None:
        """Record that an admitted call was passed to the journal, or was never sent."""
        if self._periods is not None:
            self._periods.settled(expected_usd)
            self._line.call_next()  # a caller that found nothing left may look again

    def close(self) -> None:
        """Release the calls reserved from the periods; only once the journal has all calls."""
        if self._periods is not None:
            self._periods.close()

    @property
    def _counts_usd(self) -> bool:
        limits = self._settings
        return bool(limits.max_usd or limits.max_usd_per_day or limits.max_usd_per_month)

    @property
    def _all_settled(self) -> bool:
        return self._periods is None or self._periods.is_settled

    async def _until_answered(self) -> None:
        """Wait until a call is answered or journaled, and it is this one's turn."""
        try:
            await self._line.join()
        except asyncio.CancelledError:
            self._line.call_next()
            raise

    def answered(self, expected_usd: float, actual_usd: float) -> None:
        """Settle a call that was admitted."""
        self._on_wire -= 1
        self._settled_calls += 1
        self.settle(expected_usd, actual_usd)
        for _ in range(2):  # one in its place, and one more while the number grows
            self._line.call_next()

    def check(self) -> None:
        """Raise ``BudgetExceeded`` if no further call is allowed."""
        limits = self._settings
        if limits.max_calls and self.spent_calls >= limits.max_calls:
            raise BudgetExceeded(
                f"[budget] max_calls = {limits.max_calls} is reached; all answers are kept: "
                "raise it and run again to continue"
            )
        if limits.max_usd and self.spent_usd + self._reserved_usd >= limits.max_usd:
            raise self._usd_reached()

    def _usd_reached(self) -> BudgetExceeded:
        return BudgetExceeded(
            f"[budget] max_usd = {self._settings.max_usd:g} is reached ({self.spent_usd:.4f} USD "
            "spent, and the next call may cost more than is left); all answers are kept: "
            "raise it and run again to continue"
        )

    def reserve(self, expected_usd: float, *, sent_before: bool = False) -> None:
        """Count a call that is sent now at its expected price; raises ``BudgetExceeded``.

        A call that an earlier process has already sent (*sent_before*) is always counted.
        """
        if not sent_before:
            self.check()
        self.spent_calls += 1
        self._reserved_usd += expected_usd

    def take_back(self) -> None:
        """Stop counting a call that was never sent."""
        self.spent_calls -= 1

    def settle(self, expected_usd: float, actual_usd: float) -> None:
        """Replace the expected price of a finished call by its actual price."""
        self._reserved_usd -= expected_usd
        self.spent_usd += actual_usd


def session_budget(settings: Settings, journal: Journal, session_id: str) -> Budget:
    """Return ``[budget]``, less what the calls of *session_id* have already used.

    Close it together with *journal*.
    """
    limits = settings.budget
    counted = session_id and (limits.max_calls or limits.max_usd)
    spent = journal.spend(session_id) if counted else NOTHING_SPENT
    if not (limits.max_calls_per_day or limits.max_usd_per_day or limits.max_usd_per_month):
        return Budget(limits, spent)
    return Budget(limits, spent, PeriodBudget(limits, journal.path, journal.flush))
