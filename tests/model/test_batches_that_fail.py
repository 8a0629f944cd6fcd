"""Batches that fail, or are lost, in whole or in part."""

import asyncio
from contextlib import closing
from pathlib import Path

import pytest

from augcon_lib.errors import AnswerRejected, EndpointError
from augcon_lib.model import open_engine
from augcon_lib.model.journal import Journal
from augcon_lib.model.journal.batches import forget_batches
from tests.model.batch_fixtures import ask_all, ask_apart, by_batch, left_open
from tests.model.engine_fixtures import KEY_SECRET, SUBJECTS, rewrite_request
from tests.support.batch_routes import BatchRoutes
from tests.support.fault_server import fault_server, first_times


@pytest.mark.parametrize("fate", ["expired", "lossy"])
def test_what_a_batch_leaves_unanswered_is_sent_again(fate: str, journal_path: Path) -> None:
    routes = BatchRoutes(fate=lambda number: fate if number == 0 else "completed")

    async def scenario() -> None:
        async with fault_server(routes) as server:
            assert len(await ask_apart(server.url, journal_path)) == 12
            assert max(server.answered.values()) == 1

    asyncio.run(scenario())
    assert routes.sizes == [12, 6 if fate == "expired" else 4]


def test_requests_that_fail_in_a_batch_are_sent_again_and_bad_replies_repaired(
    journal_path: Path,
) -> None:
    routes = BatchRoutes()

    async def scenario() -> None:
        async with (
            fault_server(routes, fault=lambda p, n: kinds(p, n) if "river" in p else "") as server,
            open_engine(by_batch(server.url), journal_path, api_key=KEY_SECRET) as engine,
        ):
            assert len(await ask_all(engine)) == 12
            assert max(server.answered.values()) == 1
            assert engine.stats.failed["http_429"] == engine.stats.failed["unparsable"] == 12
            assert engine.stats.failed["server_error"] == 12

    kinds = first_times("429", "reset", "garble")
    asyncio.run(scenario())
    assert routes.sizes == [12, 12, 12, 12]


def test_a_field_that_is_refused_in_a_batch_is_left_out_of_the_next(journal_path: Path) -> None:
    routes = BatchRoutes()

    async def scenario() -> None:
        async with (
            fault_server(routes, refused_fields=("seed",)) as server,
            open_engine(by_batch(server.url), journal_path, api_key=KEY_SECRET) as engine,
        ):
            asks = (engine.ask(rewrite_request(sample=number)) for number in range(1, 4))
            assert len(await asyncio.gather(*asks)) == 3
            await engine.ask(rewrite_request(sample=4))
            assert sum("seed" in body for body in server.bodies) == 3

    asyncio.run(scenario())
    assert routes.sizes == [3, 3, 1]


def test_a_request_that_always_fails_is_rejected_alone(journal_path: Path) -> None:
    async def scenario() -> None:
        async with (
            fault_server(
                BatchRoutes(), fault=lambda p, n: "500" if "river 3 " in p else ""
            ) as server,
            open_engine(by_batch(server.url), journal_path, api_key=KEY_SECRET) as engine,
        ):
            asks = (engine.ask(rewrite_request(subject)) for subject in SUBJECTS)
            outcomes = await asyncio.gather(*asks, return_exceptions=True)
            [failure] = [one for one in outcomes if isinstance(one, Exception)]
            assert isinstance(failure, AnswerRejected)
            assert failure.reason == "call_failed"

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("fate", "said", "kept"),
    [
        ("failed", "token_limit_exceeded", 0),
        ("cancelled", "was cancelled", 6),
        ("expired_empty", "expired before any", 0),
    ],
)
def test_a_batch_that_ends_badly_is_one_error_and_the_next_run_goes_on(
    fate: str, said: str, kept: int, journal_path: Path
) -> None:
    routes = BatchRoutes(fate=lambda number: fate if number == 0 else "completed")

    async def scenario() -> None:
        async with fault_server(routes) as server:
            async with open_engine(
                by_batch(server.url), journal_path, api_key=KEY_SECRET
            ) as engine:
                asks = (engine.ask(rewrite_request(subject)) for subject in SUBJECTS)
                outcomes = await asyncio.gather(*asks, return_exceptions=True)
            errors = {str(one) for one in outcomes if isinstance(one, EndpointError)}
            assert len(errors) == 1
            assert said in errors.pop()
            assert sum(not isinstance(one, Exception) for one in outcomes) == kept
            assert len(await ask_apart(server.url, journal_path)) == 12
            assert max(server.answered.values()) == 1
        assert routes.sizes == [12, 12 - kept]

    asyncio.run(scenario())


def test_an_endpoint_without_batches_is_one_error_before_anything_is_sent(
    journal_path: Path,
) -> None:
    async def scenario() -> None:
        async with fault_server() as server:
            async with open_engine(
                by_batch(server.url), journal_path, api_key=KEY_SECRET
            ) as engine:
                with pytest.raises(
                    EndpointError, match=r'does not support batches.*mode = "online"'
                ):
                    await engine.ready()
                with pytest.raises(EndpointError, match="does not support batches"):
                    await ask_all(engine)
            assert server.calls == 1  # the probe

    asyncio.run(scenario())


def test_a_batch_that_the_endpoint_lost_is_named(journal_path: Path) -> None:
    routes = BatchRoutes()

    async def scenario() -> None:
        async with fault_server(routes) as server:
            routes.polled = routes.batches.clear
            with pytest.raises(EndpointError, match=r"batch_0.*forget-batches"):
                await ask_apart(server.url, journal_path)
            assert left_open(journal_path) == 12
            with closing(Journal(journal_path)) as journal:
                forget_batches(journal)
            routes.polled = lambda: None
            assert len(await ask_apart(server.url, journal_path)) == 12

    asyncio.run(scenario())
