"""Compare what a scorer was trained on with the current trees."""

from typing import NamedTuple

from augcon_lib.warehouse.connection import Warehouse
from augcon_lib.warehouse.frames import select


class ScorerSample(NamedTuple):
    """Queries of first trees: how many a scorer learned from, and how many of them still exist.

    ``queries_then`` and ``queries_now`` count all queries it could be drawn from; ``None`` if the
    augcon that trained it did not keep the count.
    """

    learned: int
    still_there: int
    queries_then: int | None
    queries_now: int


def read_scorer_sample(warehouse: Warehouse, version: str) -> ScorerSample:
    """Return the sample of the scorer *version*; zeros if nothing is known about it."""
    with warehouse.read() as connection:
        (row,) = select(
            connection,
            "WITH learned AS (SELECT DISTINCT document_id, node_id, positive_query AS query "
            "FROM contrastive_pairs WHERE scorer_version = ?), "
            "now AS (SELECT document_id, node_id, query FROM cst_nodes "
            "WHERE query <> '' AND round = 0) "
            "SELECT (SELECT count(*) FROM learned) AS learned, "
            "(SELECT count(*) FROM learned SEMI JOIN now USING (document_id, node_id, query)) "
            "AS still_there, "
            "(SELECT max(positives) FROM query_scorer WHERE scorer_version = ?) AS queries_then, "
            "(SELECT count(*) FROM now) AS queries_now",
            [version, version],
        )
    return ScorerSample(**row)


def pair_documents(warehouse: Warehouse, version: str) -> set[str]:
    """Return the documents whose pairs the scorer *version* was trained and measured on."""
    with warehouse.read() as connection:
        rows = select(
            connection,
            "SELECT DISTINCT document_id FROM contrastive_pairs WHERE scorer_version = ?",
            [version],
        )
    return {row["document_id"] for row in rows}
