import pytest

from augcon_lib.settings import Settings
from augcon_lib.warehouse import Warehouse, audits
from augcon_lib.warehouse.audits import Audit
from tests.support.rows import ODD

AUDITS: dict[str, Audit] = {
    "documents": audits.empty_documents,
    "trees": audits.malformed_trees,
    "selection": audits.selection_errors,
    "responses": audits.unanswered_queries,
    "rows": audits.invalid_rows,
}
# What is broken in the odd document, the audit that finds it, and what it says.
PLANTED = [
    (
        "UPDATE raw_corpus SET text = chr(10), text_sha256 = sha256(chr(10)) WHERE {odd}",
        "documents",
        "no text",
    ),
    ("UPDATE raw_corpus SET language = '' WHERE {odd}", "documents", "no text, no language"),
    ("UPDATE raw_corpus SET text = text || '!' WHERE {odd}", "documents", "wrong hash"),
    ("UPDATE raw_corpus SET text = '!' || text WHERE {odd}", "trees", "text differs"),
    ("UPDATE cst_nodes SET end_char = 99 WHERE {odd} AND depth = 1", "trees", "outside the doc"),
    ("DELETE FROM cst_nodes WHERE {odd} AND node_id LIKE '%/second'", "trees", "1 children"),
    ("DELETE FROM cst_nodes WHERE {odd} AND depth = 0", "trees", "its parent is missing"),
    ("UPDATE cst_nodes SET node_id = 'x' WHERE {odd}", "trees", "ids are not unique"),
    ("UPDATE scored_queries SET quota = 1 WHERE {odd}", "selection", "2 queries for a quota of 1"),
    ("UPDATE scored_queries SET query = 'same one' WHERE {odd}", "selection", "repeats another"),
    (
        "UPDATE scored_queries SET reason = '' WHERE {odd}",
        "selection",
        "left out without",
    ),
    ("DELETE FROM responses WHERE {odd} AND node_id LIKE '%/root'", "responses", "0 outcomes"),
    ("INSERT INTO responses SELECT * FROM responses WHERE {odd}", "responses", "2 outcomes"),
    ("UPDATE dataset_rows SET response = ' ' WHERE {odd}", "rows", "empty query or response"),
    ("UPDATE dataset_rows SET query = chr(10) WHERE {odd}", "rows", "empty query or response"),
    ("UPDATE dataset_rows SET query = chr(12288) WHERE {odd}", "rows", "empty query or response"),
    ("UPDATE dataset_rows SET split = 'dev' WHERE {odd}", "rows", "split dev"),
    ("UPDATE dataset_rows SET row_id = 'x' WHERE {odd}", "rows", "the id occurs 2 times"),
    ("UPDATE dataset_rows SET query = 'q' WHERE {odd}", "rows", "the pair occurs 2 times"),
    ("DELETE FROM raw_corpus WHERE {odd}", "rows", "not in the corpus"),
]


def found(warehouse: Warehouse, name: str) -> list[audits.Problem]:
    return AUDITS[name](warehouse, ["plain.md", ODD], Settings())


def test_audits_find_nothing_where_all_is_well(filled: Warehouse) -> None:
    assert {name: found(filled, name) for name in AUDITS} == {name: [] for name in AUDITS}


@pytest.mark.parametrize(("statement", "audit", "problem"), PLANTED)
def test_an_audit_finds_the_planted_error(
    filled: Warehouse, statement: str, audit: str, problem: str
) -> None:
    with filled.write() as connection:
        odd = "document_id = '" + ODD.replace("'", "''") + "'"
        connection.execute(statement.format(odd=odd))
    problems = found(filled, audit)
    assert problems
    assert any(problem in each.what for each in problems), problems
    assert not any(each.subject == "plain.md" for each in problems)


def test_a_query_that_was_rejected_counts_as_answered(filled: Warehouse) -> None:
    with filled.write() as connection:
        connection.execute("DELETE FROM responses WHERE node_id = 'plain.md/root'")
        connection.execute(
            "INSERT INTO rejections "
            "VALUES ('responses', 'plain.md', 'plain.md/root', 'refused', '')"
        )
    assert found(filled, "responses") == []


def test_a_failed_document_is_not_audited_for_answers(filled: Warehouse) -> None:
    with filled.write() as connection:
        connection.execute("DELETE FROM responses")
        connection.execute("UPDATE partition_state SET status = 'failed'")
    assert found(filled, "responses") == []
