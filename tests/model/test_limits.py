import asyncio

import pytest

from augcon_lib.concurrency import place_in_line
from augcon_lib.errors import BudgetExceeded
from augcon_lib.model.endpoints.budget import Budget
from augcon_lib.model.endpoints.slots import AdaptiveSlots
from augcon_lib.model.journal.tables import NOTHING_SPENT
from augcon_lib.settings import BudgetSettings


def _observe(slots: AdaptiveSlots, calls: int, overloaded: int) -> None:
    for number in range(calls):
        slots.observe(overloaded=number < overloaded)


def test_the_limit_shrinks_only_under_real_overload_and_grows_back() -> None:
    slots = AdaptiveSlots(64)
    _observe(slots, 64, overloaded=4)
    assert slots.limit == 64
    _observe(slots, 64, overloaded=30)
    assert slots.limit == 42
    for _ in range(40):
        _observe(slots, 64, overloaded=0)
    assert slots.limit == 64


def test_at_least_one_slot_is_left() -> None:
    slots = AdaptiveSlots(2)
    _observe(slots, 200, overloaded=200)
    assert slots.limit == 1


def test_slots_are_handed_on_in_order_and_never_lost_to_a_cancelled_waiter() -> None:
    async def scenario() -> None:
        slots = AdaptiveSlots(1)
        order: list[int] = []
        gate = asyncio.Event()

        async def hold(number: int) -> None:
            async with slots.slot():
                order.append(number)
                await gate.wait()

        tasks = [asyncio.create_task(hold(number)) for number in range(4)]
        await asyncio.sleep(0)
        tasks[1].cancel()
        gate.set()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert order == [0, 2, 3]
        assert slots.busy == 0

    asyncio.run(scenario())


def test_a_slot_given_to_a_task_that_is_cancelled_at_once_comes_back() -> None:
    async def scenario() -> None:
        slots = AdaptiveSlots(1)

        async def hold() -> None:
            async with slots.slot():
                pass

        async with slots.slot():
            waiting = asyncio.create_task(hold())
            await asyncio.sleep(0)
        waiting.cancel()  # its turn has come, but it has not run yet
        await asyncio.wait((waiting,))
        assert slots.busy == 0

    asyncio.run(scenario())


def test_only_a_quarter_as_many_replies_as_slots_are_settled_beside_full_slots() -> None:
    async def scenario() -> None:
        slots = AdaptiveSlots(8)
        sent = 0
        replied, durable = asyncio.Event(), asyncio.Event()

        async def call() -> None:
            nonlocal sent
            async with slots.slot() as slot:
                sent += 1
                await replied.wait()
                with slots.settling(slot):
                    await durable.wait()

        calls = [asyncio.create_task(call()) for _ in range(20)]
        await asyncio.sleep(0)
        assert sent == 8
        replied.set()
        for _ in range(5):
            await asyncio.sleep(0)
        assert sent == 10  # nothing is durable yet
        durable.set()
        await asyncio.gather(*calls)
        assert (sent, slots.busy) == (20, 0)

    asyncio.run(scenario())


def test_the_budget_counts_what_is_still_on_the_wire() -> None:
    budget = Budget(BudgetSettings(max_usd=1.0), NOTHING_SPENT)
    budget.reserve(0.6)
    budget.reserve(0.6)
    with pytest.raises(BudgetExceeded, match="max_usd"):
        budget.reserve(0.1)
    budget.settle(0.6, 0.1)
    budget.settle(0.6, 0.1)
    budget.reserve(0.1)


def test_no_budget_means_no_limit() -> None:
    budget = Budget(BudgetSettings(), NOTHING_SPENT)
    for _ in range(1000):
        budget.reserve(100.0)


def test_the_earliest_document_goes_first() -> None:
    async def scenario() -> list[str]:
        slots = AdaptiveSlots(1)
        order: list[str] = []

        async def call(document: int, name: str) -> None:
            place_in_line.set(document)
            async with slots.slot():
                order.append(name)
                await asyncio.sleep(0)

        begun = [(0, "a1"), (2, "c1"), (1, "b1"), (1, "b2"), (0, "a2")]
        await asyncio.gather(*(call(*one) for one in begun))
        return order

    assert asyncio.run(scenario()) == ["a1", "a2", "b1", "b2", "c1"]
