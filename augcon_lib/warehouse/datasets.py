"""Dataset versions: a new one if the rows differ, old ones as intervals of versions."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import polars as pl

from augcon_lib import clock
from augcon_lib.dataset.rows import Dataset
from augcon_lib.records import DatasetRow
from augcon_lib.warehouse.choices import save_state
from augcon_lib.warehouse.connection import Warehouse
from augcon_lib.warehouse.document_changes import close_changes
from augcon_lib.warehouse.frames import LISTED, insert, listed, select, select_records, to_frame
from augcon_lib.warehouse.partitions import PartitionOutput
from augcon_lib.warehouse.provenance import ROW_PROVENANCE, described, with_provenance
from augcon_lib.warehouse.retention import prune
from augcon_lib.warehouse.versions import DatasetVersion, Spent, number_of, versions_in

# A row continues in a later version if all of these are equal.
_IDENTITY = ("row_id", "split", "position", "stale")
# Where a continued row is found now.
_SOURCE = ("uri", "title", "language", "text_sha256", "start_char", "end_char")
# Columns of a continued row that are updated to the newest version.
_RENEWED = (*_SOURCE, *ROW_PROVENANCE)
_ROW_COLUMNS = ("row_id", "document_id", "node_id", "query", "response", "split", "position",
                *_SOURCE, "stale")  # fmt: skip


def save_dataset(
    warehouse: Warehouse,
    dataset: Dataset,
    state: PartitionOutput,
    run_id: str,
    spent: Spent,
    keep_versions: int = 0,
    reasons: Sequence[str] = (),
) -> DatasetVersion:
    """Make *dataset* the current version; create no new version if its rows are the current ones.

    *spent* since the previous version, and *reasons* besides the documents', are recorded with a
    new version. In all, *keep_versions* stay (0: all of them).
    """
    unknown = dict.fromkeys(ROW_PROVENANCE)
    incoming = to_frame("dataset_rows", dataset.rows, added_in=0, removed_in=None, **unknown)
    with warehouse.write() as connection:
        save_state(connection, "sft_dataset", state, run_id, dataset.rejections)
        known = versions_in(connection)
        latest = known[0] if known else None
        is_new = latest is None or latest.dataset_version != dataset.version
        number = (latest.number if latest else 0) + is_new
        incoming = with_provenance(connection, incoming)
        live = connection.execute(
            f"SELECT {', '.join(_IDENTITY + _RENEWED)} FROM dataset_rows WHERE removed_in IS NULL"
        ).pl()
        _move(connection, live, incoming)
        changed = close_changes(connection, number if is_new else None)
        if latest is not None and not is_new:
            prune(connection, keep_versions)
            return latest
        _end_rows(connection, live, incoming, number)
        begun = incoming.join(live, on=_IDENTITY, how="anti", maintain_order="left")
        insert(connection, "dataset_rows", begun.with_columns(added_in=pl.lit(number, pl.Int64)))
        old, new = set(live["row_id"]), set(incoming["row_id"])
        cause = {**dict.fromkeys(reasons, 0), **dict(changed.most_common())}
        version = DatasetVersion(
            number=number,
            dataset_version=dataset.version,
            created_at=clock.utc_now(),
            added=len(new - old),
            kept=len(new & old),
            removed=len(old - new),
            stale=sum(row.stale for row in dataset.rows),
            cause=json.dumps(cause, ensure_ascii=False),
            model_calls=spent.model_calls,
            input_tokens=spent.input_tokens,
            output_tokens=spent.output_tokens,
            cost_usd=spent.cost_usd,
            last_call=spent.last_call,
        )
        insert(connection, "dataset_versions", to_frame("dataset_versions", [version]))
        prune(connection, keep_versions)
    return version


def live_rows(warehouse: Warehouse, document_ids: list[str]) -> list[DatasetRow]:
    """Return the rows of *document_ids* in the current version, in its order."""
    with warehouse.read() as connection:
        return select_records(
            connection,
            DatasetRow,
            f"SELECT {', '.join(_ROW_COLUMNS)} FROM dataset_rows WHERE removed_in IS NULL "
            f"AND document_id IN {LISTED} ORDER BY document_id, position",
            [listed(document_ids)],
        )


def documents_with_rows(warehouse: Warehouse) -> set[str]:
    """Return the documents that have a row in the current version."""
    with warehouse.read() as connection:
        rows = select(
            connection, "SELECT DISTINCT document_id FROM dataset_rows WHERE removed_in IS NULL"
        )
    return {row["document_id"] for row in rows}


def read_dataset(warehouse: Warehouse, version: str | None = None) -> pl.DataFrame:
    """Return the rows of *version* (default: the current one) with their sources.

    They have the columns of ``sft_dataset``, and ``uri``, ``title``, ``language``,
    ``text_sha256``, ``start_char``, ``end_char``; ``question`` and ``answer`` are their provenance
    (JSON, as ``provenance.provenance``; NULL if it was not kept). Raises ``WarehouseError`` if the
    version does not exist or was pruned.
    """
    with warehouse.read() as connection:
        number = number_of(connection, version)
        rows = connection.execute(
            "SELECT r.row_id, v.dataset_version, r.document_id, r.node_id, r.query, r.response, "
            "r.split, r.stale, r.uri, r.title, r.language, r.text_sha256, r.start_char, r.end_char"
            f"{''.join(f', r.{column}' for column in ROW_PROVENANCE)} "
            "FROM dataset_rows AS r "
            "JOIN dataset_versions AS v ON v.number = ? "
            "WHERE r.added_in <= v.number AND (r.removed_in IS NULL OR r.removed_in > v.number) "
            "ORDER BY r.document_id, r.position",
            [number],
        ).pl()
        made = described(connection, rows.select(ROW_PROVENANCE).to_dicts())
    return rows.drop(ROW_PROVENANCE).with_columns(
        pl.Series(name, [row[name] and _json(row[name]) for row in made], pl.String)
        for name in ("question", "answer")
    )


@dataclass(frozen=True, slots=True)
class VersionDiff:
    """Rows of two versions by row id: only in the new one, in both, only in the old one.

    ``changed`` pairs rows of ``added`` and ``removed`` with the same question of the same document
    and another answer: ``document_id``, ``query``, ``old_row_id``, ``row_id``, ``old_response``,
    ``response``. ``versions`` are those after the old one up to the new one: the causes of the
    difference, and its cost.
    """

    old_version: str | None
    new_version: str
    added: list[dict[str, Any]]
    kept: int
    removed: list[dict[str, Any]]
    changed: list[dict[str, Any]]
    versions: list[DatasetVersion]


def diff_versions(warehouse: Warehouse, old: str | None, new: str | None) -> VersionDiff:
    """Compare *old* (default: the version before *new*) with *new* (default: the current one).

    The version before the first one is empty. Raises ``WarehouseError`` if a version does not
    exist or was pruned.
    """
    with warehouse.read() as connection:
        new_number = number_of(connection, new)
        known = {version.number: version for version in versions_in(connection)}
        old_number = number_of(connection, old) if old is not None else new_number - 1
        rows = {number: _rows_of(connection, number) for number in (old_number, new_number)}
    before, after = rows[old_number], rows[new_number]
    added = [row for row_id, row in after.items() if row_id not in before]
    removed = [row for row_id, row in before.items() if row_id not in after]
    return VersionDiff(
        known[old_number].dataset_version if old_number in known else None,
        known[new_number].dataset_version,
        added=added,
        kept=len(before.keys() & after.keys()),
        removed=removed,
        changed=_changed(removed, added),
        versions=[known[n] for n in sorted(known) if old_number < n <= new_number],
    )


def _changed(
    removed: Sequence[dict[str, Any]], added: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Pair each of *added* with the row of *removed* that had its question, if any."""
    before: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in removed:
        before.setdefault((row["document_id"], row["query"]), []).append(row)
    pairs = []
    for new in added:
        former = before.get((new["document_id"], new["query"]))
        if former:
            old = former.pop(0)
            own = {"old_row_id": old["row_id"], "old_response": old["response"]}
            pairs.append({**new, **own})
    return pairs


