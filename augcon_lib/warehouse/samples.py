"""A few sample rows, for metadata and summaries."""

from typing import Any

from augcon_lib.warehouse.connection import Warehouse
from augcon_lib.warehouse.frames import select

SHORT_QUERY_CHARS = 80


def sample_rows(warehouse: Warehouse, count: int) -> list[dict[str, Any]]:
    """Return *count* rows to show: different documents first, well scored, short, not shallow."""
    with warehouse.read() as connection:
        return select(
            connection,
            "SELECT r.row_id, r.document_id, r.query, r.response FROM sft_dataset AS r "
            "JOIN scored_queries AS s ON s.node_id = r.node_id AND s.document_id = r.document_id "
            "JOIN cst_nodes AS n ON n.node_id = r.node_id AND n.document_id = r.document_id "
            "ORDER BY row_number() OVER (PARTITION BY r.document_id "
            "ORDER BY n.depth < 2, length(r.query) > ?, s.score DESC, r.row_id), "
            "length(r.query) > ?, s.score DESC, r.row_id LIMIT ?",
            [SHORT_QUERY_CHARS, SHORT_QUERY_CHARS, count],
        )


def sample_pairs(warehouse: Warehouse, count: int) -> list[dict[str, Any]]:
    """Return *count* contrastive pairs of the latest scorer, spread over the kinds."""
    with warehouse.read() as connection:
        return select(
            connection,
            "SELECT kind, language, positive_query, negative_query, document_id FROM ("
            "SELECT *, row_number() OVER (PARTITION BY kind ORDER BY node_id) AS place "
            "FROM contrastive_pairs WHERE scorer_version = "
            "(SELECT scorer_version FROM query_scorer ORDER BY made_at DESC LIMIT 1)) AS numbered "
            "ORDER BY place, kind LIMIT ?",
            [count],
        )
