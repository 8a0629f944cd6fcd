"""The call journal: every answer that was paid for, and every call that was issued.

SQLite, append-only, many processes at once. Writes go through one thread that commits whatever
has gathered while the last commit ran, so no call waits for more than about two commits. An
answer is durable before :meth:`Journal.store` returns; a failure is never stored as an answer.
"""

import asyncio
import logging
import queue
import sqlite3
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from augcon_lib.errors import ModelError
from augcon_lib.model.journal.tables import (
    DELETE_ANSWER,
    DELETE_CHOICES,
    LAST_CALL,
    NOTHING_SPENT,
    REPLACE_CHOICE,
    REPLACE_ENDPOINT,
    SELECT_ANSWER,
    SELECT_CHOICE,
    SELECT_ENDPOINT,
    STAGE_CALLS,
    SUM_CALLS,
    SUM_CALLS_SINCE,
    SUM_SESSION_CALLS,
    CallRecord,
    EndpointAddress,
    EndpointTraits,
    KeptChoice,
    Spend,
    StageCalls,
    StoredAnswer,
    connect,
    insert_answers,
    insert_calls,
)

logger = logging.getLogger(__name__)

MAX_GROUP = 512  # rows of a group stay below SQLite's 32,766 variables a statement
BUSY_ATTEMPTS = 10  # of half a minute each: as long may another command rewrite the journal


# SQL that changes rows, and the values for each time that it is executed.
Statement = tuple[str, Sequence[tuple[object, ...]]]


@dataclass(slots=True)
class _Job:
    """What to write, and who waits for the answer in force, or *barrier* for the commit."""

    key: bytes = b""
    answer: StoredAnswer | None = None
    replace: bool = False
    call: CallRecord | None = None
    statements: Sequence[Statement] = ()
    waiting: "asyncio.Future[StoredAnswer] | None" = None
    barrier: "Future[None] | None" = None


