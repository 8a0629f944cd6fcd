"""A few rows to look at, for metadata and summaries."""

from typing import Any

from augcon_lib.warehouse.connection import Warehouse
from augcon_lib.warehouse.frames import select


def sample_rows(warehouse: Warehouse, count: int) -> list[dict[str, Any]]:
    """*count* rows of the current dataset, spread over it by row id."""
    with warehouse.read() as connection:
        return select(
            connection,
            "SELECT row_id, document_id, query, response FROM sft_dataset ORDER BY row_id LIMIT ?",
            [count],
        )


def sample_pairs(warehouse: Warehouse, count: int) -> list[dict[str, Any]]:
    """*count* contrastive pairs of the current scorer, spread over the kinds."""
    with warehouse.read() as connection:
        return select(
            connection,
            "SELECT kind, language, positive_query, negative_query, document_id FROM ("
            "SELECT *, row_number() OVER (PARTITION BY kind ORDER BY node_id) AS place "
            "FROM contrastive_pairs) AS numbered ORDER BY place, kind LIMIT ?",
            [count],
        )
