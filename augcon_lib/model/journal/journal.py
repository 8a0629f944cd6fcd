"""The call journal: every answer that was paid for, and every call that was issued.

SQLite, append-only, many processes at once; writes go through one thread
(:mod:`~augcon_lib.model.journal.writer`). An answer is durable before :meth:`Journal.store`
returns; a failure is never stored as an answer.
"""

import asyncio
import threading
import time
from pathlib import Path
from typing import Any

from augcon_lib.model.journal.claims import Claim, Claims
from augcon_lib.model.journal.failures import SQLITE_ERRORS, journal_error
from augcon_lib.model.journal.tables import (
    ANY_ANSWER,
    DELETE_CHOICES,
    LAST_CALL,
    NOTHING_SPENT,
    REPLACE_CHOICE,
    REPLACE_ENDPOINT,
    SELECT_ANSWER,
    SELECT_CHOICE,
    SELECT_ENDPOINT,
    SESSION_BEGAN,
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
)
from augcon_lib.model.journal.writer import Job, JournalWriter, Statement


class Journal:
    """The journal at one path; safe for many threads and processes.

    Raises ``ModelError`` if the file cannot be opened, read or written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._reader = connect(path)
        self._reader_lock = threading.Lock()
        self._claims = Claims.at(path)
        # Whether answers under the keys of augcon 0.1 may exist.
        self.was_begun = self._read(ANY_ANSWER, ()) is not None
        self._is_open = True
        self._writer = JournalWriter(path)

    def get(self, key: bytes) -> StoredAnswer | None:
        """Return the answer under *key*, or None (about 10 microseconds)."""
        row = self._read(SELECT_ANSWER, (key,))
        return StoredAnswer._make(row) if row else None

    def claimed(self, key: bytes) -> Claim:
        """Wait until no other process asks for *key*, and keep them from asking in the body.

        Look in the journal again in the body: another process may have asked.
        """
        return self._claims.held(key)

    async def store(
        self, key: bytes, answer: StoredAnswer, call: CallRecord, *, replace: bool = False
    ) -> StoredAnswer:
        """Make *answer* durable together with its *call*, and return the active answer.

        If another process stored an answer under *key* first, that one stays and is returned,
        unless *replace* (the stored one turned out to be unusable).
        """
        self._writer.check()
        waiting: asyncio.Future[StoredAnswer] = asyncio.get_running_loop().create_future()
        self._writer.submit(Job(key, answer, replace, call, waiting=waiting))
        return await waiting

    def record(self, call: CallRecord) -> None:
        """Record a call that returned no usable answer; durable with the next commit."""
        self._writer.submit(Job(call=call))

    def endpoint_traits(self, address: EndpointAddress) -> EndpointTraits | None:
        """Return what an earlier process found out about the endpoint at *address*, or None."""
        row = self._read(SELECT_ENDPOINT, address)
        return EndpointTraits(str(row[0]), frozenset(str(row[1]).split())) if row else None

    def remember_endpoint(self, address: EndpointAddress, traits: EndpointTraits) -> None:
        """Keep *traits* for later processes; durable with the next commit."""
        omitted = " ".join(sorted(traits.omitted_fields))
        row = (*address, traits.wire_form, omitted, time.time())
        self.write((REPLACE_ENDPOINT, [row]))

    def choice(self, stage: str) -> KeptChoice | None:
        """Return what :meth:`keep_choice` kept for *stage*, or None."""
        row = self._read(SELECT_CHOICE, (stage,))
        return KeptChoice._make(row) if row else None

    def keep_choice(self, stage: str, choice: KeptChoice) -> None:
        """Keep *choice* next to the answers it was learned from, in place of the previous one."""
        self.write((REPLACE_CHOICE, [(stage, *choice)]))

    def forget_choices(self) -> None:
        """Drop the kept choices: the next ones are learned from the answers again."""
        self.write((DELETE_CHOICES, [()]))
        self.flush()

    def spend(self, session_id: str | None = None) -> Spend:
        """Return the cost of all calls, or of those of one session (one command of the user)."""
        self.flush()
        if session_id is None:
            row = self._read(SUM_CALLS, ())
        else:
            row = self._read(SUM_SESSION_CALLS, (session_id,))
        return Spend._make(row or (0, 0, 0, 0.0, 0))

    def session_began(self, session_id: str) -> float | None:
        """Return when a session issued its first call (seconds since 1970); None before it."""
        row = self._read(SESSION_BEGAN, (session_id,)) if session_id else None
        return row[0] if row else None

    def spend_since(self, call: int) -> tuple[Spend, int]:
        """Return the cost of the calls after number *call*, and the number of the last one.

        Counts all calls if the journal is younger than *call*.
        """
        self.flush()
        (last,) = self._read(LAST_CALL, ()) or (0,)
        row = self._read(SUM_CALLS_SINCE, (call if call <= last else 0,))
        return Spend._make(row or NOTHING_SPENT), last

    def calls_by_stage(self, model: str) -> dict[str, StageCalls]:
        """Return the calls and tokens of *model* so far, by stage."""
        self.flush()
        rows = self.read_all(STAGE_CALLS, (model,))
        return {stage: StageCalls(*counts) for stage, *counts in rows}

    def tokens_per_call(self, model: str) -> dict[str, tuple[float, float]]:
        """Return the mean input and output tokens per usable answer of *model*, by stage."""
        return {
            stage: (calls.input_tokens / calls.answered, calls.output_tokens / calls.answered)
            for stage, calls in self.calls_by_stage(model).items()
            if calls.answered
        }

    def write(self, *statements: Statement) -> None:
        """Execute *statements* in one transaction; durable with the next commit."""
        self._writer.submit(Job(statements=statements))

    async def write_now(self, *statements: Statement) -> None:
        """Execute *statements* in one transaction; durable on return.

        They are executed even if the caller is cancelled.
        """
        await asyncio.wrap_future(self._writer.barrier(statements))

    def read_all(self, statement: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        """Return all rows of a query."""
        try:
            with self._reader_lock:
                return self._reader.execute(statement, values).fetchall()
        except SQLITE_ERRORS as error:
            raise journal_error(self.path, "read", error) from error

    def flush(self) -> None:
        """Wait until everything submitted so far is durable; raises if some of it is not."""
        if self._writer.is_used:
            self._writer.barrier().result()
            self._writer.check()

    def close(self) -> None:
        """Write everything queued, and close; may be called twice."""
        self._writer.close()
        self._reader.close()
        if self._is_open:
            self._is_open = False
            self._claims.close()

    def _read(self, statement: str, values: tuple[object, ...]) -> tuple[Any, ...] | None:
        try:
            with self._reader_lock:
                row: tuple[Any, ...] | None = self._reader.execute(statement, values).fetchone()
            return row
        except SQLITE_ERRORS as error:
            raise journal_error(self.path, "read", error) from error
