import asyncio
import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from augcon_lib.chat import reply_formats as replies
from augcon_lib.model import open_engine
from augcon_lib.model.journal import Journal
from augcon_lib.model.journal.tables import CallRecord, StoredAnswer
from augcon_lib.model.journal_key import former_journal_key, journal_key
from tests.model.engine_fixtures import KEY_SECRET, SUBJECTS, ask_all, rewrite_request, settings_for
from tests.support.fault_server import fault_server, first_times


def test_a_second_run_replays_everything_and_calls_nothing(journal_path: Path) -> None:
    async def scenario() -> None:
        async with fault_server() as server:
            first, stats = await ask_all(server.url, journal_path)
            calls = server.calls
            assert stats.issued == calls == len(SUBJECTS) + 1  # and one probe
            second, stats = await ask_all(server.url, journal_path)
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
                expected, _ = await ask_all(calm.url, journal_path.with_name("calm"))
            got, stats = await ask_all(server.url, journal_path)
            assert got == expected
            assert stats.failed["http_429"] >= len(SUBJECTS)
            assert stats.failed["unparsable"] >= len(SUBJECTS)
            assert stats.failed["length"] >= len(SUBJECTS)
            assert max(server.answered.values()) == 1

    asyncio.run(scenario())


def test_the_text_form_is_found_once_and_remembered(journal_path: Path) -> None:
    async def scenario() -> None:
        async with fault_server(schema_status=400) as server:
            await ask_all(server.url, journal_path)
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
            await ask_all(server.url, journal_path)
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


def test_a_stored_answer_that_can_no_longer_be_read_is_asked_for_again(journal_path: Path) -> None:
    async def scenario() -> None:
        async with fault_server() as server:
            await ask_all(server.url, journal_path)
            journal = Journal(journal_path)
            journal._reader.execute("UPDATE answers SET content = 'broken'")
            journal.close()
            _, stats = await ask_all(server.url, journal_path)
            assert stats.issued == len(SUBJECTS)
            _, stats = await ask_all(server.url, journal_path)
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
