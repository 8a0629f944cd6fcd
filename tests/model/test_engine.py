import asyncio
import json
import multiprocessing
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from augcon_lib.chat import reply_formats as replies
from augcon_lib.errors import AnswerRejected, BudgetExceeded
from augcon_lib.model import open_engine
from augcon_lib.model.endpoints.stats import CallStats
from augcon_lib.model.journal import Journal
from augcon_lib.model.journal.tables import CallRecord, StoredAnswer
from augcon_lib.model.journal_key import former_journal_key, journal_key
from tests.model.engine_fixtures import rewrite_request, settings_for
from tests.support.fault_server import KEY, Outcome, always, fault_server, first_times
from tests.support.served import served

KEY_SECRET = SecretStr(KEY)
SUBJECTS = [f"river {number}" for number in range(12)]


@pytest.fixture
def journal_path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "journal.sqlite"


async def _ask_all(url: str, path: Path, **settings: object) -> tuple[list[object], CallStats]:
    async with open_engine(
        settings_for(url, **settings), path, api_key=KEY_SECRET, session_id="s"
    ) as engine:
        requests = [rewrite_request(subject) for subject in SUBJECTS]
        replies_ = await asyncio.gather(*(engine.ask(request) for request in requests))
        return [reply.fields for reply in replies_], engine.stats


def test_a_second_run_replays_everything_and_calls_nothing(journal_path: Path) -> None:
    async def scenario() -> None:
        async with fault_server() as server:
            first, stats = await _ask_all(server.url, journal_path)
            calls = server.calls
            assert stats.issued == calls == len(SUBJECTS) + 1  # and one probe
            second, stats = await _ask_all(server.url, journal_path)
            assert (second, stats.issued, stats.from_journal) == (first, 0, len(SUBJECTS))
            assert server.calls == calls

    asyncio.run(scenario())


def test_what_a_session_was_answered_itself_counts_apart(journal_path: Path) -> None:
    async def scenario() -> None:
        async with fault_server() as server:

            async def ask_twice_at_once_and_once_later(session: str) -> tuple[int, int]:
                counted = []
                for _ in range(2):
                    async with open_engine(
                        settings_for(server.url),
                        journal_path,
                        api_key=KEY_SECRET,
                        session_id=session,
                    ) as engine:
                        asked = (engine.ask(rewrite_request()) for _ in range(2))
                        await asyncio.gather(*asked)
                        await engine.ask(rewrite_request(session))
                    counted.append((engine.stats.from_journal, engine.stats.repeated))
                return counted[0], counted[1]

            assert await ask_twice_at_once_and_once_later("first") == ((1, 1), (3, 3))
            assert await ask_twice_at_once_and_once_later("second") == ((2, 0), (3, 1))

    asyncio.run(scenario())


@pytest.mark.parametrize("schema_status", [0, 400, 422, 500])
def test_answers_do_not_depend_on_faults_or_on_schemas(
    schema_status: int, journal_path: Path
) -> None:
    kinds = ("429", "500", "reset", "html", "badjson", "503", "garble", "cut")

    async def scenario() -> None:
        async with fault_server(fault=first_times(*kinds), schema_status=schema_status) as server:
            async with fault_server() as calm:
                expected, _ = await _ask_all(calm.url, journal_path.with_name("calm"))
            got, stats = await _ask_all(server.url, journal_path)
            assert got == expected
            assert stats.failed["http_429"] >= len(SUBJECTS)
            assert stats.failed["unparsable"] >= len(SUBJECTS)
            assert stats.failed["length"] >= len(SUBJECTS)
            assert max(server.answered.values()) == 1

    asyncio.run(scenario())


def test_the_text_form_is_found_once_and_remembered(journal_path: Path) -> None:
    async def scenario() -> None:
        async with fault_server(schema_status=400) as server:
            await _ask_all(server.url, journal_path)
            assert sum("response_format" in body for body in server.bodies) == 1
            async with open_engine(
                settings_for(server.url), journal_path, api_key=KEY_SECRET
            ) as engine:
                await engine.ask(rewrite_request("new river"))
            assert sum("response_format" in body for body in server.bodies) == 1

    asyncio.run(scenario())


def test_random_server_errors_do_not_switch_schemas_off(journal_path: Path) -> None:
    async def scenario() -> None:
        async with fault_server(fault=first_times("500", "500", "500")) as server:
            await _ask_all(server.url, journal_path)
            assert all("response_format" in body for body in server.bodies)

    asyncio.run(scenario())


def test_a_refused_seed_is_never_sent_again(journal_path: Path) -> None:
    async def scenario() -> None:
        async with (
            fault_server(refused_fields=("seed",)) as server,
            open_engine(settings_for(server.url), journal_path, api_key=KEY_SECRET) as engine,
        ):
            for sample in (1, 2, 3):
                await engine.ask(rewrite_request(sample=sample))
            assert sum("seed" in body for body in server.bodies) == 1

    asyncio.run(scenario())


