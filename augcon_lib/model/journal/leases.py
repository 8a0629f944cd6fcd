"""Calls and dollars that processes have reserved, in addition to the calls that they have made.

A period has left its limit, less the calls in the journal, less the reservations. A process
reserves calls before it sends them, in a transaction that lets one process at a time read and
write, so that several processes stay below a limit together. A call is reserved until its row is
in the journal; if a process is killed in between, it stays reserved: it may have been sent.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from augcon_lib.model.journal.failures import SQLITE_ERRORS, journal_error
from augcon_lib.model.journal.tables import connect

# Created if they are missing: a journal of any version may get them, and an older augcon that
# does not know them leaves them alone.
SCHEMA = (
    """CREATE TABLE IF NOT EXISTS leases (
        owner TEXT PRIMARY KEY, renewed_at REAL NOT NULL, calls INTEGER NOT NULL,
        usd REAL NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS refusals (
        setting TEXT PRIMARY KEY, maximum REAL NOT NULL, until REAL NOT NULL)""",
)
SUM_NEW_CALLS = """SELECT count(*), coalesce(sum(cost_usd), 0.0) FROM calls
WHERE id > ? AND started_at >= ?"""
LAST_CALL = "SELECT coalesce(max(id), 0) FROM calls"
SUM_LEASES = """SELECT coalesce(sum(calls), 0), coalesce(sum(usd), 0.0) FROM leases
WHERE owner <> ? AND renewed_at >= ?"""
REPLACE_LEASE = "INSERT OR REPLACE INTO leases VALUES (?, ?, ?, ?)"
DELETE_LEASE = "DELETE FROM leases WHERE owner = ?"
REPLACE_REFUSAL = "INSERT OR REPLACE INTO refusals VALUES (?, ?, ?)"
SELECT_REFUSALS = "SELECT setting, maximum, until FROM refusals"


class Amount(NamedTuple):
    """Calls, and US dollars."""

    calls: int
    usd: float

    def __add__(self, other: "Amount") -> "Amount":  # type: ignore[override]
        return Amount(self.calls + other.calls, self.usd + other.usd)


NOTHING = Amount(0, 0.0)


class Leases:
    """The reservations and spending of *owner*, one engine of one process, and of all others.

    For one thread at a time; raises ``ModelError`` if the journal cannot be read or written.
    """

    def __init__(self, path: Path, owner: str) -> None:
        self.path = path
        self.owner = owner
        self._connection = connect(path)
        # By the beginning of a period: the last call that was counted, and the spending up to it.
        self._counted: dict[float, tuple[int, Amount]] = {}
        with self._errors():
            for statement in SCHEMA:
                self._connection.execute(statement)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Keep everybody else from reserving or recording calls in the body."""
        with self._errors():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def spent(self, since: float) -> Amount:
        """Return the calls that began at the Unix time *since* or later; counts each call once."""
        with self._errors():
            after, known = self._counted.get(since, (0, NOTHING))
            (last,) = self._connection.execute(LAST_CALL).fetchone()
            new = Amount(*self._connection.execute(SUM_NEW_CALLS, (after, since)).fetchone())
            self._counted[since] = (last, known + new)
        return known + new

    def set_aside_by_others(self, since: float) -> Amount:
        """Return what others have reserved since the Unix time *since* or later."""
        with self._errors():
            return Amount(*self._connection.execute(SUM_LEASES, (self.owner, since)).fetchone())

    def hold(self, amount: Amount, at: float) -> None:
        """Reserve *amount* in place of the earlier reservation."""
        with self._errors():
            if amount.calls:
                self._connection.execute(REPLACE_LEASE, (self.owner, at, *amount))
            else:
                self._connection.execute(DELETE_LEASE, (self.owner,))

    def refused(self, setting: str, maximum: float, until: float) -> None:
        """Record that *setting* allows no further call before *until*, though some is left."""
        with self._errors():
            self._connection.execute(REPLACE_REFUSAL, (setting, maximum, until))

    def refusals(self) -> dict[str, tuple[float, float]]:
        """Return by setting: its value then, and until when it allowed no further call."""
        with self._errors():
            rows = self._connection.execute(SELECT_REFUSALS).fetchall()
        return {setting: (maximum, until) for setting, maximum, until in rows}

    def close(self) -> None:
        """Close the connection; reservations stay."""
        self._connection.close()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except SQLITE_ERRORS as error:
            raise journal_error(self.path, "used for [budget]", error) from error
