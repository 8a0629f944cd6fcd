"""Trace a row of the dataset back to the characters that it came from."""

from dataclasses import dataclass
from typing import Any

import duckdb

from augcon_lib.errors import WarehouseError
from augcon_lib.warehouse.connection import Warehouse
from augcon_lib.warehouse.frames import LISTED, listed, select
from augcon_lib.warehouse.provenance import ROW_PROVENANCE, described


@dataclass(frozen=True, slots=True)
class Lineage:
    """A row with everything upstream of it.

    ``quoted`` is the text of the row's own version of the document, at the row's span; ``parents``
    goes from the root context down to the node's parent. If the document was replaced since,
    ``node`` contains only the row's span, and ``parents`` is empty. ``question`` and ``answer`` are
    the provenance of each (``provenance.provenance``); None if it was not kept.
    """

    row: dict[str, Any]
    node: dict[str, Any]
    parents: list[dict[str, Any]]
    document: dict[str, Any]
    quoted: str
    question: dict[str, Any] | None
    answer: dict[str, Any] | None


def explain_row(warehouse: Warehouse, row_id: str) -> Lineage:
    """Return the lineage of *row_id*, or of a prefix of it. Current rows take precedence.

    Raises ``WarehouseError`` if no kept version contains such a row.
    """
    with warehouse.read() as connection:
        [row] = described(connection, [_find(connection, row_id)])
        node, parents = _node(connection, row)
        document, text = _document(connection, row)
    quoted = text[row["start_char"] : row["end_char"]]
    if node is None:
        spans = {name: row[name] for name in ("node_id", "start_char", "end_char")}
        node = dict.fromkeys(_NODE_COLUMNS) | spans
    question, answer = row.pop("question"), row.pop("answer")
    return Lineage(row, node, parents, document, quoted, question, answer)


_NODE_COLUMNS = (
    "node_id",
    "context_id",
    "parent_id",
    "round",
    "depth",
    "text",
    "start_char",
    "end_char",
    "verbatim",
    "split_rouge_l",
    "path",
)


def _find(connection: duckdb.DuckDBPyConnection, row_id: str) -> dict[str, Any]:
    rows = select(
        connection,
        "SELECT r.row_id, v.dataset_version, r.document_id, r.node_id, r.query, r.response, "
        "r.split, r.stale, r.uri, r.title, r.language, r.text_sha256, r.start_char, r.end_char, "
        "s.score, s.rank, p.few_shot_version, p.response_id, r.removed_in IS NULL AS is_current, "
        f"{', '.join(f'r.{column}' for column in ROW_PROVENANCE)} "
        "FROM dataset_rows AS r "
        "JOIN (SELECT max(number) AS number FROM dataset_versions) AS m ON TRUE "
        "JOIN dataset_versions AS v ON v.number = coalesce(r.removed_in - 1, m.number) "
        "LEFT JOIN scored_queries AS s "
        "ON s.node_id = r.node_id AND s.document_id = r.document_id AND s.query = r.query "
        "LEFT JOIN responses AS p ON p.node_id = r.node_id AND p.document_id = r.document_id "
        "AND p.query = r.query AND p.response = r.response "
        "WHERE starts_with(r.row_id, ?) ORDER BY r.removed_in DESC NULLS FIRST",
        [row_id],
    )
    current = [row for row in rows if row.pop("is_current")]
    found = {row["row_id"]: row for row in reversed(current or rows)}
    if len(found) != 1:
        raise WarehouseError(_not_one(row_id, len(found)))
    return next(iter(found.values()))


def _node(
    connection: duckdb.DuckDBPyConnection, row: dict[str, Any]
) -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
    """Return the row's node and its ancestors, if the trees are still of the row's own text."""
    key = [row["node_id"], row["document_id"]]
    nodes = select(
        connection,
        f"SELECT {', '.join(_NODE_COLUMNS)} FROM cst_nodes "
        "WHERE node_id = ? AND document_id = ? AND start_char = ? AND end_char = ?",
        [*key, row["start_char"], row["end_char"]],
    )
    if not nodes:
        return None, []
    parents = select(
        connection,
        "SELECT node_id, depth, query, start_char, end_char FROM cst_nodes "
        f"WHERE node_id IN {LISTED} AND node_id <> ? "
        "AND document_id = ? ORDER BY depth",
        [listed(nodes[0]["path"]), *key],
    )
    return nodes[0], parents


def _document(
    connection: duckdb.DuckDBPyConnection, row: dict[str, Any]
) -> tuple[dict[str, Any], str]:
    """Return the row's own version of the document, and its text."""
    key = [row["document_id"], row["text_sha256"]]
    found = select(
        connection,
        "SELECT document_id, uri, title, media_type, language, text, text_sha256, "
        "source_sha256, modified_at FROM raw_corpus WHERE document_id = ? AND text_sha256 = ?",
        key,
    )
    if found:
        return found[0], found[0].pop("text")
    former = select(
        connection, "SELECT text FROM former_texts WHERE document_id = ? AND text_sha256 = ?", key
    )
    if not former:
        raise WarehouseError(
            f"row {row['row_id']}: the text of its document {row['document_id']} is not kept; move "
            "the warehouse away and run: augcon run. It rebuilds the warehouse from the journal"
        )
    names = ("document_id", "uri", "title", "language", "text_sha256")
    lost = dict.fromkeys(("media_type", "source_sha256", "modified_at"))
    return {name: row[name] for name in names} | lost, former[0]["text"]


def _not_one(row_id: str, count: int) -> str:
    if count == 0:
        return f"no kept version has a row {row_id}; find ids in the lineage.jsonl of an export"
    return f"{count} row ids begin with {row_id!r}; give more characters"
