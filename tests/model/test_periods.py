"""Limits of a day and a month: never more than the limit, whoever spends and when."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from augcon_lib import clock
from augcon_lib.errors import BudgetExceeded
from augcon_lib.model import open_engine
from augcon_lib.model.endpoints.periods import (
    PeriodBudget,
    PeriodBudgetExceeded,
    PeriodSpend,
    period_spend,
)
from augcon_lib.model.journal import Journal
from augcon_lib.model.journal.tables import CallRecord
from augcon_lib.settings import BudgetSettings
from tests.model.engine_fixtures import rewrite_request, settings_for
from tests.support.fault_server import KEY, fault_server

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC).timestamp()
HOUR = 3600.0
DAY = 24 * HOUR
KEY_SECRET = SecretStr(KEY)

# A process that makes calls until it is refused; it prints a line for each, before it is noted.
SPENDER = """
import asyncio, sys
from pathlib import Path
from augcon_lib import clock
from augcon_lib.errors import BudgetExceeded
from augcon_lib.model.journal import Journal
from augcon_lib.model.endpoints.periods import PeriodBudget
from augcon_lib.settings import BudgetSettings
from tests.model.test_periods import call

async def spend(path, calls_per_day):
    journal = Journal(path)
    budget = PeriodBudget(BudgetSettings(max_calls_per_day=calls_per_day), path, journal.flush)
    try:
        while True:
            at = await budget.take(0.0)
            print(at, flush=True)
            await asyncio.sleep(0)
            journal.record(call(at))
            budget.settled(0.0)
    except BudgetExceeded:
        pass
    finally:
        journal.close()
        budget.close()

with clock.reading(lambda: float(sys.argv[3])):
    asyncio.run(spend(Path(sys.argv[1]), int(sys.argv[2])))
