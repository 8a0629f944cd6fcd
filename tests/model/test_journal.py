import asyncio
import dataclasses
import multiprocessing
import os
import signal
import threading
from pathlib import Path

import pytest

from augcon_lib.errors import ModelError
from augcon_lib.model.chat import ChatExample, ChatRequest
from augcon_lib.model.identity import journal_key
from augcon_lib.model.journal import Journal, tables
from augcon_lib.model.journal.tables import (
    CallRecord,
    EndpointAddress,
    EndpointTraits,
    StoredAnswer,
)
from augcon_lib.model.replies import ANSWER
from tests.model.engine_fixtures import rewrite_request


def _answer(content: str) -> StoredAnswer:
    return StoredAnswer(content, "text", "openai/tiny", 1.0, 10, 2)


def _call(session_id: str = "s", outcome: str = "ok") -> CallRecord:
    return CallRecord(1.0, 0.5, outcome, 10, 2, 0.25, "openai/tiny", "r", session_id, "st", "d")


def test_a_group_of_answers_is_stored_with_its_calls(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "new" / "journal.sqlite")
    keys = [bytes([number]) * 32 for number in range(200)]

    async def store_all() -> list[StoredAnswer]:
        stores = (journal.store(key, _answer(key.hex()), _call()) for key in keys)
        return await asyncio.gather(*stores)

    assert [answer.content for answer in asyncio.run(store_all())] == [key.hex() for key in keys]
    journal.close()
    reopened = Journal(journal.path)
    assert reopened.get(keys[7]) == _answer(keys[7].hex())
    assert reopened.get(b"unknown") is None
    assert reopened.spend() == (200, 2000, 400, 50.0, 0)


def test_the_first_answer_stays_and_is_what_a_later_writer_gets(tmp_path: Path) -> None:
    one, other = Journal(tmp_path / "j"), Journal(tmp_path / "j")

    async def scenario() -> None:
        assert (await one.store(b"k", _answer("first"), _call())).content == "first"
        assert (await other.store(b"k", _answer("second"), _call())).content == "first"
        replaced = await other.store(b"k", _answer("third"), _call(), replace=True)
        assert replaced.content == "third"

    asyncio.run(scenario())
    assert one.get(b"k") == _answer("third")


def test_spend_is_asked_by_session_and_counts_failures(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    for outcome in ("ok", "http_429", "unparsable"):
        journal.record(_call("a", outcome))
    journal.record(_call("it's b"))
    assert journal.spend("a") == (3, 30, 6, 0.75, 2)
    assert journal.spend("it's b").calls == 1
    assert journal.spend().calls == 4


def test_what_an_endpoint_can_do_is_remembered_by_host_model_and_setting(tmp_path: Path) -> None:
    address = EndpointAddress("http://localhost/v1", "tiny", "auto")
    journal = Journal(tmp_path / "j")
    journal.remember_endpoint(address, EndpointTraits("text", frozenset({"seed"})))
    journal.close()
    journal = Journal(tmp_path / "j")
    assert journal.endpoint_traits(address) == EndpointTraits("text", frozenset({"seed"}))
    assert journal.endpoint_traits(address._replace(model="big")) is None


def _store_until_killed(path: Path, told: "multiprocessing.connection.Connection") -> None:
    journal = Journal(path)

    async def store_for_ever() -> None:
        number = 0
        while True:
            stores = [
                journal.store(b"%d" % (number + one), _answer("a"), _call()) for one in range(20)
            ]
            await asyncio.gather(*stores)
            number += 20
            told.send(number)

    asyncio.run(store_for_ever())


def test_what_was_stored_survives_a_kill(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    receiving, sending = spawn.Pipe(duplex=False)
    process = spawn.Process(target=_store_until_killed, args=(tmp_path / "j", sending))
    process.start()
    for _ in range(5):
        stored = receiving.recv()
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    journal = Journal(tmp_path / "j")
    assert all(journal.get(b"%d" % number) for number in range(stored))
    assert journal._reader.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_what_cannot_be_written_is_told_and_stops_no_writer(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")

    async def scenario() -> None:
        with pytest.raises(ModelError, match="cannot be written"):
            await asyncio.wait_for(journal.store(b"k", _answer("half \ud83d"), _call()), 10)
        with pytest.raises(ModelError, match="cannot be written"):
            await asyncio.wait_for(journal.store(b"l", _answer("whole"), _call()), 10)

    asyncio.run(scenario())
    journal.close()


def test_a_call_that_nobody_waits_for_is_not_lost_in_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "BUSY_TIMEOUT_SECONDS", 0.05)
    journal = Journal(tmp_path / "j")
    holder = tables.connect(journal.path)
    holder.execute("BEGIN IMMEDIATE")
    journal.record(_call())
    threading.Timer(0.2, lambda: holder.execute("COMMIT")).start()  # within ten attempts
    assert journal.spend().calls == 1
    holder.execute("BEGIN IMMEDIATE")
    journal.record(_call())
    with pytest.raises(ModelError, match="another program holds it"):
        journal.spend()
    holder.close()
    journal.close()


def test_a_file_that_is_no_journal_is_named(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    path.write_text("this is a letter, not a database; " * 50)
    with pytest.raises(ModelError, match=r"journal\.sqlite"):
        Journal(path)


def test_the_key_depends_on_all_that_can_change_an_answer() -> None:
    base = rewrite_request()
    variants: list[ChatRequest] = [
        base,
        dataclasses.replace(base, instruction="Other."),
        dataclasses.replace(base, user="Other."),
        dataclasses.replace(base, reply_format=ANSWER),
        dataclasses.replace(base, temperature=0.2),
        dataclasses.replace(base, language="zh"),
        dataclasses.replace(base, sample=1),
        dataclasses.replace(base, examples=()),
        dataclasses.replace(base, examples=(ChatExample("u", {"question": "Q"}),)),
    ]
    keys = [journal_key("openai/a", one) for one in variants] + [journal_key("openai/b", base)]
    assert len(set(keys)) == len(keys)


def test_the_key_of_a_request_stays_the_same_so_that_old_journals_are_found() -> None:
    key = journal_key("openai/tiny", rewrite_request('the tide \u2028 "漢"', sample=3))
    assert key.hex() == "e4fc972837186f43ece017cbe37737641da9e67458c06f0c1834950603b81847"


def test_the_key_ignores_book_keeping() -> None:
    base = rewrite_request()
    other = dataclasses.replace(base, stage="responses", document_id="other")
    assert journal_key("m", base) == journal_key("m", other)


def test_the_key_ignores_white_space_of_the_passage_alone() -> None:
    base = rewrite_request("The tide turns.\nThe boats go out.")
    spaced = dataclasses.replace(base, user=base.user.replace("\n", "\n\n  "))
    assert journal_key("m", base) == journal_key("m", spaced)
    instructed = dataclasses.replace(base, instruction=f"{base.instruction}\n")
    assert journal_key("m", base) != journal_key("m", instructed)
