"""The journal's tables, its statements, and its rows."""

import os
import sqlite3
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from augcon_lib.errors import ModelError
from augcon_lib.model.journal.failures import SQLITE_ERRORS, JournalDamaged, journal_error

SCHEMA_VERSION = 3
BUSY_TIMEOUT_SECONDS = 30.0
SCHEMA = (
    """CREATE TABLE IF NOT EXISTS answers (
        key BLOB PRIMARY KEY, content TEXT NOT NULL, wire_form TEXT NOT NULL, model TEXT NOT NULL,
        created_at REAL NOT NULL, input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS calls (
        id INTEGER PRIMARY KEY, started_at REAL NOT NULL, seconds REAL NOT NULL,
        outcome TEXT NOT NULL, input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL,
        cost_usd REAL NOT NULL, model TEXT NOT NULL, run_id TEXT NOT NULL,
        session_id TEXT NOT NULL, stage TEXT NOT NULL, document_id TEXT NOT NULL)""",
    "CREATE INDEX IF NOT EXISTS calls_by_session ON calls (session_id)",
    """CREATE TABLE IF NOT EXISTS endpoints (
        base_url TEXT NOT NULL, model TEXT NOT NULL, asked_form TEXT NOT NULL,
        wire_form TEXT NOT NULL, omitted_fields TEXT NOT NULL, found_at REAL NOT NULL,
        PRIMARY KEY (base_url, model, asked_form))""",
    """CREATE TABLE IF NOT EXISTS choices (
        stage TEXT PRIMARY KEY, version TEXT NOT NULL, inputs TEXT NOT NULL,
        payload TEXT NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS batches (
        token TEXT PRIMARY KEY, base_url TEXT NOT NULL, model TEXT NOT NULL,
        made_at REAL NOT NULL, file_id TEXT NOT NULL, batch_id TEXT NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS batch_requests (key BLOB PRIMARY KEY, token TEXT NOT NULL)""",
)
SELECT_ANSWER = (
    "SELECT content, wire_form, model, created_at, input_tokens, output_tokens "
    "FROM answers WHERE key = ?"
)
ANY_ANSWER = "SELECT 1 FROM answers LIMIT 1"
DELETE_ANSWER = "DELETE FROM answers WHERE key = ?"
INSERT_ANSWERS = "INSERT INTO answers VALUES"
KEEP_EXISTING = "ON CONFLICT (key) DO NOTHING"
INSERT_CALLS = "INSERT INTO calls VALUES"
ANSWER_ROW = "(?, ?, ?, ?, ?, ?, ?)"
CALL_ROW = "(NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
SUM_CALLS = """SELECT count(*), coalesce(sum(input_tokens), 0), coalesce(sum(output_tokens), 0),
    coalesce(sum(cost_usd), 0.0), coalesce(sum(outcome <> 'ok'), 0) FROM calls"""
STAGE_CALLS = """
SELECT stage, count(*), sum(outcome = 'ok'), sum(input_tokens), sum(output_tokens) FROM calls
WHERE model = ? AND outcome <> 'cancelled' GROUP BY stage
"""
SUM_SESSION_CALLS = SUM_CALLS + " WHERE session_id = ?"
SESSION_BEGAN = "SELECT min(started_at) FROM calls WHERE session_id = ?"
SUM_CALLS_SINCE = SUM_CALLS + " WHERE id > ?"
LAST_CALL = "SELECT coalesce(max(id), 0) FROM calls"
SELECT_ENDPOINT = (
    "SELECT wire_form, omitted_fields FROM endpoints "
    "WHERE base_url = ? AND model = ? AND asked_form = ?"
)
SELECT_CHOICE = "SELECT version, inputs, payload FROM choices WHERE stage = ?"
DELETE_CHOICES = "DELETE FROM choices"
REPLACE_CHOICE = "INSERT OR REPLACE INTO choices VALUES (?, ?, ?, ?)"
REPLACE_ENDPOINT = "INSERT OR REPLACE INTO endpoints VALUES (?, ?, ?, ?, ?, ?)"


