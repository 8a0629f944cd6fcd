"""Dataset versions: a new one where the rows differ, old ones as intervals of versions."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import duckdb
import polars as pl

from augcon_lib.errors import WarehouseError
from augcon_lib.sft_dataset import Dataset
from augcon_lib.warehouse.choices import save_state
from augcon_lib.warehouse.connection import Warehouse
from augcon_lib.warehouse.frames import insert, select, to_frame
from augcon_lib.warehouse.partitions import PartitionOutput

# A row lives on in a later version where all of this is equal.
_IDENTITY = ("row_id", "split", "position")


@dataclass(frozen=True, slots=True)
class VersionCounts:
    """A dataset version and how its rows differ from those of the version before it."""

    dataset_version: str
    added: int
    kept: int
    removed: int

    @property
    def total(self) -> int:
        """Rows in the version."""
        return self.added + self.kept


def save_dataset(
    warehouse: Warehouse, dataset: Dataset, state: PartitionOutput, run_id: str
) -> VersionCounts:
    """Make *dataset* the current version; no new version where its rows are the current ones."""
    incoming = to_frame("dataset_rows", dataset.rows, added_in=0, removed_in=None)
    with warehouse.write() as connection:
        latest = _latest(connection)
        save_state(connection, "sft_dataset", state, run_id, dataset.rejections)
        if latest is not None and latest["dataset_version"] == dataset.version:
            return VersionCounts(dataset.version, 0, len(dataset.rows), 0)
        number = 1 if latest is None else latest["number"] + 1
        live = connection.execute(
            "SELECT row_id, split, position FROM dataset_rows WHERE removed_in IS NULL"
        ).pl()
        connection.register("ended", live.join(incoming, on=_IDENTITY, how="anti"))
        connection.execute(
            "UPDATE dataset_rows SET removed_in = ? WHERE removed_in IS NULL "
            "AND (row_id, split, position) IN (SELECT (row_id, split, position) FROM ended)",
            [number],
        )
        begun = incoming.join(live, on=_IDENTITY, how="anti", maintain_order="left")
        insert(connection, "dataset_rows", begun.with_columns(added_in=pl.lit(number, pl.Int64)))
        old, new = set(live["row_id"]), set(incoming["row_id"])
        counts = VersionCounts(dataset.version, len(new - old), len(new & old), len(old - new))
        row = {
            "number": number,
            "dataset_version": dataset.version,
            "created_at": datetime.now(UTC).replace(tzinfo=None),
            "added": counts.added,
            "kept": counts.kept,
            "removed": counts.removed,
        }
        insert(connection, "dataset_versions", to_frame("dataset_versions", [None], **row))
    return counts


def latest_version(warehouse: Warehouse) -> VersionCounts | None:
    """The current version, ``None`` before the first."""
    with warehouse.read() as connection:
        row = _latest(connection)
    if row is None:
        return None
    return VersionCounts(row["dataset_version"], row["added"], row["kept"], row["removed"])


def read_dataset(warehouse: Warehouse, version: str | None = None) -> pl.DataFrame:
    """Rows of *version* (default: the current one) with the columns of ``sft_dataset`` and
    where each came from: ``uri``, ``title``, ``start_char``, ``end_char``, ``language``.

    Raises ``WarehouseError`` for a version that does not exist.
    """
    with warehouse.read() as connection:
        number = _number_of(connection, version)
        return connection.execute(
            "SELECT r.row_id, v.dataset_version, r.document_id, r.node_id, r.query, r.response, "
            "r.split, d.uri, d.title, d.language, n.start_char, n.end_char "
            "FROM dataset_rows AS r "
            "JOIN dataset_versions AS v ON v.number = ? "
            "LEFT JOIN raw_corpus AS d ON d.document_id = r.document_id "
            "LEFT JOIN cst_nodes AS n "
            "ON n.node_id = r.node_id AND n.document_id = r.document_id "
            "WHERE r.added_in <= v.number AND (r.removed_in IS NULL OR r.removed_in > v.number) "
            "ORDER BY r.document_id, r.position",
            [number],
        ).pl()


@dataclass(frozen=True, slots=True)
class VersionDiff:
    """Rows of two versions by row id: only in the new one, in both, only in the old one."""

    old_version: str | None
    new_version: str
    added: list[dict[str, Any]]
    kept: int
    removed: list[dict[str, Any]]


def diff_versions(warehouse: Warehouse, old: str | None, new: str | None) -> VersionDiff:
    """Compare *old* (default: the version before *new*) with *new* (default: the current one).

    Before the first version there is the empty one. Raises ``WarehouseError`` for a version that
    does not exist.
    """
    with warehouse.read() as connection:
        new_number = _number_of(connection, new)
        old_number = _number_of(connection, old) if old is not None else new_number - 1
        rows = {number: _rows_of(connection, number) for number in (old_number, new_number)}
        names = {
            row["number"]: row["dataset_version"]
            for row in select(connection, "SELECT number, dataset_version FROM dataset_versions")
        }
    before, after = rows[old_number], rows[new_number]
    return VersionDiff(
        names.get(old_number),
        names[new_number],
        added=[row for row_id, row in after.items() if row_id not in before],
        kept=len(before.keys() & after.keys()),
        removed=[row for row_id, row in before.items() if row_id not in after],
    )


def _rows_of(connection: duckdb.DuckDBPyConnection, number: int) -> dict[str, dict[str, Any]]:
    rows = select(
        connection,
        "SELECT row_id, document_id, query, response FROM dataset_rows "
        "WHERE added_in <= ? AND (removed_in IS NULL OR removed_in > ?) "
        "ORDER BY document_id, position",
        [number, number],
    )
    return {row["row_id"]: row for row in rows}


def _number_of(connection: duckdb.DuckDBPyConnection, version: str | None) -> int:
    known = select(
        connection, "SELECT number, dataset_version FROM dataset_versions ORDER BY number DESC"
    )
    for row in known:
        if version in (None, row["dataset_version"]):
            return int(row["number"])
    if version is None:
        raise WarehouseError("there is no dataset yet; make one with: augcon run")
    raise WarehouseError(
        f"there is no dataset version {version}; known: "
        + (", ".join(list(dict.fromkeys(row["dataset_version"] for row in known))[:10]) or "none")
    )


def _latest(connection: duckdb.DuckDBPyConnection) -> dict[str, Any] | None:
    rows = select(
        connection,
        "SELECT number, dataset_version, added, kept, removed FROM dataset_versions "
        "ORDER BY number DESC LIMIT 1",
    )
    return rows[0] if rows else None
