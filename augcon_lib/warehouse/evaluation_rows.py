"""Inputs of evaluations: rows with their nodes, root contexts, splits, scored queries."""

from dataclasses import dataclass

from augcon_lib.warehouse.connection import Warehouse
from augcon_lib.warehouse.frames import select_records
from augcon_lib.warehouse.versions import number_of


@dataclass(frozen=True, slots=True)
class EvaluatedRow:
    """A dataset row and, if its tree still exists, its node.

    ``root_chars`` is the length of the node's root context, ``node_text`` the queried passage.
    """

    row_id: str
    document_id: str
    query: str
    response: str
    language: str
    context_id: str | None
    depth: int | None
    node_text: str | None
    root_chars: int | None


@dataclass(frozen=True, slots=True)
class RootContext:
    """A root context of the current corpus."""

    context_id: str
    document_id: str
    language: str
    text: str


@dataclass(frozen=True, slots=True)
class SplitTexts:
    """A node's text and the two parts that it was split into."""

    document_id: str
    parent: str
    first: str
    second: str


@dataclass(frozen=True, slots=True)
class JudgedQuery:
    """A query with its score, its verdict and its node; ``rank`` is its rank among ``asked``."""

    context_id: str
    query: str
    score: float
    rank: int
    asked: int
    selected: bool
    reason: str
    depth: int
    text: str


def count_rows(warehouse: Warehouse, version: str | None) -> tuple[str, int, int]:
    """Return name, rows and documents of *version* (default: the current one).

    Raises ``WarehouseError`` if the version does not exist.
    """
    with warehouse.read() as connection:
        number = number_of(connection, version)
        found = connection.execute(
            "SELECT v.dataset_version, count(r.row_id), count(DISTINCT r.document_id) "
            "FROM dataset_versions AS v LEFT JOIN dataset_rows AS r ON r.added_in <= v.number "
            "AND (r.removed_in IS NULL OR r.removed_in > v.number) WHERE v.number = ? "
            "GROUP BY v.dataset_version",
            [number],
        ).fetchone()
        assert found is not None  # number_of found it
        return found


def read_rows(
    warehouse: Warehouse, version: str | None, most: int, seed: int
) -> list[EvaluatedRow]:
    """Return at most *most* rows of *version*, drawn by *seed*, in the order of the dataset.

    A row is joined to its node if the tree is of the row's own text.
    """
    with warehouse.read() as connection:
        number = number_of(connection, version)
        return select_records(
            connection,
            EvaluatedRow,
            "WITH drawn AS (SELECT * FROM dataset_rows WHERE added_in <= ? "
            "AND (removed_in IS NULL OR removed_in > ?) "
            "ORDER BY sha256(row_id || ?), row_id LIMIT ?), "
            f"roots AS ({_ROOTS}) "
            "SELECT r.row_id, r.document_id, r.query, r.response, r.language, n.context_id, "
            "n.depth, n.text AS node_text, t.root_chars FROM drawn AS r "
            "LEFT JOIN cst_nodes AS n ON n.node_id = r.node_id AND n.document_id = r.document_id "
            "AND n.start_char = r.start_char AND n.end_char = r.end_char "
            "LEFT JOIN roots AS t "
            "ON t.document_id = n.document_id AND t.context_id = n.context_id "
            "ORDER BY r.document_id, r.position, r.row_id",
            [number, number, str(seed), most],
        )


def read_root_contexts(warehouse: Warehouse) -> list[RootContext]:
    """Return all root contexts of the current corpus, whether queried or not."""
    with warehouse.read() as connection:
        return select_records(
            connection,
            RootContext,
            "SELECT n.context_id, n.document_id, d.language, min_by(n.text, n.position) AS text "
            "FROM cst_nodes AS n JOIN raw_corpus AS d ON d.document_id = n.document_id "
            "WHERE n.parent_id IS NULL AND n.round = 0 "
            "GROUP BY n.document_id, n.context_id, d.language "
            "ORDER BY n.document_id, min(n.position)",
        )


def read_splits(warehouse: Warehouse, most: int) -> list[SplitTexts]:
    """Return at most *most* splits that were followed, spread over the corpus."""
    with warehouse.read() as connection:
        return select_records(
            connection,
            SplitTexts,
            "WITH chosen AS (SELECT document_id, parent_id, min_by(text, position) AS first, "
            "max_by(text, position) AS second FROM cst_nodes WHERE parent_id IS NOT NULL "
            "GROUP BY document_id, parent_id HAVING count(*) = 2 "
            "ORDER BY sha256(parent_id), document_id LIMIT ?) "
            "SELECT c.document_id, p.text AS parent, c.first, c.second FROM chosen AS c "
            "JOIN cst_nodes AS p ON p.document_id = c.document_id AND p.node_id = c.parent_id "
            "ORDER BY c.document_id, c.parent_id",
            [most],
        )


def read_judged(warehouse: Warehouse, most: int) -> list[JudgedQuery]:
    """Return scored queries of root contexts, spread over the corpus: *most* or a few more."""
    with warehouse.read() as connection:
        return select_records(
            connection,
            JudgedQuery,
            "WITH sizes AS (SELECT document_id, context_id, count(*) AS asked "
            "FROM scored_queries GROUP BY document_id, context_id), "
            "running AS (SELECT *, sum(asked) OVER "
            "(ORDER BY sha256(context_id || document_id)) - asked AS before FROM sizes) "
            "SELECT s.context_id, s.query, s.score, s.rank, c.asked, s.selected, s.reason, "
            "n.depth, n.text FROM scored_queries AS s "
            "JOIN running AS c ON c.document_id = s.document_id AND c.context_id = s.context_id "
            "JOIN cst_nodes AS n ON n.document_id = s.document_id AND n.node_id = s.node_id "
            "WHERE c.before < ? ORDER BY s.document_id, s.context_id, s.rank",
            [most],
        )


_ROOTS = (
    "SELECT document_id, context_id, max(length(text)) AS root_chars FROM cst_nodes "
    "WHERE parent_id IS NULL GROUP BY document_id, context_id"
)
