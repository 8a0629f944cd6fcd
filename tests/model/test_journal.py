import asyncio
import dataclasses
import multiprocessing
import os
import signal
import sqlite3
import threading
from pathlib import Path

import pytest

from augcon_lib.chat.port import ChatExample, ChatRequest
from augcon_lib.chat.reply_formats import ANSWER
from augcon_lib.errors import ModelError
from augcon_lib.model.journal import Journal, tables, writer
from augcon_lib.model.journal.tables import (
    DELETE_CHOICES,
    CallRecord,
    EndpointAddress,
    EndpointTraits,
    StoredAnswer,
)
from augcon_lib.model.journal_key import former_journal_key, journal_key
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


def _hold(path: Path) -> sqlite3.Connection:
    """Another program that holds the journal, until it is closed."""
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    return holder


def test_a_cancelled_writer_costs_nobody_a_write(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")

    async def scenario() -> None:
        holder = _hold(journal.path)
        cancelled = [
            asyncio.ensure_future(journal.write_now((DELETE_CHOICES, [()]))) for _ in range(8)
        ]
        await asyncio.sleep(0)
        for each in cancelled:
            each.cancel()
        await asyncio.wait(cancelled)
        holder.close()
        assert (await journal.store(b"k", _answer("kept"), _call())).content == "kept"
        await journal.write_now((DELETE_CHOICES, [()]))

    asyncio.run(asyncio.wait_for(scenario(), 20))
    assert journal.spend().calls == 1
    journal.close()


@pytest.mark.parametrize("end", [MemoryError(), SystemExit(), RecursionError()])
def test_all_who_wait_for_a_writer_that_dies_are_told_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: BaseException
) -> None:
    journal = Journal(tmp_path / "j")

    def dies(*_: object) -> None:
        raise end

    monkeypatch.setattr(writer, "_tell", lambda *told: (monkeypatch.undo(), dies()))

    async def scenario() -> None:
        waiting = [
            journal.store(b"k", _answer("a"), _call()),
            journal.write_now(),
            journal.write_now(),
        ]
        outcomes = await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 10)
        assert [type(each) for each in outcomes] == [ModelError] * 3
        with pytest.raises(ModelError, match="cannot be written"):
            await asyncio.wait_for(journal.write_now(), 10)

    asyncio.run(scenario())
    with pytest.raises(ModelError, match="cannot be written"):
        journal.spend()
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
    with pytest.raises(ModelError, match="another program uses it"):
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


def test_the_keys_of_a_request_stay_the_same_so_that_journals_are_found() -> None:
    request = rewrite_request('the tide \u2028 "漢"', sample=3)
    former = former_journal_key("openai/tiny", request)
    assert former.hex() == "e4fc972837186f43ece017cbe37737641da9e67458c06f0c1834950603b81847"
    key = journal_key("openai/tiny", request)
    assert key.hex() == "e27415b5634afd1b2ad078b6c5d2b33e0c15c8f4cca73666f8609c0d5595e7a2"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("It holds 1 000 5 litres.", "It holds 10 005 litres."),
        ("He is now here.", "He is nowhere."),
        ("１　０００　５", "１０　００５"),
        ("၁ ၀၀၀ ၅", "၁၀ ၀၀၅"),
        ("a\tb", "ab"),
        ("```\nif a:\n    b()\nc()\n```", "```\nif a:\n    b()\n    c()\n```"),
        ("~~~\na\nb\n~~~", "~~~\na b\n~~~"),
        ("```\nnever\n  closed", "```\nnever\nclosed"),
        ("漢字 abc", "漢字abc"),
        ("김 밥", "김밥"),
    ],
)
def test_a_space_that_tells_texts_apart_is_in_the_key(one: str, other: str) -> None:
    requests = [dataclasses.replace(rewrite_request(), user=text) for text in (one, other)]
    keys = {journal_key("m", request) for request in requests}
    assert len(keys) == 2


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The tide turns.\nThe boats go out.", "  The tide turns. The\n\n boats\tgo out.\n"),
        ("漢字の水車。\n夜に回る。", "漢字の\n水車。夜に　回る。"),
        ("กังหันน้ำ\nหมุน", "กังหันน้ำหมุน"),
        ("So:\n```\n a\n```\nand on.", "So:\n\n```\n a  \n```\n and\non."),
    ],
)
def test_white_space_that_says_nothing_is_not_in_the_key(one: str, other: str) -> None:
    requests = [dataclasses.replace(rewrite_request(), user=text) for text in (one, other)]
    keys = {journal_key("m", request) for request in requests}
    assert len(keys) == 1


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
