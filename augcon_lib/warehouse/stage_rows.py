"""Read the rows of a stage for the next one."""

from collections.abc import Sequence
from dataclasses import dataclass

from augcon_lib.queries.contrastive_pairs import Positive
from augcon_lib.records import Document, GroundedResponse, Node
from augcon_lib.warehouse.connection import Warehouse
from augcon_lib.warehouse.frames import LISTED, listed, select, select_records
from augcon_lib.warehouse.schema import PARTITIONED

_THESE = f"document_id IN {LISTED}"
_NODE_COLUMNS = ", ".join(
    "coalesce(n.answer, '') AS answer" if c == "answer" else f"n.{c}"
    for c in PARTITIONED["cst_nodes"]
    if c not in ("position", "provenance_id", "journal_key", "sample")
)


@dataclass(frozen=True, slots=True)
class SelectedQuery:
    """A selected query with its node's context, ready to be answered.

    ``answer`` is set if the strategy returned it with the query.
    """

    node_id: str
    document_id: str
    language: str
    context: str
    query: str
    answer: str = ""


def read_documents_text(warehouse: Warehouse, document_ids: Sequence[str]) -> list[Document]:
    """Return rows of ``raw_corpus``, ordered by document id."""
    with warehouse.read() as connection:
        return select_records(
            connection,
            Document,
            f"SELECT * FROM raw_corpus WHERE {_THESE} ORDER BY document_id",
            [listed(document_ids)],
        )


def read_nodes(warehouse: Warehouse, document_ids: Sequence[str]) -> dict[str, list[Node]]:
    """Return nodes of ``cst_nodes`` by document id, in the order of their creation."""
    with warehouse.read() as connection:
        nodes = select_records(
            connection,
            Node,
            f"SELECT {_NODE_COLUMNS} FROM cst_nodes AS n WHERE {_THESE} "
            "ORDER BY document_id, position",
            [listed(document_ids)],
        )
    by_document: dict[str, list[Node]] = {document_id: [] for document_id in document_ids}
    for node in nodes:
        by_document[node.document_id].append(node)
    return by_document


def read_languages(warehouse: Warehouse, document_ids: Sequence[str]) -> dict[str, str]:
    """Return the language of each document."""
    with warehouse.read() as connection:
        rows = select(
            connection,
            f"SELECT document_id, language FROM raw_corpus WHERE {_THESE}",
            [listed(document_ids)],
        )
    return {row["document_id"]: row["language"] for row in rows}


def read_positives(warehouse: Warehouse) -> list[Positive]:
    """Return every query of the first trees with its context: the positives of section 3.3."""
    with warehouse.read() as connection:
        return select_records(
            connection,
            Positive,
            "SELECT n.node_id, n.document_id, d.language, n.text AS context, n.query "
            "FROM cst_nodes AS n JOIN raw_corpus AS d ON d.document_id = n.document_id "
            "WHERE n.query <> '' AND n.round = 0 ORDER BY n.node_id",
        )


def read_selected(
    warehouse: Warehouse, document_ids: Sequence[str]
) -> dict[str, list[SelectedQuery]]:
    """Return selected queries by document id, in the order of the document's nodes."""
    with warehouse.read() as connection:
        queries = select_records(
            connection,
            SelectedQuery,
            "SELECT s.node_id, s.document_id, d.language, n.text AS context, s.query, "
            "coalesce(n.answer, '') AS answer "
            "FROM scored_queries AS s "
            "JOIN cst_nodes AS n ON n.node_id = s.node_id AND n.document_id = s.document_id "
            "JOIN raw_corpus AS d ON d.document_id = s.document_id "
            f"WHERE s.selected AND s.{_THESE} "
            "ORDER BY s.document_id, n.start_char, n.position",
            [listed(document_ids)],
        )
    by_document: dict[str, list[SelectedQuery]] = {d: [] for d in document_ids}
    for query in queries:
        by_document[query.document_id].append(query)
    return by_document


def read_responses(warehouse: Warehouse, document_ids: Sequence[str]) -> list[GroundedResponse]:
    """Return good responses of *document_ids* with their sources, in the dataset's order."""
    with warehouse.read() as connection:
        return select_records(
            connection,
            GroundedResponse,
            "SELECT r.response_id, r.node_id, r.document_id, r.query, r.response, d.uri, d.title, "
            "d.language, d.text_sha256, n.start_char, n.end_char FROM responses AS r "
            "JOIN raw_corpus AS d ON d.document_id = r.document_id "
            "JOIN cst_nodes AS n ON n.node_id = r.node_id AND n.document_id = r.document_id "
            f"WHERE r.status = 'ok' AND r.{_THESE} ORDER BY r.document_id, r.position",
            [listed(document_ids)],
        )
