"""Calls that share an answer, the slots and the budget, in one process and in several."""

import asyncio
import json
import multiprocessing
from pathlib import Path
from typing import Any

import pytest

from augcon_lib.chat import reply_formats as replies
from augcon_lib.errors import BudgetExceeded
from augcon_lib.model import open_engine
from tests.model.engine_fixtures import KEY_SECRET, SUBJECTS, ask_all, rewrite_request, settings_for
from tests.support.fault_server import fault_server
from tests.support.served import served


def test_identical_requests_in_flight_share_one_call(journal_path: Path) -> None:
    async def scenario() -> None:
        async with (
            fault_server() as server,
            open_engine(settings_for(server.url), journal_path, api_key=KEY_SECRET) as engine,
        ):
            same = [rewrite_request(), rewrite_request(stage="other", document_id="b")] * 3
            replies_ = await asyncio.gather(*(engine.ask(request) for request in same))
            assert server.calls == 2
            assert sum(reply.from_journal for reply in replies_) == 5
            assert len({json.dumps(dict(reply.fields)) for reply in replies_}) == 1

    asyncio.run(scenario())


def test_a_cancelled_asker_leaves_the_call_to_those_who_share_it(journal_path: Path) -> None:
    async def scenario() -> None:
        async with (
            fault_server() as server,
            open_engine(settings_for(server.url), journal_path, api_key=KEY_SECRET) as engine,
        ):
            await engine.ask(rewrite_request("a warm-up"))
            server.hold, server.arrived = asyncio.Event(), asyncio.Event()
            first = asyncio.create_task(engine.ask(rewrite_request()))
            second = asyncio.create_task(engine.ask(rewrite_request()))
            await server.arrived.wait()
            first.cancel()
            await asyncio.wait((first,))
            server.hold.set()
            assert (await second).fields["question"]

    asyncio.run(scenario())


def test_a_call_on_the_wire_outlives_its_asker_and_its_answer_is_kept(journal_path: Path) -> None:
    async def scenario() -> None:
        async with fault_server() as server:
            settings = settings_for(server.url)
            async with open_engine(settings, journal_path, api_key=KEY_SECRET) as engine:
                await engine.ask(rewrite_request("a warm-up"))
                server.hold, server.arrived = asyncio.Event(), asyncio.Event()
                asker = asyncio.create_task(engine.ask(rewrite_request()))
                await server.arrived.wait()
                asker.cancel()
                await asyncio.wait((asker,))
                server.hold.set()
            calls = server.calls
            async with open_engine(settings, journal_path, api_key=KEY_SECRET) as engine:
                assert (await engine.ask(rewrite_request())).from_journal
            assert server.calls == calls

    asyncio.run(scenario())


def _ask_in_process(url: str, path: Path, told: "multiprocessing.connection.Connection") -> None:
    async def scenario() -> None:
        async with open_engine(settings_for(url), path, api_key=KEY_SECRET) as engine:
            told.send("ready")
            told.recv()
            replies_ = await asyncio.gather(*(engine.ask(rewrite_request(s)) for s in SUBJECTS))
            told.send([dict(reply.fields) for reply in replies_])

    asyncio.run(scenario())


