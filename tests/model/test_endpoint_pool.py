"""Several endpoints of one model, over real HTTP."""

import asyncio
import time
from collections.abc import Iterable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from pydantic import SecretStr

from augcon_lib.chat.port import ChatReply
from augcon_lib.errors import EndpointError, SettingsError
from augcon_lib.model import open_engine, validate_model_settings
from augcon_lib.model.endpoints import endpoint_pool
from augcon_lib.model.engine import ModelEngine
from augcon_lib.settings import Settings
from tests.model.engine_fixtures import rewrite_request, settings_for
from tests.support.fault_server import KEY, FaultServer, always, fault_server

KEY_SECRET = SecretStr(KEY)
SLOTS = 4


@pytest.fixture
def journal_path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


def settings_of(servers: Iterable[FaultServer], **first: object) -> Settings:
    """One endpoint for each of *servers*; *first* are settings of the first alone."""
    endpoints = [{"base_url": server.url, "max_concurrency": SLOTS} for server in servers]
    return settings_for("", endpoints=[{**endpoints[0], **first}, *endpoints[1:]])


async def ask_many(engine: ModelEngine, count: int) -> list[ChatReply]:
    requests = [rewrite_request(f"river {number}") for number in range(count)]
    return list(await asyncio.gather(*(engine.ask(request) for request in requests)))


def test_calls_are_spread_and_no_endpoint_gets_more_than_its_slots(journal_path: Path) -> None:
    async def scenario() -> None:
        async with fault_server() as one, fault_server() as two:
            settings = settings_of([one, two], max_concurrency=12)
            async with open_engine(settings, journal_path, api_key=KEY_SECRET) as engine:
                await ask_many(engine, 200)
                assert engine.stats.slots == 12 + SLOTS
            assert one.peak_busy <= 12
            assert two.peak_busy <= SLOTS
            assert one.calls + two.calls == 202  # a probe each
            assert one.calls > two.calls > 20

    asyncio.run(scenario())


def test_an_endpoint_killed_in_the_middle_hands_its_calls_to_the_other(journal_path: Path) -> None:
    async def scenario() -> None:
        async with AsyncExitStack() as life, fault_server() as other:
            killed: list[asyncio.Future[None]] = []

            def kill(prompt: str, seen: int) -> str:
                if dying.calls == 30:
                    killed.append(asyncio.ensure_future(life.aclose()))
                return ""

            dying = await life.enter_async_context(fault_server(fault=kill))
            settings = settings_of([dying, other])
            async with open_engine(settings, journal_path, api_key=KEY_SECRET) as engine:
                replies = await ask_many(engine, 300)
                await asyncio.gather(*killed)
                assert len(replies) == engine.stats.answered == 300
                assert engine.stats.out_of_service == {dying.url}
            assert killed
            assert max(other.answered.values()) == 1
            asked_twice = set(dying.answered) & set(other.answered)
            assert len(asked_twice) <= SLOTS + 1  # those on the wire, and the probe

            calls = other.calls
            async with open_engine(settings, journal_path, api_key=KEY_SECRET) as engine:
                await ask_many(engine, 300)
            assert other.calls == calls

    asyncio.run(scenario())


def test_an_endpoint_that_recovers_serves_again(
    journal_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoint_pool, "FIRST_TRIAL_SECONDS", 0.001)

    def ill(prompt: str, seen: int) -> str:
        return "reset" if 20 < sick.calls < 30 else ""

    async def scenario() -> None:
        nonlocal sick
        async with fault_server(fault=ill) as sick, fault_server() as other:
            settings = settings_of([sick, other])
            async with open_engine(settings, journal_path, api_key=KEY_SECRET) as engine:
                while sick.calls <= 40:
                    asked = sick.calls + other.calls
                    requests = [rewrite_request(f"{asked} {number}") for number in range(20)]
                    await asyncio.gather(*(engine.ask(request) for request in requests))
                assert not engine.stats.out_of_service
                assert engine.stats.failed["connection"] == 9

    sick = FaultServer()
    asyncio.run(scenario())


def test_all_dead_is_one_error_that_names_each(journal_path: Path) -> None:
    async def scenario() -> None:
        async with fault_server() as one, fault_server() as two:
            settings = settings_of([one, two])
            async with open_engine(settings, journal_path, api_key=KEY_SECRET) as engine:
                await ask_many(engine, 20)
                one.fault = two.fault = always("reset")
                asks = (engine.ask(rewrite_request(f"new {number}")) for number in range(50))
                outcomes = await asyncio.gather(*asks, return_exceptions=True)
            assert all(isinstance(outcome, EndpointError) for outcome in outcomes)
            [message] = {str(outcome) for outcome in outcomes}
            assert one.url in message
            assert two.url in message

    asyncio.run(scenario())


