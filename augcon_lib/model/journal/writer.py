"""The thread that writes the journal: it commits everything queued during the previous commit.

So no call waits for more than about two commits. Every waiting caller gets a result: the commit,
the error of its group, or the end of the thread.
"""

import asyncio
import logging
import queue
import sqlite3
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from augcon_lib.errors import ModelError
from augcon_lib.model.journal.failures import is_busy, journal_error
from augcon_lib.model.journal.tables import (
    DELETE_ANSWER,
    SELECT_ANSWER,
    CallRecord,
    StoredAnswer,
    connect,
    insert_answers,
    insert_calls,
)

logger = logging.getLogger(__name__)

MAX_GROUP = 512  # rows of a group stay below SQLite's 32,766 variables a statement
BUSY_ATTEMPTS = 10  # of half a minute each: another command may rewrite the journal for that long

# SQL that changes rows, and the values for each time that it is executed.
Statement = tuple[str, Sequence[tuple[object, ...]]]


@dataclass(slots=True)
class Job:
    """What to write, and which future waits for the active answer or (*barrier*) the commit."""

    key: bytes = b""
    answer: StoredAnswer | None = None
    replace: bool = False
    call: CallRecord | None = None
    statements: Sequence[Statement] = ()
    waiting: "asyncio.Future[StoredAnswer] | None" = None
    barrier: "Future[None] | None" = None


class JournalWriter:
    """Writes jobs to the journal at *path* from one thread, started with the first of them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._lock = threading.Lock()  # between a job that comes and the end of the thread
        self._thread: threading.Thread | None = None
        self._lost: ModelError | None = None  # the last write that failed
        self._ended_by: ModelError | None = None

    @property
    def is_used(self) -> bool:
        """Whether anything was submitted since it was opened or closed."""
        return self._thread is not None

    def check(self) -> None:
        """Raise the ``ModelError`` of a write that failed before, if one did."""
        if self._lost is not None:
            raise self._lost

    def submit(self, job: Job) -> None:
        """Queue *job* for writing; raises ``ModelError`` if the thread has ended."""
        with self._lock:
            if self._ended_by is not None:
                raise self._ended_by
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="augcon-journal", daemon=True
                )
                self._thread.start()
            self._jobs.put(job)

    def barrier(self, statements: Sequence[Statement] = ()) -> "Future[None]":
        """Return a future that is done when *statements*, and everything before, are durable.

        It cannot be cancelled: submitted statements are always written.
        """
        barrier: Future[None] = Future()
        barrier.set_running_or_notify_cancel()
        self.submit(Job(statements=statements, barrier=barrier))
        return barrier

    def close(self) -> None:
        """Write everything queued, and end the thread; may be called twice."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._jobs.put(None)
            thread.join()

    def _run(self) -> None:
        group: list[Job] = []
        try:
            self._write_until_closed(group)
        except BaseException as error:  # whatever ends the thread, nobody waits for it
            ended = journal_error(self._path, "written", error)
            logger.error("%s", ended)
            with self._lock:
                self._lost = self._ended_by = ended
                while not self._jobs.empty():
                    job = self._jobs.get()
                    if job is not None:
                        group.append(job)
            _tell(group, {}, ended)

    def _write_until_closed(self, group: list[Job]) -> None:
        """Write group after group; *group* contains the jobs that still wait for a result."""
        connection: sqlite3.Connection | None = None
        stop = False
        try:
            while not stop:
                stop = self._gather(group)
                failure: ModelError | None = None
                stored: dict[bytes, StoredAnswer] = {}
                try:
                    if group:
                        connection = connection or connect(self._path)
                        stored = _commit_when_free(connection, group)
                except ModelError as error:
                    failure = error
                except Exception as error:  # whatever it is, waiting callers have to get it
                    failure = journal_error(self._path, "written", error)
                if failure is not None:
                    self._lost = failure
                    logger.error("%s", failure)
                _tell(group, stored, failure)
                group.clear()
        finally:
            if connection is not None:
                connection.close()

    def _gather(self, group: list[Job]) -> bool:
        """Wait for a job, and take all queued after it; return whether the last one has come."""
        job = self._jobs.get()
        while job is not None:
            group.append(job)
            if len(group) == MAX_GROUP or self._jobs.empty():
                return False
            job = self._jobs.get()
        return True


def _commit_when_free(
    connection: sqlite3.Connection, group: list[Job]
) -> dict[bytes, StoredAnswer]:
    """As :func:`_commit`, with retries if another process locks the file for long."""
    for _ in range(BUSY_ATTEMPTS - 1):
        try:
            return _commit(connection, group)
        except sqlite3.OperationalError as error:
            if not is_busy(error):
                raise
    return _commit(connection, group)


def _commit(connection: sqlite3.Connection, group: list[Job]) -> dict[bytes, StoredAnswer]:
    """Write *group* in one transaction; return the active answers by key.

    Few statements with many rows: each statement releases and takes the interpreter's lock, which
    costs milliseconds while the event loop is busy.
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


def _tell(group: list[Job], stored: dict[bytes, StoredAnswer], failure: ModelError | None) -> None:
    """Wake all waiters of *group*; each event loop is woken once."""
    loops: dict[asyncio.AbstractEventLoop, list[Job]] = {}
    for job in group:
        if job.waiting is not None:
            loops.setdefault(job.waiting.get_loop(), []).append(job)
        elif job.barrier is not None and not job.barrier.done():
            if failure:
                job.barrier.set_exception(failure)
            else:
                job.barrier.set_result(None)
    for loop, jobs in loops.items():
        with suppress(RuntimeError):  # a loop that was closed has nobody waiting
            loop.call_soon_threadsafe(_settle, jobs, stored, failure)


def _settle(jobs: list[Job], stored: dict[bytes, StoredAnswer], failure: ModelError | None) -> None:
    for job in jobs:
        if job.waiting is None or job.waiting.done():
            continue  # its task was cancelled; the answer is durable anyway
        if failure is not None:
            job.waiting.set_exception(failure)
        else:
            job.waiting.set_result(stored[job.key])