def test_processes_that_ask_the_same_at_once_pay_once(journal_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    with served(latency_seconds=0.2) as server:
        pipes = [spawn.Pipe() for _ in range(4)]
        processes = [
            spawn.Process(target=_ask_in_process, args=(server.server.url, journal_path, theirs))
            for _, theirs in pipes
        ]
        for process in processes:
            process.start()
        for ours, _ in pipes:
            assert ours.recv() == "ready"
        for ours, _ in pipes:
            ours.send("go")
        answers = [ours.recv() for ours, _ in pipes]
        for process in processes:
            process.join(20)
        assert all(each == answers[0] for each in answers)
        assert server.server.calls == len(SUBJECTS) + 1  # and one probe
        assert set(server.server.sent.values()) == {1}


def test_the_claim_of_a_process_that_died_holds_nobody_up(journal_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    with served() as server:
        server.hold()
        ours, theirs = spawn.Pipe()
        process = spawn.Process(
            target=_ask_in_process, args=(server.server.url, journal_path, theirs)
        )
        process.start()
        assert ours.recv() == "ready"
        ours.send("go")
        assert server.has_arrived()
        process.kill()
        process.join()
        server.release()

        async def scenario() -> None:
            settings = settings_for(server.server.url)
            async with open_engine(settings, journal_path, api_key=KEY_SECRET) as engine:
                await asyncio.wait_for(engine.ask(rewrite_request(SUBJECTS[0])), 20)

        asyncio.run(scenario())


def test_two_engines_of_one_process_pay_once(journal_path: Path) -> None:
    async def scenario() -> None:
        async with fault_server(latency_seconds=0.1) as server:
            settings = settings_for(server.url)
            async with (
                open_engine(settings, journal_path, api_key=KEY_SECRET) as one,
                open_engine(settings, journal_path, api_key=KEY_SECRET) as other,
            ):
                await asyncio.gather(one.ask(rewrite_request()), other.ask(rewrite_request()))
            assert server.calls == 2

    asyncio.run(scenario())


def test_no_more_calls_are_on_the_wire_than_slots(journal_path: Path) -> None:
    async def scenario() -> None:
        async with fault_server() as server:
            await ask_all(server.url, journal_path, max_concurrency=3)
            assert server.peak_busy <= 3

    asyncio.run(scenario())


def test_the_call_budget_stops_before_the_call_beyond_it_and_resumes(journal_path: Path) -> None:
    async def run(url: str, max_calls: int) -> list[object]:
        settings = settings_for(url, budget={"max_calls": max_calls})
        async with open_engine(
            settings, journal_path, api_key=KEY_SECRET, session_id="s"
        ) as engine:
            return await asyncio.gather(
                *(engine.ask(rewrite_request(subject)) for subject in SUBJECTS),
                return_exceptions=True,
            )

    async def scenario() -> None:
        async with fault_server() as server:
            outcomes = await run(server.url, 5)
            stopped = [one for one in outcomes if isinstance(one, BudgetExceeded)]
            assert server.calls == 5
            assert len(stopped) == len(SUBJECTS) - 4  # one call was the probe
            assert "max_calls = 5" in str(stopped[0])
            await run(server.url, 5)
            assert server.calls == 5  # the session has spent it, in another process too
            outcomes = await run(server.url, 50)
            assert not [one for one in outcomes if isinstance(one, Exception)]
            assert server.calls == len(SUBJECTS) + 1

    asyncio.run(scenario())


def test_the_dollar_budget_stops_before_it_is_overrun(journal_path: Path) -> None:
    async def scenario() -> None:
        async with fault_server() as server:  # 100 + 10 tokens: 0.0002 USD a call
            settings = settings_for(server.url, budget={"max_usd": 0.0009}, max_concurrency=1)
            async with open_engine(
                settings, journal_path, api_key=KEY_SECRET, session_id="s"
            ) as engine:
                outcomes = await asyncio.gather(
                    *(engine.ask(rewrite_request(subject)) for subject in SUBJECTS),
                    return_exceptions=True,
                )
            assert any(isinstance(one, BudgetExceeded) for one in outcomes)
            assert 4 <= server.calls <= 5

    asyncio.run(scenario())


@pytest.mark.parametrize("prices", [(2.5, 10.0), (0.0, 10.0)])
def test_many_calls_at_once_stay_within_the_dollar_budget(
    journal_path: Path, prices: tuple[float, float]
) -> None:
    def complete(body: dict[str, Any]) -> dict[str, Any]:
        content = '{"answer": "blue"}'
        counts = {"prompt_tokens": 100, "completion_tokens": 500}
        return {
            "choices": [{"message": {"content": content}, "finish_reason": "stop"}],
            "usage": counts,
        }

    async def scenario() -> None:
        async with fault_server(complete=complete, latency_seconds=0.1) as server:
            settings = settings_for(
                server.url,
                budget={"max_usd": 0.05},
                max_concurrency=64,
                input_usd_per_million_tokens=prices[0],
                output_usd_per_million_tokens=prices[1],
            )
            asks = (rewrite_request(f"r {n}", reply_format=replies.ANSWER) for n in range(200))
            async with open_engine(settings, journal_path, api_key=KEY_SECRET) as engine:
                outcomes = await asyncio.wait_for(
                    asyncio.gather(*map(engine.ask, asks), return_exceptions=True), 30
                )
            stopped = [one for one in outcomes if isinstance(one, BudgetExceeded)]
            assert len(stopped) + engine.stats.answered == 200
            assert 0.04 < engine.stats.cost_usd <= 0.05 + 1e-9
            assert server.peak_busy > 2

    asyncio.run(scenario())
