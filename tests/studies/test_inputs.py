import json
from pathlib import Path

import pytest

from augcon_lab.studies.inputs import NamedPath, StudyInputs, drawn, named_path
from augcon_lab.studies.runs import make_trees, make_trial
from augcon_lib.benchmark.generation import generated
from augcon_lib.errors import StoreError
from augcon_lib.workspace import Workspace
from tests.support.whole_run import MILL, TEA, make_workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return make_workspace(tmp_path / "w", {"tea.md": TEA, "mill.md": MILL})


@pytest.fixture
def gold(tmp_path: Path) -> NamedPath:
    path = tmp_path / "gold.jsonl"
    rows = [
        {"doc_id": d, "context": c, "question": "How long?", "answers": ["two minutes"]}
        for d, c in (("tea", TEA), ("mill", MILL))
    ]
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return NamedPath("gold", path)


def test_a_corpus_is_named_without_the_path_to_it() -> None:
    assert named_path("squad=/data/x/sample.jsonl") == NamedPath(
        "squad", Path("/data/x/sample.jsonl")
    )
    assert named_path("/data/x/sample.jsonl.gz").name == "x/sample"
    assert named_path("/data/handbook/pages").name == "handbook/pages"


def test_a_larger_draw_holds_the_smaller_one() -> None:
    names = [f"n{number}" for number in range(20)]
    assert drawn(names, 0, 1) == sorted(names)
    assert set(drawn(names, 5, 1)) < set(drawn(names, 9, 1))
    assert drawn(names, 5, 1) == drawn(names[::-1], 5, 1)
    assert drawn(names, 5, 1) != drawn(names, 5, 2)


def test_corpora_are_the_own_documents_folders_tables_and_benchmark_files(
    workspace: Workspace, gold: NamedPath, tmp_path: Path
) -> None:
    (tmp_path / "rows.jsonl").write_text(json.dumps({"id": "a", "text": TEA}), encoding="utf-8")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "mill.txt").write_text(MILL, encoding="utf-8")
    others = [NamedPath(name, tmp_path / name) for name in ("rows.jsonl", "folder")]
    own, rows, folder, passages = StudyInputs(workspace, "s", [*others, gold]).opened
    assert own.document_ids == {"tea.md", "mill.md"}
    assert rows.document_ids == {"rows.jsonl#a"}
    assert folder.document_ids == {"mill.txt"}
    assert passages.described == "gold: 2 of 2 passages with 2 questions"
    assert (len(passages.gold), own.gold) == (2, ())


def test_no_more_passages_are_taken_than_asked_for(workspace: Workspace, gold: NamedPath) -> None:
    inputs = StudyInputs(workspace, "s", [gold], max_passages=1)
    for corpus in inputs.opened:
        assert len(corpus.document_ids) == 1
        trees = make_trees(inputs, corpus, "cst", {})
        assert trees.documents.keys() == trees.nodes.keys() == corpus.document_ids
    assert len(inputs.opened[1].gold) == 1


def test_what_is_no_corpus_is_named(workspace: Workspace, tmp_path: Path) -> None:
    missing = NamedPath("gone", tmp_path / "gone")
    with pytest.raises(StoreError, match=r"the corpus gone: .* does not exist"):
        _ = StudyInputs(workspace, "s", [missing]).opened
    with pytest.raises(StoreError, match="no corpus to study"):
        _ = StudyInputs(workspace, "s", own_corpus=False).opened


def test_a_study_pays_nothing_twice_and_leaves_the_warehouse_alone(
    workspace: Workspace, gold: NamedPath
) -> None:
    inputs = StudyInputs(workspace, "s", [gold])
    own, passages = inputs.opened
    trees = make_trees(inputs, own, "cst", {})
    assert trees.trial.issued_calls == trees.trial.model_calls > 0
    first = generated(make_trial(inputs, passages, "rows", {}))
    assert first.issued_calls > 0
    assert {row.passage_id for row in first.rows} <= {"tea", "mill"}
    again = generated(make_trial(inputs, passages, "other", {}))
    assert (again.issued_calls, again.rows) == (0, first.rows)
    assert again.model_calls == first.model_calls
    assert not workspace.warehouse_path.exists()
    assert not workspace.journal_path.exists()
