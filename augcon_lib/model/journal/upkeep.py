"""Report the spending in the journal, and shrink it.

Not part of a run: these statements read or rewrite the whole file.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from augcon_lib.errors import ModelError, SettingsError
from augcon_lib.model.journal.failures import SQLITE_ERRORS, is_damage, journal_error
from augcon_lib.model.journal.tables import connect

# Names for calls that belong to no document, or to no stage.
WITHOUT_DOCUMENT = (
    "CASE stage WHEN 'query_scorer' THEN '(scorer pairs)' "
    "WHEN 'few_shot_examples' THEN '(few-shot search)' WHEN '' THEN '(endpoint check)' "
    "ELSE '(' || replace(stage, '_', ' ') || ')' END"
)
GROUPS = {
    "document": f"CASE document_id WHEN '' THEN {WITHOUT_DOCUMENT} ELSE document_id END",
    "stage": f"CASE stage WHEN '' THEN {WITHOUT_DOCUMENT} ELSE stage END",
    "model": "model",
    "day": "date(started_at, 'unixepoch')",
}
SECONDS_PER_DAY = 86_400.0
SPEND = """
SELECT {group}, count(*), coalesce(sum(outcome <> 'ok'), 0), coalesce(sum(input_tokens), 0),
    coalesce(sum(output_tokens), 0), coalesce(sum(cost_usd), 0.0)
FROM calls GROUP BY 1 ORDER BY 6 DESC, 2 DESC, 1
"""
COUNT_OLD_ANSWERS = """
SELECT count(*), coalesce(sum(input_tokens), 0), coalesce(sum(output_tokens), 0)
FROM answers WHERE created_at < ?
"""

DELETE_LOST_REQUESTS = "DELETE FROM batch_requests WHERE token NOT IN (SELECT token FROM batches)"


@dataclass(frozen=True, slots=True)
class SpendRow:
    """The cost of the calls of one document, stage, model or day (UTC)."""

    name: str
    calls: int
    failed: int
    input_tokens: int
    output_tokens: int
    cost_usd: float


@dataclass(frozen=True, slots=True)
class Pruned:
    """The removed answers, the tokens that it takes to get them again, and the file's size."""

    answers: int
    input_tokens: int
    output_tokens: int
    bytes_before: int
    bytes_after: int


def spend_by(path: Path, group: str) -> list[SpendRow]:
    """Return the cost of all calls ever made, the most expensive group first.

    Raises ``ModelError``, or ``SettingsError`` for an unknown grouping.
    """
    if group not in GROUPS:
        raise SettingsError(f"--by {group}: unknown grouping; use one of {', '.join(GROUPS)}")
    with _connection(path) as connection:
        rows = connection.execute(SPEND.format(group=GROUPS[group])).fetchall()
    return [SpendRow(*row) for row in rows]


def compact(path: Path) -> Pruned:
    """Return unused space in the file to the disk; waits for other writers."""
    return _shrink(path, None)


def prune(path: Path, older_than_days: float) -> Pruned:
    """Forget answers older than this many days, and compact; calls and their cost are kept.

    Batches of that age are dropped. An answer that is requested again is paid for again. Answers
    of documents, prompts or settings that are gone are never requested, but the journal cannot
    know which those are.
    """
    return _shrink(path, time.time() - older_than_days * SECONDS_PER_DAY)


def _shrink(path: Path, created_before: float | None) -> Pruned:
    before = path.stat().st_size if path.exists() else 0
    counted = (0, 0, 0)
    with _connection(path) as connection:
        if created_before is not None:
            connection.execute("BEGIN IMMEDIATE")
            counted = connection.execute(COUNT_OLD_ANSWERS, (created_before,)).fetchone()
            connection.execute("DELETE FROM answers WHERE created_at < ?", (created_before,))
            connection.execute("DELETE FROM batches WHERE made_at < ?", (created_before,))
            connection.execute(DELETE_LOST_REQUESTS)
            connection.execute("COMMIT")
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return Pruned(*counted, bytes_before=before, bytes_after=path.stat().st_size)


@contextmanager
def _connection(path: Path) -> Iterator[sqlite3.Connection]:
    connection = connect(path)
    try:
        yield connection
    except SQLITE_ERRORS as error:
        if is_damage(error):
            raise journal_error(path, "read", error) from error
        raise ModelError(
            f"{path}: {error}; try again when no run is in progress, with as much free disk space "
            "as the file takes"
        ) from error
    finally:
        connection.close()
