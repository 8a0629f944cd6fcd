"""Counts for status, metadata and checks."""

from typing import Any

from augcon_lib.warehouse.connection import Warehouse
from augcon_lib.warehouse.frames import select

_TOTALS = {
    "documents": "SELECT count(*) AS n FROM raw_corpus",
    "nodes": "SELECT count(*) AS n FROM cst_nodes",
    "queries": "SELECT count(*) AS n FROM cst_nodes WHERE query <> ''",
    "selected_queries": "SELECT count(*) AS n FROM scored_queries WHERE selected",
    "responses": "SELECT count(*) AS n FROM responses WHERE status = 'ok'",
    "rows": "SELECT count(*) AS n FROM dataset_rows WHERE removed_in IS NULL",
}


def totals(warehouse: Warehouse) -> dict[str, int]:
    """How many documents, nodes, queries, selected queries, responses and rows there are."""
    with warehouse.read() as connection:
        return {name: select(connection, sql)[0]["n"] for name, sql in _TOTALS.items()}


def rejection_counts(warehouse: Warehouse) -> list[dict[str, Any]]:
    """``stage``, ``reason`` and ``count`` of everything that left the pipeline."""
    with warehouse.read() as connection:
        return select(
            connection,
            "SELECT stage, reason, count(*) AS count FROM rejections "
            "GROUP BY stage, reason ORDER BY stage, count DESC, reason",
        )


def document_failures(warehouse: Warehouse) -> list[dict[str, Any]]:
    """``document_id``, ``stage``, ``reason``, ``message`` of documents that are not all right."""
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


def calls_per_char(warehouse: Warehouse) -> tuple[dict[str, float], dict[str, float]]:
    """Tree calls, and selected queries, per character of root context, by language."""
    with warehouse.read() as connection:
        rows = select(
            connection,
            "SELECT d.language, "
            "count(*) FILTER (WHERE n.stop_reason <> 'below_min_context_chars') AS asked, "
            "sum(length(n.text)) FILTER (WHERE n.parent_id IS NULL AND n.round = 0) AS chars, "
            "count(*) FILTER (WHERE s.selected) AS selected "
            "FROM cst_nodes AS n JOIN raw_corpus AS d ON d.document_id = n.document_id "
            "LEFT JOIN scored_queries AS s "
            "ON s.document_id = n.document_id AND s.node_id = n.node_id "
            "GROUP BY d.language",
        )
    rows = [row for row in rows if row["chars"]]
    return (
        {row["language"]: row["asked"] / row["chars"] for row in rows},
        {row["language"]: row["selected"] / row["chars"] for row in rows if row["selected"]},
    )
