"""Keep what can still be read of a damaged journal.

Rows are read by their number, so that a damaged page costs only the rows on it. The damaged file
stays next to the new one.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from augcon_lib.errors import ModelError
from augcon_lib.model.journal.failures import SQLITE_ERRORS, journal_error
from augcon_lib.model.journal.tables import connect
from augcon_lib.text.surrogates import without_surrogates

TABLES = ("answers", "calls", "endpoints", "choices", "batches", "batch_requests")
ROWS_AT_ONCE = 256
MAX_GAP = 1 << 20  # at most this many rows are skipped at once after damage


@dataclass(frozen=True, slots=True)
class Recovered:
    """How many rows were kept, and where the damaged file is now (None: it did not exist)."""

    answers: int
    calls: int
    damaged: Path | None


def recover(path: Path) -> Recovered:
    """Write what can be read of the journal at *path* to a new one in its place.

    Not while a run is in progress. Raises ``ModelError`` if no journal exists, or no space is left.
    """
    if not path.is_file():
        raise ModelError(f"{path}: no call journal exists to recover")
    new = path.with_name(f"{path.name}.recovered")
    new.unlink(missing_ok=True)
    kept = dict.fromkeys(TABLES, 0)
    try:
        with closing(connect(new)) as target:
            if path.stat().st_size:
                for table in TABLES:
                    kept[table] = _copy(path, table, target)
            target.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        damaged = path.with_name(f"{path.name}.damaged-{time.strftime('%Y%m%dT%H%M%S')}")
        for ending in ("-wal", "-shm"):
            with suppress(FileNotFoundError):
                path.with_name(path.name + ending).rename(damaged.with_name(damaged.name + ending))
        path.rename(damaged)
        new.rename(path)
    except (OSError, *SQLITE_ERRORS) as error:
        raise journal_error(path, "recovered", error) from error
    return Recovered(kept["answers"], kept["calls"], damaged)


def _copy(path: Path, table: str, target: sqlite3.Connection) -> int:
    """Copy the readable rows of *table*, and return how many they are."""
    width = len(target.execute(f"PRAGMA table_info({table})").fetchall())
    marks = ", ".join("?" * width)
    copied = 0
    target.execute("BEGIN")
    for row in _rows(path, table):
        whole = _whole(table, row)
        if whole is not None and len(whole) == width:
            with suppress(sqlite3.IntegrityError):  # a required column is empty
                statement = f"INSERT OR IGNORE INTO {table} VALUES ({marks})"  # noqa: S608
                copied += target.execute(statement, whole).rowcount
    target.execute("COMMIT")
    return copied


def _rows(path: Path, table: str) -> Iterator[tuple[Any, ...]]:
    """Yield the readable rows of *table*, without their numbers."""
    with closing(sqlite3.connect(path)) as source:
        source.text_factory = _text
        after, step, gap = -1, ROWS_AT_ONCE, 1
        try:
            (last,) = source.execute(f"SELECT max(rowid) FROM {table}").fetchone()  # noqa: S608
        except SQLITE_ERRORS:
            last = MAX_GAP
        while last is not None and after < last:
            query = f"SELECT rowid, * FROM {table} WHERE rowid > ? ORDER BY rowid LIMIT ?"  # noqa: S608
            read = 0
            try:
                for number, *row in source.execute(query, (after, step)):
                    after, read, gap = number, read + 1, 1
                    yield tuple(row)
                if read < step:
                    return
                step = ROWS_AT_ONCE
            except SQLITE_ERRORS:
                if read == 0 and step > 1:
                    step = 1
                elif read == 0:
                    after, gap = after + gap, min(2 * gap, MAX_GAP)


def _text(data: bytes) -> str:
    """Decode *data*; invalid UTF-8 becomes halves of surrogate pairs, which no text contains."""
    return data.decode("utf-8", "surrogateescape")


def _whole(table: str, row: tuple[Any, ...]) -> tuple[Any, ...] | None:
    """Return *row* in storable form; None for a damaged answer. A damaged call still counts."""
    damaged = any(isinstance(value, str) and without_surrogates(value) != value for value in row)
    if not damaged:
        return row
    if table != "calls":
        return None
    return tuple(without_surrogates(value) if isinstance(value, str) else value for value in row)