class Journal:
    """The journal at one path; safe for many threads and processes.

    ``ModelError`` where the file cannot be opened, read or written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._reader = connect(path)
        self._reader_lock = threading.Lock()
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._lost: ModelError | None = None  # the last write that failed
        self._writer: threading.Thread | None = None

    def get(self, key: bytes) -> StoredAnswer | None:
        """The answer under *key*, or None (about 10 microseconds)."""
        row = self._read(SELECT_ANSWER, (key,))
        return StoredAnswer._make(row) if row else None

    async def store(
        self, key: bytes, answer: StoredAnswer, call: CallRecord, *, replace: bool = False
    ) -> StoredAnswer:
        """Make *answer* durable together with its *call*, and return the answer now in force.

        Where another process stored an answer under *key* first, that one stays and is returned,
        unless *replace* (the stored one turned out to be unusable).
        """
        if self._lost is not None:
            raise self._lost
        waiting: asyncio.Future[StoredAnswer] = asyncio.get_running_loop().create_future()
        self._submit(_Job(key, answer, replace, call, waiting=waiting))
        return await waiting

    def record(self, call: CallRecord) -> None:
        """Note a call that brought no usable answer; durable with the next commit."""
        self._submit(_Job(call=call))

    def endpoint_traits(self, address: EndpointAddress) -> EndpointTraits | None:
        """What an earlier process found out about the endpoint at *address*, or None."""
        row = self._read(SELECT_ENDPOINT, address)
        return EndpointTraits(str(row[0]), frozenset(str(row[1]).split())) if row else None

    def remember_endpoint(self, address: EndpointAddress, traits: EndpointTraits) -> None:
        """Keep *traits* for later processes; durable with the next commit."""
        omitted = " ".join(sorted(traits.omitted_fields))
        row = (*address, traits.wire_form, omitted, time.time())
        self.write((REPLACE_ENDPOINT, [row]))

    def choice(self, stage: str) -> KeptChoice | None:
        """What :meth:`keep_choice` kept for *stage*, or None."""
        row = self._read(SELECT_CHOICE, (stage,))
        return KeptChoice._make(row) if row else None

    def keep_choice(self, stage: str, choice: KeptChoice) -> None:
        """Keep *choice* beside the answers it was learned from, in place of the one before."""
        self.write((REPLACE_CHOICE, [(stage, *choice)]))

    def forget_choices(self) -> None:
        """Keep no choice any more: what is learned next is learned from the answers again."""
        self.write((DELETE_CHOICES, [()]))
        self.flush()

    def spend(self, session_id: str | None = None) -> Spend:
        """What all calls have cost, or those of one session (one command of the user's)."""
        self.flush()
        if session_id is None:
            row = self._read(SUM_CALLS, ())
        else:
            row = self._read(SUM_SESSION_CALLS, (session_id,))
        return Spend._make(row or (0, 0, 0, 0.0, 0))

    def spend_since(self, call: int) -> tuple[Spend, int]:
        """What the calls after number *call* have cost, and the number of the last one.

        All of them where the journal is younger than *call*.
        """
        self.flush()
        (last,) = self._read(LAST_CALL, ()) or (0,)
        row = self._read(SUM_CALLS_SINCE, (call if call <= last else 0,))
        return Spend._make(row or NOTHING_SPENT), last

    def calls_by_stage(self, model: str) -> dict[str, StageCalls]:
        """Calls and tokens that *model* took so far, by stage."""
        self.flush()
        rows = self.read_all(STAGE_CALLS, (model,))
        return {stage: StageCalls(*counts) for stage, *counts in rows}

    def tokens_per_call(self, model: str) -> dict[str, tuple[float, float]]:
        """Mean input and output tokens for each usable answer of *model*, by stage."""
        return {
            stage: (calls.input_tokens / calls.answered, calls.output_tokens / calls.answered)
            for stage, calls in self.calls_by_stage(model).items()
            if calls.answered
        }

    def write(self, *statements: Statement) -> None:
        """Execute *statements* in one transaction; durable with the next commit."""
        self._submit(_Job(statements=statements))

    async def write_now(self, *statements: Statement) -> None:
        """Execute *statements* in one transaction; durable on return."""
        barrier: Future[None] = Future()
        self._submit(_Job(statements=statements, barrier=barrier))
        await asyncio.wrap_future(barrier)

    def read_all(self, statement: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        try:
            with self._reader_lock:
                return self._reader.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise ModelError(f"{self.path}: the call journal cannot be read: {error}") from error

    def flush(self) -> None:
        """Wait until everything submitted so far is durable; raises where some of it is not."""
        if self._writer is None:
            return
        barrier: Future[None] = Future()
        self._submit(_Job(barrier=barrier))
        barrier.result()
        if self._lost is not None:
            raise self._lost

    def close(self) -> None:
        """Write what is queued, and close; may be called twice."""
        if self._writer is not None:
            self._jobs.put(None)
            self._writer.join()
            self._writer = None
        self._reader.close()

    def _read(self, statement: str, values: tuple[object, ...]) -> tuple[Any, ...] | None:
        try:
            with self._reader_lock:
                row: tuple[Any, ...] | None = self._reader.execute(statement, values).fetchone()
            return row
        except sqlite3.Error as error:
            raise ModelError(f"{self.path}: the call journal cannot be read: {error}") from error

    def _submit(self, job: _Job) -> None:
        if self._writer is None:
            self._writer = threading.Thread(
                target=self._write_forever, name="augcon-journal", daemon=True
            )
            self._writer.start()
        self._jobs.put(job)

    def _write_forever(self) -> None:
        connection: sqlite3.Connection | None = None
        stop = False
        while not stop:
            group: list[_Job] = []
            job = self._jobs.get()
            while True:
                if job is None:
                    stop = True
                    break
                group.append(job)
                if len(group) == MAX_GROUP or self._jobs.empty():
                    break
                job = self._jobs.get()
            if not group:
                break
            failure: ModelError | None = None
            in_force: dict[bytes, StoredAnswer] = {}
            try:
                connection = connection or connect(self.path)
                in_force = _commit_when_free(connection, group)
            except Exception as error:  # whatever it is, those who wait have to be told
                failure = ModelError(_unwritten(self.path, error))
                self._lost = failure
                logger.error("%s", failure)
            _tell(group, in_force, failure)
        if connection is not None:
            connection.close()


def _commit_when_free(
    connection: sqlite3.Connection, group: list[_Job]
) -> dict[bytes, StoredAnswer]:
    """As :func:`_commit`, with patience where another process holds the file for long."""
    for _ in range(BUSY_ATTEMPTS - 1):
        try:
            return _commit(connection, group)
        except sqlite3.OperationalError as error:
            if not _is_busy(error):
                raise
    return _commit(connection, group)


def _is_busy(error: BaseException) -> bool:
    code = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _unwritten(path: Path, error: Exception) -> str:
    """What a failed write means for the user, and the way out."""
    way_out = "free disk space or mend its permissions, and run again"
    if _is_busy(error):
        way_out = "another program holds it (augcon journal compact?): run again when it is done"
    return f"{path}: the call journal cannot be written: {error}; {way_out}"


def _commit(connection: sqlite3.Connection, group: list[_Job]) -> dict[bytes, StoredAnswer]:
    """Write *group* in one transaction; returns the answers now in force, by key.

    Few statements with many rows: each statement hands the interpreter's lock back and forth,
    which takes milliseconds while the event loop is busy.
    """
    answers: dict[bytes, StoredAnswer] = {}
    for job in group:
        if job.answer is not None:
            answers.setdefault(job.key, job.answer)
    calls = [job.call for job in group if job.call is not None]
    connection.execute("BEGIN IMMEDIATE")
    try:
        for job in group:
            if job.replace:
                connection.execute(DELETE_ANSWER, (job.key,))
            for sql, rows in job.statements:
                connection.executemany(sql, rows)
        if answers:
            values = [value for key, answer in answers.items() for value in (key, *answer)]
            inserted = connection.execute(insert_answers(len(answers)), values).rowcount
            if inserted < len(answers):
                for key in answers:  # another process was first with some of them
                    row = connection.execute(SELECT_ANSWER, (key,)).fetchone()
                    answers[key] = StoredAnswer._make(row)
        if calls:
            connection.execute(insert_calls(len(calls)), [value for row in calls for value in row])
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return answers


def _tell(
    group: list[_Job], in_force: dict[bytes, StoredAnswer], failure: ModelError | None
) -> None:
    """Let all who wait for *group* go on; each event loop is woken once."""
    loops: dict[asyncio.AbstractEventLoop, list[_Job]] = {}
    for job in group:
        if job.waiting is not None:
            loops.setdefault(job.waiting.get_loop(), []).append(job)
        elif job.barrier is not None:
            if failure:
                job.barrier.set_exception(failure)
            else:
                job.barrier.set_result(None)
    for loop, jobs in loops.items():
        with suppress(RuntimeError):  # a loop that was closed has nobody waiting
            loop.call_soon_threadsafe(_settle, jobs, in_force, failure)


def _settle(
    jobs: list[_Job], in_force: dict[bytes, StoredAnswer], failure: ModelError | None
) -> None:
    for job in jobs:
        if job.waiting is None or job.waiting.done():
            continue  # its task was cancelled; the answer is durable all the same
        if failure is not None:
            job.waiting.set_exception(failure)
        else:
            job.waiting.set_result(in_force[job.key])