class StoredAnswer(NamedTuple):
    """An answer of the model, unchanged; ``wire_form`` is how it was requested."""

    content: str
    wire_form: str
    model: str
    created_at: float
    input_tokens: int
    output_tokens: int


class CallRecord(NamedTuple):
    """One HTTP call that was issued; ``outcome`` is ``ok`` or a reason code."""

    started_at: float
    seconds: float
    outcome: str
    input_tokens: int
    output_tokens: int
    cost_usd: float
    model: str
    run_id: str
    session_id: str
    stage: str
    document_id: str


class Spend(NamedTuple):
    """The cost of calls; ``failed`` counts those without a usable answer."""

    calls: int
    input_tokens: int
    output_tokens: int
    cost_usd: float
    failed: int


class StageCalls(NamedTuple):
    """All calls of one stage to one model: ``answered`` of them returned a usable answer."""

    issued: int
    answered: int
    input_tokens: int
    output_tokens: int


NOTHING_SPENT = Spend(0, 0, 0, 0.0, 0)


class KeptChoice(NamedTuple):
    """An active scorer or few-shot choice, learned from the journal's answers.

    ``inputs`` (a JSON object of its inputs) and ``payload`` are opaque to the journal.
    """

    version: str
    inputs: str
    payload: str


class EndpointAddress(NamedTuple):
    """An endpoint, and the ``structured_output`` setting under which it was tried."""

    base_url: str
    model: str
    asked_form: str


@dataclass(frozen=True, slots=True)
class EndpointTraits:
    """The traits of an endpoint: its wire form, and the request fields that it refuses."""

    wire_form: str
    omitted_fields: frozenset[str] = frozenset()


def insert_answers(count: int) -> str:
    """Return a statement that inserts *count* answers and keeps existing ones."""
    return " ".join([INSERT_ANSWERS, ", ".join([ANSWER_ROW] * count), KEEP_EXISTING])


def insert_calls(count: int) -> str:
    """Return a statement that inserts *count* calls."""
    return " ".join([INSERT_CALLS, ", ".join([CALL_ROW] * count)])


def connect(path: Path) -> sqlite3.Connection:
    """Open a connection in WAL mode with full durability and all tables; raises ``ModelError``."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _begin(path)
        connection = _open(path)
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > SCHEMA_VERSION:
            connection.close()
            raise ModelError(
                f"{path}: the call journal was written by a newer augcon (version {version}); "
                "upgrade augcon, or move the file away and pay for its answers again"
            )
        if version < SCHEMA_VERSION:
            _make_tables(connection)
    except (*SQLITE_ERRORS, OSError) as error:
        raise journal_error(path, "opened", error) from error
    return connection


def _begin(path: Path) -> None:
    """Create a journal if none exists: complete first, then renamed, so that none is ever empty.

    An empty file is thus a truncated one, not a new journal.
    """
    if path.exists():
        if path.is_file() and path.stat().st_size == 0:
            raise JournalDamaged(
                f"{path}: the call journal is empty: it was cut to 0 bytes, and its answers are "
                "lost; restore it from a backup, or start a new one: augcon journal recover; lost "
                "answers are requested, and paid for, again"
            )
        return
    new = path.with_name(f"{path.name}.new-{uuid.uuid4().hex}")
    try:
        connection = _open(new)
        _make_tables(connection)
        connection.close()
        with suppress(FileExistsError):  # another process was first
            os.link(new, path)
    except OSError:
        if path.exists():
            raise
        new.rename(path)  # a file system without links
    finally:
        new.unlink(missing_ok=True)


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, timeout=BUSY_TIMEOUT_SECONDS, isolation_level=None, check_same_thread=False
    )
    _enter_wal(connection)
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def _make_tables(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    for statement in SCHEMA:
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    connection.execute("COMMIT")


def _enter_wal(connection: sqlite3.Connection) -> None:
    """Switch to WAL; the switch ignores the busy timeout, so wait for other processes here."""
    deadline = time.monotonic() + BUSY_TIMEOUT_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
