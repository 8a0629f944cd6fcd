"""Batch mode over real HTTP: one batch a level, nothing sent twice, whatever batches do."""

import asyncio
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest
from pydantic import SecretStr

from augcon_lib.errors import AnswerRejected, BudgetExceeded, EndpointError, SettingsError
from augcon_lib.model import open_engine, validate_model_settings
from augcon_lib.model.batch import batches
from augcon_lib.model.batch import endpoint as batch_endpoint
from augcon_lib.model.engine import ModelEngine
from augcon_lib.model.journal import Journal
from augcon_lib.model.journal.batches import forget_batches, open_requests
from augcon_lib.model.journal_key import former_journal_key, journal_key
from augcon_lib.settings import Settings
from tests.model.engine_fixtures import rewrite_request, settings_for
from tests.support.batch_routes import BatchRoutes
from tests.support.fault_server import KEY, FaultServer, fault_server, first_times

KEY_SECRET = SecretStr(KEY)
SUBJECTS = [f"river {number}" for number in range(12)]
ONE_CALL_USD = (100 * 1.0 + 10 * 10.0) / 1e6


@pytest.fixture(autouse=True)
def short_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "LOOK_SECONDS", 0.001)


@pytest.fixture
def journal_path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


def by_batch(url: str, **changes: object) -> Settings:
    return settings_for(url, mode="batch", batch_poll_seconds=0.001, **changes)


async def ask_all(engine: ModelEngine, subjects: Sequence[str] = SUBJECTS) -> list[object]:
    asks = (engine.ask(rewrite_request(subject)) for subject in subjects)
    return [reply.fields for reply in await asyncio.gather(*asks)]


async def ask_apart(url: str, path: Path, **changes: object) -> list[object]:
    """Ask in an engine of its own: what an earlier process left is found in the journal."""
    async with open_engine(by_batch(url, **changes), path, api_key=KEY_SECRET) as engine:
        return await ask_all(engine)


def left_open(path: Path) -> int:
    with closing(Journal(path)) as journal:
        return sum(open_requests(journal, "openai/tiny").values())


@pytest.mark.parametrize("schema_status", [0, 400])
def test_the_answers_are_those_of_online_mode(schema_status: int, journal_path: Path) -> None:
    async def scenario() -> None:
        async with (
            fault_server() as online,
            fault_server(BatchRoutes(), schema_status=schema_status) as server,
        ):
            async with open_engine(
                settings_for(online.url), journal_path.with_name("online"), api_key=KEY_SECRET
            ) as engine:
                expected = await ask_all(engine)
            assert await ask_apart(server.url, journal_path) == expected
            assert await ask_apart(server.url, journal_path) == expected
            assert max(server.sent.values()) == 1
        assert left_open(journal_path) == 0

    asyncio.run(scenario())


def test_what_is_asked_for_together_is_one_batch_and_each_level_another(
    journal_path: Path,
) -> None:
    routes = BatchRoutes()

    async def grow(engine: ModelEngine, subject: str, levels: int) -> None:
        await engine.ask(rewrite_request(subject))
        if levels > 1:
            halves = (f"{subject} {side}" for side in ("east", "west"))
            await asyncio.gather(*(grow(engine, half, levels - 1) for half in halves))

    async def scenario() -> None:
        async with (
            fault_server(routes) as server,
            open_engine(by_batch(server.url), journal_path, api_key=KEY_SECRET) as engine,
        ):
            await asyncio.gather(*(grow(engine, subject, 3) for subject in SUBJECTS))
            assert engine.stats.issued == 12 + 24 + 48 + 1

    asyncio.run(scenario())
    assert routes.sizes == [12, 24, 48]


def test_replays_that_take_their_time_do_not_cut_a_batch_short(journal_path: Path) -> None:
    routes = BatchRoutes()

    async def replay_long_and_ask(engine: ModelEngine) -> None:
        for _ in range(200):
            await ask_all(engine)
        await engine.ask(rewrite_request("the last river"))

    async def scenario() -> None:
        async with fault_server(routes) as server:
            await ask_apart(server.url, journal_path)
            async with open_engine(
                by_batch(server.url), journal_path, api_key=KEY_SECRET
            ) as engine:
                first = engine.ask(rewrite_request("the first river"))
                await asyncio.gather(first, replay_long_and_ask(engine))

    asyncio.run(scenario())
    assert routes.sizes == [12, 2]


def test_where_all_batches_are_too_much_at_once_they_go_one_by_one(journal_path: Path) -> None:
    routes = BatchRoutes(fate=lambda number: "failed" if number in (1, 2) else "completed")

    async def scenario() -> None:
        async with fault_server(routes) as server:
            answers = await ask_apart(server.url, journal_path, batch_max_requests=4)
            assert len(answers) == 12
            assert max(server.answered.values()) == 1
        with closing(Journal(journal_path)) as journal:
            assert journal.spend().failed == 0

    asyncio.run(scenario())
    assert routes.sizes == [4] * 5
    assert left_open(journal_path) == 0


@pytest.mark.parametrize(
    ("limit", "sizes"),
    [({"batch_max_requests": 5}, [5, 5, 2]), ({"batch_max_megabytes": 1e-6}, [1] * 12)],
)
def test_a_batch_has_no_more_than_the_settings_allow(
    limit: dict[str, object], sizes: list[int], journal_path: Path
) -> None:
    routes = BatchRoutes()

    async def scenario() -> None:
        async with fault_server(routes) as server:
            await ask_apart(server.url, journal_path, **limit)

    asyncio.run(scenario())
    assert routes.sizes == sizes


