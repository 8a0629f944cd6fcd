"""Counts for status, metadata and checks."""

from dataclasses import dataclass
from typing import Any

from augcon_lib.warehouse.connection import Warehouse
from augcon_lib.warehouse.frames import select, select_records

_TOTALS = {
    "documents": "SELECT count(*) AS n FROM raw_corpus",
    "nodes": "SELECT count(*) AS n FROM cst_nodes",
    "queries": "SELECT count(*) AS n FROM cst_nodes WHERE query <> ''",
    "selected_queries": "SELECT count(*) AS n FROM scored_queries WHERE selected",
    "responses": "SELECT count(*) AS n FROM responses WHERE status = 'ok'",
    "rows": "SELECT count(*) AS n FROM dataset_rows WHERE removed_in IS NULL",
}


def totals(warehouse: Warehouse) -> dict[str, int]:
    """Count documents, nodes, queries, selected queries, responses and rows."""
    with warehouse.read() as connection:
        return {name: select(connection, sql)[0]["n"] for name, sql in _TOTALS.items()}


def rejection_counts(warehouse: Warehouse) -> list[dict[str, Any]]:
    """Return ``stage``, ``reason`` and ``count`` of everything that left the pipeline."""
    with warehouse.read() as connection:
        return select(
            connection,
            "SELECT stage, reason, count(*) AS count FROM rejections "
            "GROUP BY stage, reason ORDER BY stage, count DESC, reason",
        )


def document_failures(warehouse: Warehouse) -> list[dict[str, Any]]:
    """Return ``document_id``, ``stage``, ``reason``, ``message`` of documents that are not ok."""
    with warehouse.read() as connection:
        return select(
            connection,
            "SELECT s.document_id, s.stage, s.status, s.reason, coalesce(min(r.detail), '') "
            "AS message FROM partition_state AS s "
            "LEFT JOIN rejections AS r ON r.stage = s.stage AND r.document_id = s.document_id "
            "AND r.reason = s.reason "
            "WHERE s.status <> 'ok' GROUP BY s.document_id, s.stage, s.status, s.reason "
            "ORDER BY s.document_id, s.stage",
        )


@dataclass(frozen=True, slots=True)
class PastContext:
    """A root context with trees, and their counts: calls asked and queries selected."""

    document_id: str
    language: str
    context_id: str
    text: str
    asked: int
    selected: int


def past_contexts(warehouse: Warehouse, most: int) -> list[PastContext]:
    """Return at most *most* root contexts with finished selections, always the same ones."""
    with warehouse.read() as connection:
        return select_records(
            connection,
            PastContext,
            "SELECT n.document_id, d.language, n.context_id, "
            "arg_max(n.text, length(n.text)) FILTER (WHERE n.parent_id IS NULL) AS text, "
            "count(*) FILTER (WHERE n.stop_reason <> 'below_min_context_chars') AS asked, "
            "count(*) FILTER (WHERE s.selected) AS selected "
            "FROM cst_nodes AS n JOIN raw_corpus AS d ON d.document_id = n.document_id "
            "LEFT JOIN scored_queries AS s "
            "ON s.document_id = n.document_id AND s.node_id = n.node_id "
            "WHERE n.context_id IN (SELECT DISTINCT context_id FROM scored_queries "
            "ORDER BY context_id LIMIT ?) "
            "GROUP BY n.document_id, d.language, n.context_id ORDER BY n.context_id",
            [most],
        )


def distinct_shares(warehouse: Warehouse) -> dict[bool, float]:
    """Return the share of queries that repeat no better one: first trees (False), others (True)."""
    with warehouse.read() as connection:
        rows = select(
            connection,
            "SELECT n.round > 0 AS further, "
            "avg(CASE WHEN s.reason LIKE 'repeats:%' THEN 0.0 ELSE 1.0 END) AS share "
            "FROM scored_queries AS s JOIN cst_nodes AS n "
            "ON n.document_id = s.document_id AND n.node_id = s.node_id GROUP BY further",
        )
    return {row["further"]: row["share"] for row in rows}
