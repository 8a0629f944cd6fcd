import asyncio
import gc
import os
import signal

import pytest

from augcon_lib.concurrency import (
    most_serious,
    rare_garbage_collection,
    run_together,
    run_until_done,
)
from augcon_lib.errors import AnswerRejected, BudgetExceeded, EndpointError


async def give(value: int, turns: int = 0) -> int:
    for _ in range(turns):
        await asyncio.sleep(0)
    return value


async def fail(error: Exception) -> int:
    raise error


def test_results_come_in_the_order_of_the_coroutines() -> None:
    async def run() -> list[int]:
        return await run_together([give(1, turns=5), give(2), give(3, turns=2)])

    assert asyncio.run(run()) == [1, 2, 3]


def test_an_error_ends_the_others_before_it_is_raised() -> None:
    ended = []

    async def endless() -> int:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("endless")
        return 0

    async def run() -> list[int]:
        return await run_together([endless(), fail(ValueError("bad"))])

    with pytest.raises(ValueError, match="bad"):
        asyncio.run(run())
    assert ended == ["endless"]


@pytest.mark.parametrize("stop", [EndpointError("gone"), BudgetExceeded("spent")])
def test_of_several_errors_the_one_that_stops_the_run_is_raised(stop: Exception) -> None:
    async def run() -> list[int]:
        return await run_together([fail(AnswerRejected("call_failed", "")), fail(stop)])

    with pytest.raises(type(stop)):
        asyncio.run(run())


def test_errors_of_nested_groups_are_found() -> None:
    stop = EndpointError("gone")
    nested = BaseExceptionGroup(
        "", [ValueError(), BaseExceptionGroup("", [KeyError(), BaseExceptionGroup("", [stop])])]
    )
    assert most_serious(nested) is stop
    plain = ValueError()
    assert most_serious(plain) is plain


def test_garbage_collection_is_as_before_after_a_body_that_raises() -> None:
    def body() -> None:
        with rare_garbage_collection():
            assert gc.get_threshold() != before
            raise ValueError("inside")

    before = gc.get_threshold()
    with pytest.raises(ValueError, match="inside"):
        body()
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0


def test_a_signal_cancels_all_tasks_before_its_own_handler_raises() -> None:
    class Interrupted(BaseException):
        pass

    def interrupt(*_: object) -> None:
        raise Interrupted

    ended = []

    async def endless() -> int:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append("cancelled")
        return 0

    async def run() -> list[int]:
        asyncio.get_running_loop().call_soon(os.kill, os.getpid(), signal.SIGTERM)
        return await run_together([endless(), endless()])

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        with pytest.raises(Interrupted):
            run_until_done(run())
        assert signal.getsignal(signal.SIGTERM) is interrupt
    finally:
        signal.signal(signal.SIGTERM, before)
    assert ended == ["cancelled", "cancelled"]


def test_without_a_signal_the_result_comes_and_handlers_are_as_before() -> None:
    before = signal.getsignal(signal.SIGINT)
    assert run_until_done(give(3, turns=2)) == 3
    assert signal.getsignal(signal.SIGINT) is before


def test_it_runs_on_uvloop_where_that_is_installed() -> None:
    uvloop = pytest.importorskip("uvloop")

    async def loop() -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    assert isinstance(run_until_done(loop()), uvloop.Loop)