def test_calls_cost_what_the_discount_leaves_and_are_in_the_books(journal_path: Path) -> None:
    async def scenario() -> None:
        async with (
            fault_server(BatchRoutes()) as server,
            open_engine(
                by_batch(server.url, batch_discount=0.25), journal_path, api_key=KEY_SECRET
            ) as engine,
        ):
            await ask_all(engine)
            assert engine.stats.cost_usd == pytest.approx(ONE_CALL_USD * (1 + 12 * 0.75))
        with closing(Journal(journal_path)) as journal:
            spent = journal.spend()
            assert (spent.calls, spent.failed) == (13, 0)
            assert spent.cost_usd == pytest.approx(engine.stats.cost_usd)

    asyncio.run(scenario())


@pytest.mark.parametrize(("sent", "former"), [(False, False), (True, False), (True, True)])
def test_a_batch_of_a_process_that_died_is_picked_up(
    sent: bool, former: bool, journal_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It died while the batch ran, or (*sent* is False) before it was told the batch's id."""
    polled = asyncio.Event()
    routes = BatchRoutes(polled=polled.set)

    async def dies(server: FaultServer) -> None:
        async with open_engine(by_batch(server.url), journal_path, api_key=KEY_SECRET) as engine:
            await engine.ready()
            server.hold = asyncio.Event()
            asking = asyncio.ensure_future(ask_all(engine))
            await polled.wait()
            asking.cancel()
            await asyncio.wait((asking,))

    async def scenario() -> None:
        async with fault_server(routes) as server:
            if former:  # it was augcon 0.1
                monkeypatch.setattr(batch_endpoint, "journal_key", former_journal_key)
            await dies(server)
            monkeypatch.setattr(batch_endpoint, "journal_key", journal_key)
            assert left_open(journal_path) == 12
            if not sent:
                with closing(Journal(journal_path)) as journal:
                    journal.write(("UPDATE batches SET batch_id = ''", [()]))
            server.hold = None
            routes.batches["another"] = {"id": "another", "created_at": 3e9, "metadata": None}
            routes.page = 1
            assert len(await ask_apart(server.url, journal_path)) == 12
        assert max(routes.batched.values()) == 1
        assert left_open(journal_path) == 0

    asyncio.run(scenario())


def test_a_batch_that_was_never_made_is_sent_again(journal_path: Path) -> None:
    routes = BatchRoutes()

    async def scenario() -> None:
        async with fault_server(routes) as server:
            with closing(Journal(journal_path)) as journal:
                row = ("t", server.url, "openai/tiny", 1.0, "file_gone", "")
                journal.write(("INSERT INTO batches VALUES (?, ?, ?, ?, ?, ?)", [row]))
                journal.write(("INSERT INTO batch_requests VALUES (?, 't')", [(b"key",)]))
            await ask_apart(server.url, journal_path)
        assert routes.sizes == [12]
        assert left_open(journal_path) == 0

    asyncio.run(scenario())


@pytest.mark.parametrize("stores_metadata", [False, True])
def test_a_batch_is_not_made_twice_when_the_reply_is_lost(
    stores_metadata: bool, journal_path: Path
) -> None:
    routes = BatchRoutes(lost_replies=1, stores_metadata=stores_metadata)

    async def scenario() -> None:
        async with fault_server(routes) as server:
            assert len(await ask_apart(server.url, journal_path)) == 12

    asyncio.run(scenario())
    assert routes.sizes == [12]


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


@pytest.mark.parametrize("budget", [{"max_calls": 8}, {"max_usd": 4.5 * ONE_CALL_USD}])
def test_the_budget_holds_and_what_it_allows_is_answered(
    budget: dict[str, object], journal_path: Path
) -> None:
    async def scenario() -> None:
        async with (
            fault_server(BatchRoutes()) as server,
            open_engine(
                by_batch(server.url, budget=budget), journal_path, api_key=KEY_SECRET
            ) as engine,
        ):
            asks = (engine.ask(rewrite_request(subject)) for subject in SUBJECTS)
            outcomes = await asyncio.gather(*asks, return_exceptions=True)
            assert sum(isinstance(one, BudgetExceeded) for one in outcomes) == 5
            assert engine.stats.answered == 7
            assert engine.stats.cost_usd <= 4.5 * ONE_CALL_USD + 1e-12
            with closing(Journal(journal_path)) as journal:
                assert journal.spend().calls == 8

    asyncio.run(scenario())


def test_open_batches_keep_other_modes_and_addresses_from_paying_again(
    journal_path: Path,
) -> None:
    async def scenario() -> None:
        with closing(Journal(journal_path)) as journal:
            row = ("t", "http://first/v1", "openai/tiny", 1.0, "file", "batch_1")
            journal.write(("INSERT INTO batches VALUES (?, ?, ?, ?, ?, ?)", [row]))
            journal.write(("INSERT INTO batch_requests VALUES (?, 't')", [(b"key",)]))
        for settings in (settings_for("http://first/v1"), by_batch("http://second/v1")):
            with pytest.raises(SettingsError, match=r"1 requests .*http://first/v1.*forget"):
                async with open_engine(settings, journal_path, api_key=KEY_SECRET):
                    pass
        async with open_engine(by_batch("http://first/v1"), journal_path, api_key=KEY_SECRET):
            pass

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "model", [{"provider": "offline"}, {"endpoints": [{"base_url": "http://a/v1"}]}]
)
def test_batches_want_one_endpoint(model: dict[str, object]) -> None:
    with pytest.raises(SettingsError, match='mode = "batch"'):
        validate_model_settings(settings_for("", mode="batch", **model))
