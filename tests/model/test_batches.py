"""Batch mode over real HTTP: one batch a level, nothing sent twice, whatever batches do."""

import asyncio
from contextlib import closing
from pathlib import Path

import pytest

from augcon_lib.errors import BudgetExceeded, SettingsError
from augcon_lib.model import open_engine, validate_model_settings
from augcon_lib.model.batch import endpoint as batch_endpoint
from augcon_lib.model.engine import ModelEngine
from augcon_lib.model.journal import Journal
from augcon_lib.model.journal_key import former_journal_key, journal_key
from tests.model.batch_fixtures import ONE_CALL_USD, ask_all, ask_apart, by_batch, left_open
from tests.model.engine_fixtures import KEY_SECRET, SUBJECTS, rewrite_request, settings_for
from tests.support.batch_routes import BatchRoutes
from tests.support.fault_server import FaultServer, fault_server


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