def test_only_repeated_draws_carry_a_seed(journal_path: Path) -> None:
    async def scenario() -> None:
        async with (
            fault_server() as server,
            open_engine(settings_for(server.url), journal_path, api_key=KEY_SECRET) as engine,
        ):
            await engine.ask(rewrite_request(sample=0))
            await engine.ask(rewrite_request(sample=4))
            assert [body.get("seed") for body in server.bodies] == [None, None, 4]
            assert set(server.bodies[1]) == {"model", "messages", "temperature", "response_format"}

    asyncio.run(scenario())


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


def test_an_answer_under_its_former_key_is_found_and_a_new_one_gets_the_new_key(
    journal_path: Path,
) -> None:
    request = rewrite_request()
    answer = StoredAnswer(
        json.dumps({"question": "Old?", "context_1": "A.", "context_2": "B."}),
        "json_schema",
        "openai/tiny",
        1.0,
        10,
        2,
    )
    former = former_journal_key("openai/tiny", request)

    async def scenario() -> None:
        call = CallRecord(1.0, 0.5, "ok", 10, 2, 0.0, "openai/tiny", "", "", "", "")
        with closing(Journal(journal_path)) as journal:
            await journal.store(former, answer, call)
        async with (
            fault_server() as server,
            open_engine(settings_for(server.url), journal_path, api_key=KEY_SECRET) as engine,
        ):
            found = await engine.ask(request)
            assert (found.fields["question"], found.from_journal) == ("Old?", True)
            assert found.journal_key == former.hex()
            assert server.calls == 0
            asked = await engine.ask(rewrite_request("another river"))
            key = journal_key("openai/tiny", rewrite_request("another river"))
            assert asked.journal_key == key.hex()

    asyncio.run(scenario())


def test_an_answer_names_its_row_of_the_journal_and_its_draw(journal_path: Path) -> None:
    async def scenario() -> None:
        async with (
            fault_server() as server,
            open_engine(settings_for(server.url), journal_path, api_key=KEY_SECRET) as engine,
        ):
            for from_journal in (False, True):
                reply = await engine.ask(rewrite_request(sample=2))
                stored = engine.journal.get(bytes.fromhex(reply.journal_key))
                assert stored is not None
                assert rewrite_request().reply_format.parse(stored.content) == reply.fields
                assert (reply.sample, reply.from_journal) == (2, from_journal)

    asyncio.run(scenario())


def test_half_a_surrogate_pair_in_a_reply_becomes_a_character_that_can_be_kept(
    journal_path: Path,
) -> None:
    def complete(body: dict[str, Any]) -> dict[str, Any]:
        content = json.dumps({"answer": "smile \ud83d"})
        counts = {"prompt_tokens": 2**63, "completion_tokens": 3}
        return {
            "choices": [{"message": {"content": content}, "finish_reason": "stop"}],
            "usage": counts,
        }

    async def scenario() -> None:
        request = rewrite_request(reply_format=replies.ANSWER)
        async with (
            fault_server(complete=complete) as server,
            open_engine(settings_for(server.url), journal_path, api_key=KEY_SECRET) as engine,
        ):
            asked = [engine.ask(request), engine.ask(rewrite_request(reply_format=replies.ANSWER))]
            for reply in await asyncio.wait_for(asyncio.gather(*asked), 20):
                assert reply.fields["answer"] == "smile \ufffd"
            assert engine.stats.input_tokens < 10_000

    asyncio.run(scenario())


def test_the_repair_shows_the_model_its_own_reply(journal_path: Path) -> None:
    async def scenario() -> None:
        async with (
            fault_server(
                fault=lambda prompt, seen: "" if "I am sorry" in prompt else "garble"
            ) as server,
            open_engine(settings_for(server.url), journal_path, api_key=KEY_SECRET) as engine,
        ):
            await engine.ask(rewrite_request())
            shown = server.bodies[-1]["messages"][-2]
            assert shown["role"] == "assistant"
            assert shown["content"].startswith("I am sorry")

    asyncio.run(scenario())


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
            await _ask_all(server.url, journal_path, max_concurrency=3)
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


def test_a_stored_answer_that_can_no_longer_be_read_is_asked_for_again(journal_path: Path) -> None:
    async def scenario() -> None:
        async with fault_server() as server:
            await _ask_all(server.url, journal_path)
            journal = Journal(journal_path)
            journal._reader.execute("UPDATE answers SET content = 'broken'")
            journal.close()
            _, stats = await _ask_all(server.url, journal_path)
            assert stats.issued == len(SUBJECTS)
            _, stats = await _ask_all(server.url, journal_path)
            assert stats.issued == 0

    asyncio.run(scenario())


def test_progress_is_told_at_the_end(journal_path: Path) -> None:
    told: list[int] = []

    async def scenario() -> None:
        async with (
            fault_server() as server,
            open_engine(
                settings_for(server.url),
                journal_path,
                api_key=KEY_SECRET,
                on_progress=lambda stats: told.append(stats.answered),
            ) as engine,
        ):
            await engine.ask(rewrite_request(reply_format=replies.CST_REWRITE))

    asyncio.run(scenario())
    assert told[-1] == 1


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
