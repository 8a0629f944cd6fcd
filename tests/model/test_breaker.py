"""When an endpoint is given up, and when it is not."""

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from augcon_lib.errors import EndpointError
from augcon_lib.model import open_engine
from augcon_lib.model.endpoints import breaker as breaker_module
from augcon_lib.model.endpoints.breaker import CircuitBreaker
from augcon_lib.model.wire.transport import CallError
from augcon_lib.settings import ModelSettings
from tests.model.engine_fixtures import rewrite_request, settings_for
from tests.support.fault_server import KEY, Outcome, fault_server

MODEL = ModelSettings(base_url="http://127.0.0.1:9/v1")


class Clock:
    """Seconds that pass as they are told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def _failure(kind: str) -> CallError:
    status = int(kind) if kind.isdigit() else 0
    return CallError(f"http_{kind}" if status else kind, f"as {kind}", status=status)


def _breaker(clock: Clock | None = None, *, of_several: bool = False) -> CircuitBreaker:
    return CircuitBreaker(MODEL, has_key=True, of_several=of_several, clock=clock or Clock())


def _opens(breaker: CircuitBreaker, kinds: Iterable[str]) -> bool:
    for kind in kinds:
        if kind == "ok":
            breaker.succeeded()
            continue
        try:
            breaker.failed(_failure(kind))
        except EndpointError:
            return True
    return False


@pytest.mark.parametrize(
    "kinds",
    [
        ["timeout", "429", "timeout", "429", "timeout", "429"],
        ["connect", "503", "connect", "429", "connect"],
        ["504", "500", "502", "400", "timeout"],
    ],
)
def test_answers_between_them_end_a_row_of_calls_without_one(kinds: list[str]) -> None:
    assert not _opens(_breaker(of_several=True), ["ok", *kinds])


def test_a_row_of_calls_without_an_answer_opens_where_others_take_over() -> None:
    assert _opens(_breaker(of_several=True), ["ok", "timeout", "504", "connect"])


def test_at_the_start_an_answer_ends_a_row_of_calls_without_a_connection() -> None:
    assert not _opens(_breaker(), ["connect", "429", "connect"])
    assert _opens(_breaker(), ["429", "connect", "connect"])


@pytest.mark.parametrize("kind", ["401", "404", "307"])
def test_a_wrong_key_or_address_ends_a_run_at_once_at_its_start_alone(kind: str) -> None:
    assert _opens(_breaker(), [kind])
    clock = Clock()
    breaker = _breaker(clock)
    assert not _opens(breaker, ["ok", kind, kind, kind, kind])
    assert breaker.may_pass(_failure(kind))
    clock.now = 4.9
    assert not _opens(breaker, [kind])
    clock.now = 5.0
    assert _opens(breaker, [kind])


def test_a_success_ends_a_row_of_refusals_and_two_are_not_enough() -> None:
    clock = Clock()
    breaker = _breaker(clock)
    for _ in range(5):
        assert not _opens(breaker, ["ok", "404", "404"])
        clock.now += 60
    assert not _opens(breaker, ["ok", "401"])
    clock.now += 60
    assert not _opens(breaker, ["401"])


@pytest.mark.parametrize("kind", ["402"])
def test_an_account_without_money_ends_a_run_at_once(kind: str) -> None:
    assert _opens(_breaker(), ["ok", kind])


@pytest.mark.parametrize("status", [401, 404])
def test_a_gateway_that_refuses_one_call_costs_the_run_nothing(tmp_path: Path, status: int) -> None:
    async def scenario() -> None:
        async with fault_server() as server:
            answer = server.outcome

            def outcome(body: dict[str, Any], headers: Any) -> Any:
                answered = answer(body, headers)
                if server.calls == 5:
                    return Outcome(status, {"error": {"message": "one worker is starting"}})
                return answered

            server.outcome = outcome  # type: ignore[method-assign]
            async with open_engine(
                settings_for(server.url), tmp_path / "j", api_key=SecretStr(KEY)
            ) as engine:
                for number in range(8):
                    await engine.ask(rewrite_request(f"river {number}"))
                assert engine.stats.failed == {f"http_{status}": 1}
                assert not engine.stats.rejected

    asyncio.run(scenario())


def test_a_key_that_is_revoked_ends_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(breaker_module, "MIN_TURNED_AWAY_SECONDS", 0.0)

    async def scenario() -> None:
        async with (
            fault_server() as server,
            open_engine(settings_for(server.url), tmp_path / "j", api_key=SecretStr(KEY)) as engine,
        ):
            await engine.ask(rewrite_request("a good river"))
            refused = Outcome(401, {"error": {"message": "revoked"}})
            server.refusal_of_key = lambda headers: refused  # type: ignore[method-assign]
            calls = server.calls
            with pytest.raises(EndpointError, match="OPENAI_API_KEY"):
                await engine.ask(rewrite_request("another river"))
            assert server.calls == calls + 3

    asyncio.run(scenario())
