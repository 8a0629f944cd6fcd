"""Requests that the engine rejects, each with a reason, while the others go on."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from augcon_lib.chat import reply_formats as replies
from augcon_lib.errors import AnswerRejected
from augcon_lib.model import open_engine
from augcon_lib.model.journal import Journal
from tests.model.engine_fixtures import KEY_SECRET, SUBJECTS, rewrite_request, settings_for
from tests.support.fault_server import Outcome, always, fault_server


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("garble", "unparsable"),
        ("cut", "length"),
        ("empty", "empty"),
        ("null", "empty"),
        ("refusal", "refused"),
    ],
)
def test_a_request_without_a_usable_answer_is_rejected_after_a_repair(
    kind: str, reason: str, journal_path: Path
) -> None:
    request = rewrite_request()

    async def scenario() -> None:
        async with (
            fault_server(fault=always(kind)) as server,
            open_engine(settings_for(server.url), journal_path, api_key=KEY_SECRET) as engine,
        ):
            with pytest.raises(AnswerRejected) as caught:
                await engine.ask(request)
            assert caught.value.reason == reason
            bodies = server.bodies[1:]
            assert len(bodies) == 5
            assert bodies[0] == bodies[1] == bodies[2] == bodies[3] != bodies[4]
            assert bodies[4]["messages"][-1]["content"].endswith(request.user)
            assert engine.stats.rejected == {reason: 1}

    asyncio.run(scenario())
    assert Journal(journal_path).spend() == (6, 600, 60, pytest.approx(0.0012), 5)


def test_a_request_too_long_is_rejected_at_once(journal_path: Path) -> None:
    async def scenario() -> None:
        long = "the long river"
        async with (
            fault_server(
                fault=lambda prompt, seen: "context_length" if long in prompt else ""
            ) as server,
            open_engine(settings_for(server.url), journal_path, api_key=KEY_SECRET) as engine,
        ):
            with pytest.raises(AnswerRejected) as caught:
                await engine.ask(rewrite_request(long))
            assert caught.value.reason == "context_length"
            assert server.calls == 2
            await engine.ask(rewrite_request("a short one"))

    asyncio.run(scenario())


def test_one_poisoned_request_is_rejected_and_the_rest_goes_on(journal_path: Path) -> None:
    async def scenario() -> None:
        bad = SUBJECTS[3]
        async with (
            fault_server(fault=lambda prompt, seen: "500" if f"{bad} " in prompt else "") as server,
            open_engine(settings_for(server.url), journal_path, api_key=KEY_SECRET) as engine,
        ):
            outcomes = await asyncio.gather(
                *(engine.ask(rewrite_request(subject)) for subject in SUBJECTS),
                return_exceptions=True,
            )
            failed = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
            assert [getattr(error, "reason", error) for error in failed] == ["call_failed"]

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("finish_reason", "reason"),
    [
        ("abort", "broken_off"),
        ("error", "broken_off"),
        ("MAX_TOKENS", "length"),
        ("safety", "refused"),
    ],
)
def test_what_the_server_says_is_no_whole_reply_is_kept_as_no_answer(
    journal_path: Path, finish_reason: str, reason: str
) -> None:
    def complete(body: dict[str, Any]) -> dict[str, Any]:
        ends = "stop" if "sky is blue" in str(body["messages"]) else finish_reason
        return {
            "choices": [{"message": {"content": "Answer: the sky is bl"}, "finish_reason": ends}]
        }

    async def scenario() -> None:
        async with (
            fault_server(complete=complete) as server,
            open_engine(settings_for(server.url), journal_path, api_key=KEY_SECRET) as engine,
        ):
            with pytest.raises(AnswerRejected) as caught:
                await engine.ask(rewrite_request(reply_format=replies.ANSWER))
            assert caught.value.reason == reason
            assert engine.stats.answered == 0

    asyncio.run(scenario())


def test_a_refused_value_is_no_refused_field(journal_path: Path) -> None:
    async def scenario() -> None:
        async with fault_server() as server:
            answer = server.outcome

            def outcome(body: dict[str, Any], headers: Any) -> Any:
                if body.get("temperature", 0) > 1:
                    server.bodies.append(body)
                    return Outcome(400, {"error": {"message": "temperature must be at most 1"}})
                return answer(body, headers)

            server.outcome = outcome  # type: ignore[method-assign]
            settings = settings_for(server.url)
            for _ in range(2):  # the second process knows the endpoint
                async with open_engine(settings, journal_path, api_key=KEY_SECRET) as engine:
                    with pytest.raises(AnswerRejected) as caught:
                        await engine.ask(rewrite_request(temperature=1.3))
                    assert caught.value.reason == "bad_request"
                    assert "at most 1" in str(caught.value)
                    await engine.ask(rewrite_request("a cooler one"))
            sent = [body.get("temperature") for body in server.bodies]
            assert sent == [0.2, 1.3, 1.3, 0.85, 1.3, 1.3]  # by a schema, then without

    asyncio.run(scenario())


def test_a_prompt_that_always_times_out_is_rejected_alone(
    journal_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with fault_server() as server:
            async with open_engine(
                settings_for(server.url), journal_path, api_key=KEY_SECRET
            ) as engine:
                await engine.ask(rewrite_request())
            server.hold = asyncio.Event()  # answers nothing any more
            settings = settings_for(server.url, timeout_seconds=0.05)
            async with open_engine(settings, journal_path, api_key=KEY_SECRET) as engine:
                with pytest.raises(AnswerRejected) as caught:
                    await engine.ask(rewrite_request("a long one"))
                assert caught.value.reason == "call_failed"
            server.hold.set()

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "error",
    [
        {"error": "This model's maximum context length is 10 tokens"},
        {"error": {"message": "request (60 tokens) exceeds the available context size (10)"}},
    ],
)
def test_a_context_too_long_is_known_in_other_words(
    journal_path: Path, error: dict[str, Any]
) -> None:
    async def scenario() -> None:
        async with fault_server() as server:
            answer = server.outcome

            def outcome(body: dict[str, Any], headers: Any) -> Any:
                if "river" in str(body["messages"]):
                    return Outcome(400, error)
                return answer(body, headers)

            server.outcome = outcome  # type: ignore[method-assign]
            settings = settings_for(server.url)
            async with open_engine(settings, journal_path, api_key=KEY_SECRET) as engine:
                with pytest.raises(AnswerRejected) as caught:
                    await engine.ask(rewrite_request("the river"))
                assert caught.value.reason == "context_length"

    asyncio.run(scenario())
