"""Documents that wait for consent to leave, and those that left recently."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from augcon_lib.warehouse.connection import Warehouse
from augcon_lib.warehouse.frames import LISTED, insert, listed, select
from augcon_lib.warehouse.schema import TABLES

_TABLE = "retirements"


@dataclass(frozen=True, slots=True)
class HeldSet:
    """A waiting set: its documents, when the first was found missing, and the consent."""

    kind: str
    set_id: str
    document_ids: frozenset[str]
    since: datetime
    agreed_at: datetime | None


def held_sets(warehouse: Warehouse) -> dict[str, HeldSet]:
    """Return the set of each kind that waits for consent, or has it and is not retired yet."""
    with warehouse.read() as connection:
        rows = select(
            connection,
            "SELECT kind, set_id, list(document_id) AS document_ids, min(since) AS since, "
            "max(agreed_at) AS agreed_at FROM retirements WHERE retired_at IS NULL "
            "GROUP BY kind, set_id ORDER BY kind",
        )
    return {r["kind"]: HeldSet(**{**r, "document_ids": frozenset(r["document_ids"])}) for r in rows}


def retired_since(warehouse: Warehouse, since: datetime) -> set[str]:
    """Return documents that left unasked after *since* and still cannot be read again."""
    with warehouse.read() as connection:
        rows = select(
            connection,
            "SELECT DISTINCT document_id FROM retirements AS r WHERE retired_at > ? "
            "AND NOT EXISTS (SELECT 1 FROM partition_state AS p WHERE p.stage = 'raw_corpus' "
            "AND p.status = 'ok' AND p.document_id = r.document_id)",
            [since],
        )
    return {row["document_id"] for row in rows}


def hold(
    warehouse: Warehouse, kind: str, set_id: str, document_ids: Collection[str], since: datetime
) -> None:
    """Let *document_ids* wait in place of the earlier set of the same *kind*."""
    rows = [
        {"document_id": each, "kind": kind, "set_id": set_id, "since": since}
        for each in sorted(document_ids)
    ]
    with warehouse.write() as connection:
        connection.execute("DELETE FROM retirements WHERE kind = ? AND retired_at IS NULL", [kind])
        insert(connection, _TABLE, pl.DataFrame(rows, schema=TABLES[_TABLE]))


def release(warehouse: Warehouse, kind: str) -> None:
    """Clear the waiting set of *kind*."""
    with warehouse.write() as connection:
        connection.execute("DELETE FROM retirements WHERE kind = ? AND retired_at IS NULL", [kind])


def agree(warehouse: Warehouse, set_id: str, now: datetime) -> int:
    """Record the consent to the waiting set; return its size, 0 if no such set waits."""
    with warehouse.write() as connection:
        (count,) = connection.execute(
            "SELECT count(*) FROM retirements WHERE set_id = ? AND retired_at IS NULL", [set_id]
        ).fetchone() or (0,)
        connection.execute(
            "UPDATE retirements SET agreed_at = ? WHERE set_id = ? AND retired_at IS NULL",
            [now, set_id],
        )
    return int(count)


def log_retired(
    warehouse: Warehouse, kind: str, document_ids: Collection[str], now: datetime, keep: datetime
) -> None:
    """Record that *document_ids* leave unasked; forget records from before *keep*."""
    rows = [{"document_id": each, "kind": kind, "retired_at": now} for each in sorted(document_ids)]
    with warehouse.write() as connection:
        connection.execute(
            f"DELETE FROM retirements WHERE retired_at < ? OR (retired_at IS NOT NULL "
            f"AND document_id IN {LISTED})",
            [keep, listed(document_ids)],
        )
        insert(connection, _TABLE, pl.DataFrame(rows, schema=TABLES[_TABLE]))


def forget_retired(warehouse: Warehouse) -> None:
    """Restart the count: somebody has consented to the current store."""
    with warehouse.write() as connection:
        connection.execute("DELETE FROM retirements WHERE retired_at IS NOT NULL")
