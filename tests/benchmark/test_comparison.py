import json
from pathlib import Path

import pytest

from augcon_lib.benchmark.comparison import compare
from augcon_lib.benchmark.variants import VARIANTS
from augcon_lib.errors import SettingsError
from augcon_lib.workspace import Workspace
from tests.support.whole_run import MILL, TEA, make_workspace

QUESTIONS = [
    ("tea#1", TEA, "How long does green tea stand?", "two minutes"),
    ("tea#1", TEA, "What does black tea need?", "boiling water"),
    ("mill", MILL, "Where did the flour go?", "Bristol"),
]


@pytest.fixture
def gold(tmp_path: Path) -> Path:
    path = tmp_path / "gold.jsonl"
    rows = [{"doc_id": d, "context": c, "question": q, "answers": [a]} for d, c, q, a in QUESTIONS]
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return path


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return make_workspace(tmp_path / "workspace", {"own.md": "A document of the user's own."})


def test_every_strategy_is_measured_on_the_passages_alone(workspace: Workspace, gold: Path) -> None:
    report = compare(workspace, gold)
    assert report["strategies"].keys() == VARIANTS.keys()
    assert (report["passages"], report["questions"]) == (2, 3)
    for name, result in report["strategies"].items():
        assert 0 <= result["coverage"] <= result["answers_carried"] <= 1, name
        low, high = result["ci95"]["coverage"]
        assert low <= result["coverage"] <= high
        assert result["rows"] > 0
        assert result["failed_documents"] == 0
    full = report["strategies"]["cst"]
    assert full["answers_carried"] > 0
    assert full["minus_cst_ci95"]["coverage"] == (0, 0)
    assert not workspace.warehouse_path.exists()


def test_the_questions_and_answers_of_people_are_never_shown_to_the_model(
    workspace: Workspace, gold: Path
) -> None:
    compare(workspace, gold, ["cst"])
    (passages,) = (workspace.warehouse_path.parent / "benchmark").glob("*/passages.jsonl")
    written = [json.loads(line) for line in passages.read_text(encoding="utf-8").splitlines()]
    assert written == [{"id": "tea#1", "text": TEA}, {"id": "mill", "text": MILL}]


def test_a_second_benchmark_asks_nothing_and_finds_the_same(
    workspace: Workspace, gold: Path
) -> None:
    first = compare(workspace, gold, ["cst", "no_scorer"])["strategies"]
    again = compare(workspace, gold, ["cst", "no_scorer"])["strategies"]
    assert first["cst"]["calls_issued"] > 0
    assert again["cst"]["calls_issued"] == again["no_scorer"]["calls_issued"] == 0
    for name in first:
        del first[name]["calls_issued"], again[name]["calls_issued"]
    assert again == first


def test_an_unknown_strategy_is_named_before_anything_is_done(
    workspace: Workspace, gold: Path
) -> None:
    with pytest.raises(SettingsError, match="--strategy bst: unknown; use one of cst, direct"):
        compare(workspace, gold, ["bst"])
    assert not workspace.warehouse_path.parent.exists()


def test_a_strategy_does_not_depend_on_those_before_it(workspace: Workspace, gold: Path) -> None:
    """A scorer or few-shot choice that the journal keeps for one is not that of the next."""
    after = compare(workspace, gold, ["cst", "middle"])["strategies"]["middle"]
    alone = compare(workspace, gold, ["middle"])["strategies"]["middle"]
    for result in (after, alone):
        result.pop("minus_cst_ci95", None)
        del result["calls_issued"]
    assert after == alone
