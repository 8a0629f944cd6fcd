"""Audits: SQL that lists rows which break a rule, for the asset checks; empty: all is well."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from augcon_lib.settings import Settings
from augcon_lib.text.rouge_filter import first_repeats
from augcon_lib.tree.invariants import broken_rules
from augcon_lib.warehouse.connection import Warehouse
from augcon_lib.warehouse.frames import LISTED, listed, select
from augcon_lib.warehouse.stage_rows import read_documents_text, read_nodes


class Problem(NamedTuple):
    """What is wrong with *subject*: a document's id, or a row's in the dataset."""

    subject: str
    what: str

    def __str__(self) -> str:
        return f"{self.subject}: {self.what}"


Audit = Callable[[Warehouse, Sequence[str], Settings], list[Problem]]

AUDIT_DOCUMENTS = 100

# trim() removes only blanks; a text of line ends or full-width spaces is empty, too.
_BLANK = r"NOT regexp_matches({column}, '[^\s\pZ]')"


def empty_documents(
    warehouse: Warehouse, document_ids: Sequence[str], settings: Settings
) -> list[Problem]:
    """List documents without text, language or the right hash."""
    return _problems(
        warehouse,
        "SELECT document_id AS subject, 'no text, no language or a wrong hash' AS what "
        f"FROM raw_corpus WHERE document_id IN {LISTED} "
        f"AND ({_BLANK.format(column='text')} OR language = '' OR text_sha256 <> sha256(text))",
        document_ids,
    )


def malformed_trees(
    warehouse: Warehouse, document_ids: Sequence[str], settings: Settings
) -> list[Problem]:
    """List documents whose stored trees break a rule of ``tree_rules``."""
    problems = []
    for start in range(0, len(document_ids), AUDIT_DOCUMENTS):
        chunk = document_ids[start : start + AUDIT_DOCUMENTS]
        nodes = read_nodes(warehouse, chunk)
        for document in read_documents_text(warehouse, chunk):
            broken = broken_rules(document.text, nodes[document.document_id])
            problems += [Problem(document.document_id, problem) for problem in broken]
    return problems


def selection_errors(
    warehouse: Warehouse, document_ids: Sequence[str], settings: Settings
) -> list[Problem]:
    """List contexts with too many selected queries, or with one that repeats another."""
    with warehouse.read() as connection:
        rows = select(
            connection,
            "SELECT document_id, context_id, any_value(quota) AS quota, "
            "list(query ORDER BY rank) FILTER (WHERE selected) AS selected, "
            "count(*) FILTER (WHERE selected <> (reason = '')) AS unexplained "
            f"FROM scored_queries WHERE document_id IN {LISTED} "
            "GROUP BY document_id, context_id ORDER BY document_id, context_id",
            [listed(document_ids)],
        )
    problems = []
    selection = settings.selection
    for row in rows:
        name = f"context {row['context_id']}"
        queries = row["selected"] or []
        found = []
        if len(queries) > row["quota"]:
            found.append(f"{len(queries)} queries for a quota of {row['quota']}")
        if any(
            r is not None for r in first_repeats(queries, selection.max_rouge_l, selection.rouge_l)
        ):
            found.append("a selected query repeats another")
        if row["unexplained"]:
            found.append(f"{row['unexplained']} queries left out without a reason")
        problems += [Problem(row["document_id"], f"{name}: {what}") for what in found]
    return problems


def unanswered_queries(
    warehouse: Warehouse, document_ids: Sequence[str], settings: Settings
) -> list[Problem]:
    """List selected queries without exactly one outcome, except in failed documents."""
    return _problems(
        warehouse,
        "SELECT s.document_id AS subject, 'query of node ' || s.node_id || ' has ' "
        "|| count(o.node_id) || ' outcomes' AS what FROM scored_queries AS s "
        "JOIN partition_state AS p ON p.stage = 'responses' AND p.document_id = s.document_id "
        "AND p.status = 'ok' "
        "LEFT JOIN (SELECT document_id, node_id FROM responses UNION ALL "
        "SELECT document_id, subject_id FROM rejections WHERE stage = 'responses') AS o "
        "ON o.document_id = s.document_id AND o.node_id = s.node_id "
        f"WHERE s.selected AND s.document_id IN {LISTED} "
        "GROUP BY s.document_id, s.node_id HAVING count(o.node_id) <> 1",
        document_ids,
    )


def invalid_rows(
    warehouse: Warehouse, document_ids: Sequence[str], settings: Settings
) -> list[Problem]:
    """List rows of the current dataset that no trainer should see."""
    return _problems(
        warehouse,
        "SELECT row_id AS subject, 'empty query or response' AS what FROM sft_dataset "
        f"WHERE {_BLANK.format(column='query')} OR {_BLANK.format(column='response')} "
        "UNION ALL SELECT row_id, 'split ' || split FROM sft_dataset "
        "WHERE split NOT IN ('train', 'test') "
        "UNION ALL SELECT any_value(row_id), 'the id occurs ' || count(*) || ' times' "
        "FROM sft_dataset GROUP BY row_id HAVING count(*) > 1 "
        "UNION ALL SELECT any_value(row_id), 'the pair occurs ' || count(*) || ' times' "
        "FROM sft_dataset GROUP BY query, response HAVING count(*) > 1 "
        "UNION ALL SELECT s.row_id, 'its document is not in the corpus' "
        "FROM (SELECT * FROM sft_dataset WHERE NOT stale) AS s "
        "ANTI JOIN raw_corpus AS d ON d.document_id = s.document_id",
    )


def _problems(warehouse: Warehouse, query: str, *parameters: Sequence[str]) -> list[Problem]:
    with warehouse.read() as connection:
        rows = select(connection, query, [listed(parameter) for parameter in parameters])
    return [Problem(row["subject"], row["what"]) for row in rows]
