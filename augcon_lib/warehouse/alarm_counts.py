"""Counts behind the alarms, by document."""

from collections.abc import Sequence
from typing import Any

from augcon_lib.warehouse.connection import Warehouse
from augcon_lib.warehouse.frames import select

NOT_GROUNDED = ("ungrounded", "unfaithful", "unanswered")


def read_halves(warehouse: Warehouse, count: int) -> list[dict[str, Any]]:
    """Return ``document_id``, ``first``, ``second``: the parts of up to *count* splits, spread."""
    with warehouse.read() as connection:
        return select(
            connection,
            "WITH chosen AS (SELECT document_id, parent_id FROM cst_nodes "
            "WHERE parent_id IS NOT NULL GROUP BY document_id, parent_id HAVING count(*) = 2 "
            "ORDER BY sha256(parent_id), document_id LIMIT ?) "
            "SELECT n.document_id, min_by(n.text, n.position) AS first, "
            "max_by(n.text, n.position) AS second FROM cst_nodes AS n JOIN chosen AS c "
            "ON c.document_id = n.document_id AND c.parent_id = n.parent_id "
            "GROUP BY n.document_id, n.parent_id ORDER BY n.document_id, n.parent_id",
            [count],
        )


def ungrounded_by_document(warehouse: Warehouse) -> dict[str, tuple[int, int]]:
    """Count by document the answers that did not keep to their passage, and all answers."""
    return _counts(
        warehouse,
        "SELECT document_id, sum(bad)::BIGINT AS bad, count(*) AS total FROM ("
        "SELECT document_id, 0 AS bad FROM responses UNION ALL "
        "SELECT document_id, 1 FROM rejections WHERE stage = 'responses' "
        "AND reason IN (SELECT unnest(?::VARCHAR[]))) AS answers "
        "GROUP BY document_id ORDER BY document_id",
        [list(NOT_GROUNDED)],
    )


def too_long_by_document(warehouse: Warehouse) -> dict[str, tuple[int, int]]:
    """Count by document the nodes that were too long for the model, and all nodes shown to it."""
    return _counts(
        warehouse,
        "SELECT document_id, count(*) FILTER (WHERE stop_reason = 'split_for_length') AS bad, "
        "count(*) FILTER (WHERE query <> '' OR stop_reason = 'split_for_length') AS total "
        "FROM cst_nodes GROUP BY document_id ORDER BY document_id",
    )


def repeats_across_documents(warehouse: Warehouse) -> dict[str, tuple[int, int]]:
    """Count by document the rows whose query also occurs in another document, and all its rows.

    Case and the final punctuation mark make no difference.
    """
    return _counts(
        warehouse,
        "WITH plain AS (SELECT document_id, "
        "trim(lower(query), ' .?!。？！؟') AS query FROM sft_dataset), "
        "shared AS (SELECT query FROM plain GROUP BY query "
        "HAVING count(DISTINCT document_id) > 1) "
        "SELECT p.document_id, count(s.query) AS bad, count(*) AS total FROM plain AS p "
        "LEFT JOIN shared AS s ON s.query = p.query GROUP BY p.document_id "
        "ORDER BY p.document_id",
    )


def longest_contexts(warehouse: Warehouse, document_ids: Sequence[str]) -> dict[str, int]:
    """Return by document the length of its longest node, in characters."""
    with warehouse.read() as connection:
        rows = select(
            connection,
            "SELECT document_id, max(length(text)) AS chars FROM cst_nodes "
            "WHERE document_id IN (SELECT unnest(?::VARCHAR[])) "
            "GROUP BY document_id ORDER BY document_id",
            [list(document_ids)],
        )
    return {row["document_id"]: row["chars"] for row in rows}


def _counts(
    warehouse: Warehouse, query: str, parameters: Sequence[object] = ()
) -> dict[str, tuple[int, int]]:
    with warehouse.read() as connection:
        rows = select(connection, query, parameters)
    return {row["document_id"]: (row["bad"], row["total"]) for row in rows}