"""


def call(at: float, usd: float = 0.0, outcome: str = "ok") -> CallRecord:
    return CallRecord(at, 0.1, outcome, 1, 1, usd, "m", "run", "session", "cst_nodes", "a.md")


@pytest.fixture
def journal_path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


def start_spender(path: Path, calls_per_day: int, at: float) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", SPENDER, str(path), str(calls_per_day), str(at)],
        stdout=subprocess.PIPE,
        text=True,
    )


def left(path: Path, **limits: float) -> PeriodSpend:
    (only,) = period_spend(BudgetSettings.model_validate(limits), path)
    return only


def test_processes_that_spend_at_the_same_time_make_the_limit_and_no_call_more(
    journal_path: Path,
) -> None:
    spenders = [start_spender(journal_path, 150, NOON) for _ in range(4)]
    made = [len(spender.communicate(timeout=60)[0].splitlines()) for spender in spenders]
    assert [spender.returncode for spender in spenders] == [0] * 4
    assert sum(made) == 150
    with clock.reading(lambda: NOON):
        assert left(journal_path, max_calls_per_day=150).spent == 150
    (again, _) = start_spender(journal_path, 150, NOON + HOUR).communicate(timeout=60)
    assert again == ""
    (tomorrow, _) = start_spender(journal_path, 150, NOON + DAY).communicate(timeout=60)
    assert len(tomorrow.splitlines()) == 150


def test_what_a_killed_process_may_have_sent_counts_to_the_end_of_its_day(
    journal_path: Path,
) -> None:
    killed = start_spender(journal_path, 100_000, NOON)
    assert killed.stdout
    sent = sum(1 for _ in zip(range(500), killed.stdout, strict=False))
    os.kill(killed.pid, signal.SIGKILL)
    sent += len(killed.communicate(timeout=60)[0].splitlines())
    with clock.reading(lambda: NOON + HOUR):
        now = left(journal_path, max_calls_per_day=100_000)
    assert now.spent + now.reserved >= sent
    with clock.reading(lambda: NOON + DAY):
        assert left(journal_path, max_calls_per_day=100_000).left == 100_000


def spend(
    path: Path,
    limits: dict[str, float],
    times: Callable[[int], float],
    calls: int,
    usd: float = 0.0,
    outcome: str = "ok",
) -> tuple[list[float], BudgetExceeded | None]:
    """Try *calls* calls, each of *usd*, number n at ``times(n)``: when they began, what stopped."""
    began: list[float] = []

    async def scenario() -> BudgetExceeded | None:
        journal = Journal(path)
        budget = PeriodBudget(BudgetSettings.model_validate(limits), path, journal.flush)
        try:
            for number in range(calls):
                now = times(number)
                with clock.reading(lambda now=now: now):  # type: ignore[misc]
                    began.append(await budget.take(usd))
                journal.record(call(began[-1], usd, outcome))
                budget.settled(usd)
        except BudgetExceeded as error:
            return error
        finally:
            journal.close()
            budget.close()
        return None

    return began, asyncio.run(scenario())


def test_a_day_that_ends_inside_a_run_gives_the_run_the_next_days_calls(
    journal_path: Path,
) -> None:
    midnight = NOON + 12 * HOUR
    began, stopped = spend(
        journal_path, {"max_calls_per_day": 10}, lambda n: midnight - 8 + n, calls=100
    )
    assert [at < midnight for at in began] == [True] * 8 + [False] * 10
    assert isinstance(stopped, PeriodBudgetExceeded)
    assert stopped.until == midnight + DAY


def test_a_limit_that_is_reached_says_which_and_when_it_goes_on(journal_path: Path) -> None:
    began, stopped = spend(journal_path, {"max_calls_per_day": 3}, lambda n: NOON, calls=5)
    assert len(began) == 3
    assert "[budget] max_calls_per_day = 3 is reached" in str(stopped)
    assert "resets at 2026-12-01 00:00 UTC" in str(stopped)
    assert "raise it" in str(stopped)


def test_calls_that_failed_count(journal_path: Path) -> None:
    spend(journal_path, {"max_calls_per_day": 3}, lambda n: NOON, calls=3, outcome="timeout")
    began, stopped = spend(journal_path, {"max_calls_per_day": 3}, lambda n: NOON, calls=1)
    assert (began, type(stopped)) == ([], PeriodBudgetExceeded)


def test_calls_that_were_made_before_there_was_a_limit_count(journal_path: Path) -> None:
    with closing(Journal(journal_path)) as journal:
        for at in (NOON - DAY, NOON - HOUR, NOON - HOUR):
            journal.record(call(at, usd=0.5))
    with clock.reading(lambda: NOON):
        assert left(journal_path, max_calls_per_day=5).left == 3
        assert left(journal_path, max_usd_per_day=5).left == 4
        assert left(journal_path, max_usd_per_month=5).left == 3.5


def test_dollars_of_a_month_hold_over_its_days_and_begin_anew_with_the_next(
    journal_path: Path,
) -> None:
    limits = {"max_usd_per_day": 1.0, "max_usd_per_month": 1.5}
    first = NOON - 20 * DAY
    assert len(spend(journal_path, limits, lambda n: first, 100, usd=0.125)[0]) == 8
    assert len(spend(journal_path, limits, lambda n: first + DAY, 100, usd=0.125)[0]) == 4
    began, stopped = spend(journal_path, limits, lambda n: first + 2 * DAY, 100, usd=0.125)
    assert began == []
    assert "max_usd_per_month" in str(stopped)
    assert "2026-12-01 00:00 UTC" in str(stopped)
    december = NOON + DAY
    assert len(spend(journal_path, limits, lambda n: december, 100, usd=0.125)[0]) == 8


def test_a_limit_below_the_price_of_a_call_counts_as_reached_until_it_is_raised(
    journal_path: Path,
) -> None:
    spend(journal_path, {"max_usd_per_day": 0.25}, lambda n: NOON, calls=9, usd=0.1)
    with clock.reading(lambda: NOON):
        now = left(journal_path, max_usd_per_day=0.25)
        assert (now.is_reached, round(now.left, 6)) == (True, 0.05)
        assert not left(journal_path, max_usd_per_day=1.0).is_reached
    with clock.reading(lambda: NOON + DAY):
        assert not left(journal_path, max_usd_per_day=0.25).is_reached


def test_no_limit_means_no_question(journal_path: Path) -> None:
    assert period_spend(BudgetSettings(), journal_path) == []
    assert not journal_path.exists()


@settings(max_examples=12, deadline=None)
@given(
    limit=st.integers(1, 40),
    moves=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3)), min_size=1, max_size=120),
)
def test_budgets_that_take_and_settle_in_any_order_stay_below_the_limit_of_every_day(
    tmp_path_factory: pytest.TempPathFactory, limit: int, moves: list[tuple[int, int]]
) -> None:
    """A move is a budget, and what it does: take, settle, let eight hours pass, or begin anew."""
    path = tmp_path_factory.mktemp("journal") / "journal.sqlite"
    began: list[float] = []

    async def scenario() -> None:
        now = NOON
        journal = Journal(path)
        values = BudgetSettings(max_calls_per_day=limit)
        budgets = [PeriodBudget(values, path, journal.flush) for _ in range(3)]
        under_way: list[list[float]] = [[], [], []]
        for who, what in moves:
            if what == 0:
                with clock.reading(lambda now=now: now):  # type: ignore[misc]
                    try:
                        under_way[who].append(await budgets[who].take(0.0))
                        began.append(under_way[who][-1])
                    except BudgetExceeded:
                        pass
            elif what == 1 and under_way[who]:
                journal.record(call(under_way[who].pop()))
                budgets[who].settled(0.0)
            elif what == 2:
                now += 8 * HOUR
            elif what == 3:  # killed: what was under way is not settled
                under_way[who] = []
                budgets[who] = PeriodBudget(values, path, journal.flush)
        journal.close()

    asyncio.run(scenario())
    days = [int(at // DAY) for at in began]
    assert all(days.count(day) <= limit for day in days)


def test_engines_of_several_sessions_share_a_day(journal_path: Path) -> None:
    async def ask(url: str, session: str, subject: str) -> object:
        limited = settings_for(url, budget={"max_calls_per_day": 3})
        async with open_engine(
            limited, journal_path, api_key=KEY_SECRET, session_id=session
        ) as engine:
            return (
                await asyncio.gather(
                    *(engine.ask(rewrite_request(f"{subject} {n}")) for n in range(8)),
                    return_exceptions=True,
                )
            )[-1]

    async def scenario() -> None:
        now = NOON
        with clock.reading(lambda: now):
            async with fault_server() as server:
                for session in ("command", "sensor"):
                    assert isinstance(await ask(server.url, session, session), BudgetExceeded)
                    assert server.calls == 3  # one of them was the probe
                now += DAY
                await ask(server.url, "sensor", "tomorrow")
                assert server.calls == 6

    asyncio.run(scenario())
    with closing(sqlite3.connect(journal_path)) as connection:
        assert connection.execute("SELECT count(*) FROM leases").fetchone() == (0,)


def test_an_engine_with_a_limit_in_dollars_stays_below_it(journal_path: Path) -> None:
    async def scenario() -> int:
        async with fault_server() as server:  # 100 + 10 tokens: 0.0002 USD a call
            limited = settings_for(server.url, budget={"max_usd_per_day": 0.0021})
            for session in ("a", "b"):
                async with open_engine(
                    limited, journal_path, api_key=KEY_SECRET, session_id=session
                ) as engine:
                    await asyncio.gather(
                        *(engine.ask(rewrite_request(f"{session} {n}")) for n in range(30)),
                        return_exceptions=True,
                    )
            return server.calls

    calls = asyncio.run(scenario())
    assert 8 <= calls <= 10