def test_each_endpoint_has_its_own_abilities_name_and_prices(journal_path: Path) -> None:
    async def scenario() -> None:
        async with fault_server(schema_status=400) as plain, fault_server() as other:
            own = {"name": "tiny-q4", "input_usd_per_million_tokens": 0.0}
            settings = settings_of([plain, other], **own, output_usd_per_million_tokens=0.0)
            async with open_engine(settings, journal_path, api_key=KEY_SECRET) as engine:
                await ask_many(engine, 60)
                usd = engine.stats.cost_usd
            assert sum("response_format" in body for body in plain.bodies) == 1
            assert all("response_format" in body for body in other.bodies)
            assert {body["model"] for body in plain.bodies} == {"tiny-q4"}
            assert {body["model"] for body in other.bodies} == {"tiny"}
            assert usd == pytest.approx(other.calls * (100 * 1.0 + 10 * 10.0) / 1e6)

    asyncio.run(scenario())


def test_a_wrong_key_at_one_endpoint_leaves_the_work_to_the_other(
    journal_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTHER_KEY", "sk-wrong-key-1")

    async def scenario() -> None:
        async with fault_server() as strict, fault_server() as other:
            settings = settings_of([strict, other], api_key_env="OTHER_KEY")
            async with open_engine(settings, journal_path, api_key=KEY_SECRET) as engine:
                await ask_many(engine, 30)
            assert strict.calls == 1
            assert other.calls == 31

    asyncio.run(scenario())


def test_a_request_that_fails_at_one_endpoint_is_tried_at_the_other(journal_path: Path) -> None:
    def hard(prompt: str, seen: int) -> str:
        return "500" if "river 7 " in prompt else ""

    async def scenario() -> None:
        async with fault_server(fault=hard) as one, fault_server() as two:
            settings = settings_of([one, two])
            async with open_engine(settings, journal_path, api_key=KEY_SECRET) as engine:
                assert len(await ask_many(engine, 40)) == 40

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ({"base_url": "http://a/v1", "endpoints": [{"base_url": "http://b/v1"}]}, "both set"),
        ({"endpoints": [{"base_url": "http://b/v1"}] * 2}, "twice"),
        ({"endpoints": [{"base_url": "http://u:p@b/v1"}]}, r"\[\[model.endpoints\]\].*password"),
    ],
)
def test_endpoints_that_contradict_are_refused(model: dict[str, object], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        validate_model_settings(settings_for(**{"base_url": "", **model}))


def test_a_pool_is_ready_while_one_of_its_endpoints_is(
    journal_path: Path, closed_port: int
) -> None:
    dead = FaultServer(url=f"http://127.0.0.1:{closed_port}/v1")
    gone = FaultServer(url=f"http://127.0.0.1:{closed_port}/other/v1")

    async def ready(*servers: FaultServer) -> set[str]:
        settings = settings_of(servers)
        async with open_engine(settings, journal_path, api_key=KEY_SECRET) as engine:
            await engine.ready()
            return set(engine.stats.out_of_service)

    async def scenario() -> None:
        async with fault_server() as alive:
            assert await ready(dead, alive) == {dead.url}
            assert alive.calls == 1
        with pytest.raises(EndpointError) as caught:
            await ready(dead, gone)
        assert dead.url in str(caught.value)
        assert gone.url in str(caught.value)

    asyncio.run(scenario())


def test_a_moment_without_any_endpoint_is_waited_for(
    journal_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoint_pool, "FIRST_TRIAL_SECONDS", 0.1)
    gone_until = 0.0

    def blip(prompt: str, seen: int) -> str:
        return "502" if time.monotonic() < gone_until else ""

    async def scenario() -> None:
        nonlocal gone_until
        async with fault_server(fault=blip) as one, fault_server(fault=blip) as two:
            settings = settings_of([one, two])
            async with open_engine(settings, journal_path, api_key=KEY_SECRET) as engine:
                await ask_many(engine, 8)
                gone_until = time.monotonic() + 0.5
                await asyncio.wait_for(ask_many(engine, 60), 20)
                assert engine.stats.answered == 60

    asyncio.run(scenario())


def test_when_none_comes_back_the_run_ends(
    journal_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoint_pool, "FIRST_TRIAL_SECONDS", 0.05)
    monkeypatch.setattr(endpoint_pool, "MAX_DOWN_SECONDS", 0.4)

    async def scenario() -> None:
        async with (
            fault_server() as one,
            fault_server() as two,
            open_engine(settings_of([one, two]), journal_path, api_key=KEY_SECRET) as engine,
        ):
            await ask_many(engine, 8)
            one.fault = two.fault = always("502")
            requests = (rewrite_request(f"sea {number}") for number in range(20))
            outcomes = await asyncio.wait_for(
                asyncio.gather(*map(engine.ask, requests), return_exceptions=True), 20
            )
            assert all(isinstance(one, EndpointError) for one in outcomes)

    asyncio.run(scenario())


def test_an_endpoint_that_hangs_holds_up_no_start(journal_path: Path) -> None:
    async def scenario() -> None:
        async with fault_server() as hanging, fault_server() as well:
            hanging.hold = asyncio.Event()
            settings = settings_of([hanging, well])
            started = time.monotonic()
            async with open_engine(settings, journal_path, api_key=KEY_SECRET) as engine:
                await engine.ready()
                assert time.monotonic() - started < 3  # its timeout is five seconds
                hanging.hold.set()

    asyncio.run(scenario())
