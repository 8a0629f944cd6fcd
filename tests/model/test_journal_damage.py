"""A journal that does not hold what was written to it is named, and what is left of it is kept."""

import asyncio
import os
import random
import shutil
import sqlite3
from pathlib import Path

import pytest

from augcon_lib.errors import ModelError
from augcon_lib.model.journal import Journal
from augcon_lib.model.journal.failures import JournalDamaged
from augcon_lib.model.journal.recovery import recover
from augcon_lib.model.journal.tables import CallRecord, StoredAnswer

ANSWERS = 400
CALL = CallRecord(1.0, 0.5, "ok", 10, 2, 0.25, "openai/tiny", "r", "s", "st", "d")


def _content(number: int) -> str:
    return f"answer {number} of the mill " + "é" * 60


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sound") / "journal.sqlite"
    journal = Journal(path)

    async def fill() -> None:
        for number in range(ANSWERS):
            answer = StoredAnswer(_content(number), "text", "openai/tiny", 1.0, 10, 2)
            await journal.store(b"%032d" % number, answer, CALL)

    asyncio.run(fill())
    journal.close()
    return path


def _copy(sound: Path, folder: Path) -> Path:
    return Path(shutil.copy(sound, folder / "journal.sqlite"))


def _read_all(path: Path) -> dict[bytes, str]:
    journal = Journal(path)
    try:
        journal.spend()
        return dict(journal.read_all("SELECT key, content FROM answers", ()))
    finally:
        journal.close()


def _problem(path: Path) -> str:
    """What augcon says of reading all of the journal; any other error is raised."""
    try:
        _read_all(path)
    except ModelError as error:
        return str(error)
    return ""


def test_a_journal_that_was_cut_to_nothing_is_no_new_one(sound: Path, tmp_path: Path) -> None:
    path = _copy(sound, tmp_path)
    os.truncate(path, 0)
    with pytest.raises(JournalDamaged, match=r"journal\.sqlite.*cut to 0 bytes.*journal recover"):
        Journal(path)
    kept = recover(path)
    assert (kept.answers, kept.calls) == (0, 0)
    assert _read_all(path) == {}


def test_a_new_journal_is_never_empty_under_its_name(tmp_path: Path) -> None:
    path = tmp_path / "state" / "journal.sqlite"
    journals = [Journal(path) for _ in range(3)]
    assert [each.name for each in path.parent.iterdir() if "new" in each.name] == []
    assert path.stat().st_size > 0
    for journal in journals:
        journal.close()


@pytest.mark.parametrize(
    ("byte", "behind"),
    [(0xFF, "answer 17 of the mill "), (0xBE, "answer 17 of the mill " + "é" * 14)],
)
def test_one_flipped_byte_costs_one_answer(
    sound: Path, tmp_path: Path, byte: int, behind: str
) -> None:
    path = _copy(sound, tmp_path)
    data = path.read_bytes()
    at = data.index(_content(17).encode()) + len(behind.encode())
    path.write_bytes(data[:at] + bytes([byte]) + data[at + 1 :])
    journal = Journal(path)
    with pytest.raises(JournalDamaged, match=r"journal\.sqlite.*damaged.*augcon journal recover"):
        journal.get(b"%032d" % 17)
    journal.close()
    kept = recover(path)
    assert (kept.answers, kept.calls) == (ANSWERS - 1, ANSWERS)
    assert _read_all(path) == {b"%032d" % n: _content(n) for n in range(ANSWERS) if n != 17}
    assert kept.damaged is not None
    assert kept.damaged.read_bytes()[at] == byte


@pytest.mark.parametrize("seed", range(40))
def test_whatever_is_damaged_is_told_or_read_and_recovered(
    sound: Path, tmp_path: Path, seed: int
) -> None:
    path = _copy(sound, tmp_path)
    chance = random.Random(seed)
    data = bytearray(path.read_bytes())
    if seed % 3 == 0:
        data = data[: chance.randrange(1, len(data))]
    for _ in range(20):
        data[chance.randrange(len(data))] ^= 0xFF
    path.write_bytes(data)
    problem = _problem(path)
    assert not problem or "journal.sqlite" in problem
    recover(path)
    assert not _problem(path)
    checked = sqlite3.connect(path)
    assert checked.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    checked.close()


def test_a_damaged_page_costs_no_more_than_its_rows(sound: Path, tmp_path: Path) -> None:
    path = _copy(sound, tmp_path)
    data = path.read_bytes()
    page = data.index(_content(200).encode()) // 4096
    path.write_bytes(data[: page * 4096] + os.urandom(4096) + data[(page + 1) * 4096 :])
    kept = recover(path)
    assert ANSWERS - 40 < kept.answers < ANSWERS
    assert kept.calls == ANSWERS