def _move(
    connection: duckdb.DuckDBPyConnection, live: pl.DataFrame, incoming: pl.DataFrame
) -> None:
    """Update continued rows to their current place in the document and current provenance."""
    moved = incoming.select(_IDENTITY + _RENEWED).join(
        live, on=_IDENTITY + _RENEWED, how="anti", nulls_equal=True
    )
    moved = moved.join(live, on=_IDENTITY, how="semi")
    if moved.is_empty():
        return
    connection.register("moved", moved)
    assignments = ", ".join(f"{column} = moved.{column}" for column in _RENEWED)
    connection.execute(
        f"UPDATE dataset_rows SET {assignments} FROM moved "
        "WHERE dataset_rows.removed_in IS NULL AND dataset_rows.row_id = moved.row_id"
    )
    connection.unregister("moved")


def _end_rows(
    connection: duckdb.DuckDBPyConnection, live: pl.DataFrame, incoming: pl.DataFrame, number: int
) -> None:
    connection.register("ended", live.join(incoming, on=_IDENTITY, how="anti"))
    connection.execute(
        "UPDATE dataset_rows SET removed_in = ? WHERE removed_in IS NULL "
        "AND (row_id, split, position, stale) IN "
        "(SELECT (row_id, split, position, stale) FROM ended)",
        [number],
    )
    connection.unregister("ended")


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _rows_of(connection: duckdb.DuckDBPyConnection, number: int) -> dict[str, dict[str, Any]]:
    rows = select(
        connection,
        "SELECT row_id, document_id, query, response FROM dataset_rows "
        "WHERE added_in <= ? AND (removed_in IS NULL OR removed_in > ?) "
        "ORDER BY document_id, position",
        [number, number],
    )
    return {row["row_id"]: row for row in rows}
