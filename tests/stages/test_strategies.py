"""Every strategy writes the same tables, and what it does not need is not asked for."""

from pathlib import Path

import pytest

from augcon_lib.settings import Settings
from augcon_lib.warehouse import Warehouse
from augcon_lib.warehouse.audits import (
    invalid_rows,
    malformed_trees,
    selection_errors,
    unanswered_queries,
)
from augcon_lib.warehouse.datasets import read_dataset
from augcon_lib.warehouse.lineage import explain_row
from tests.support.rows import table
from tests.support.whole_run import MILL, SETTINGS, TEA, make_workspace, run_all

DOCUMENTS = {"tea.md": TEA, "mill.md": MILL}


def changed(section: str, **values: object) -> Settings:
    new = getattr(SETTINGS, section).model_copy(update=values)
    return SETTINGS.model_copy(update={section: new})


VARIANTS = {
    "direct": changed("tree", strategy="direct"),
    "middle": changed("tree", strategy="middle"),
    "context_instruct": changed("tree", strategy="context_instruct"),
    "etrc": changed("tree", strategy="etrc"),
    "adaptllm": changed("tree", strategy="adaptllm"),
    "no scorer": changed("scorer", kind="none"),
    "plain responses": changed("responses", plain=True),
}


@pytest.mark.parametrize("name", VARIANTS)
def test_a_variant_makes_a_dataset_that_passes_all_audits_and_is_then_fresh(
    name: str, tmp_path: Path
) -> None:
    settings = VARIANTS[name]
    workspace = make_workspace(tmp_path, DOCUMENTS, settings)
    reports = run_all(workspace)
    warehouse = Warehouse(workspace.warehouse_path)
    for audit in (malformed_trees, selection_errors, unanswered_queries, invalid_rows):
        assert audit(warehouse, list(DOCUMENTS), settings) == []
    rows = read_dataset(warehouse)
    assert rows.height > 0
    for row_id in rows["row_id"]:
        assert explain_row(warehouse, row_id).quoted
    assert ("query_scorer" in reports) == settings.uses_scorer
    assert ("few_shot_examples" in reports) == settings.searches_examples
    assert run_all(workspace) == {}


@pytest.mark.parametrize("name", ["context_instruct", "etrc", "adaptllm"])
def test_an_answer_that_came_along_is_the_response_and_nothing_is_asked_for_it(
    name: str, tmp_path: Path
) -> None:
    workspace = make_workspace(tmp_path, DOCUMENTS, VARIANTS[name])
    reports = run_all(workspace)
    calls = reports["responses"].calls
    assert calls is not None
    assert (calls.issued, calls.from_journal) == (0, 0)
    warehouse = Warehouse(workspace.warehouse_path)
    came_along = {
        (node, answer) for node, answer in table(warehouse, "cst_nodes", "node_id, answer")
    }
    given = {tuple(row) for row in table(warehouse, "responses", "node_id, response")}
    assert given
    assert given <= came_along


def test_a_random_choice_does_not_follow_the_scorer(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path, DOCUMENTS, VARIANTS["no scorer"])
    run_all(workspace)
    scores = table(Warehouse(workspace.warehouse_path), "scored_queries", "score, query")
    assert all(0 <= score < 1 for score, _ in scores)  # type: ignore[operator]
    assert len({score for score, _ in scores}) == len({query for _, query in scores}) > 2


def test_the_pass_over_the_whole_corpus_leaves_out_what_another_document_has(
    tmp_path: Path,
) -> None:
    documents = {"tea.md": TEA, "tea again.md": TEA}
    workspace = make_workspace(tmp_path, documents, changed("selection", whole_corpus=True))
    run_all(workspace)
    warehouse = Warehouse(workspace.warehouse_path)
    left_out = [
        (stage, document_id)
        for stage, document_id, reason in table(
            warehouse, "rejections", "stage, document_id, reason"
        )
        if reason == "repeats_in_corpus"
    ]
    # The second one by name: the first one's rows stay.
    assert set(left_out) == {("sft_dataset", "tea.md")}
    assert set(read_dataset(warehouse)["document_id"]) == {"tea again.md"}
    assert run_all(workspace) == {}
