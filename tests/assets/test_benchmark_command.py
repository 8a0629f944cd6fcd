import json
from pathlib import Path

import pytest

from augcon_assets.cli.benchmark import run_benchmark
from augcon_assets.cli.console import EXIT_DONE
from tests.support.workspaces import TIDES, make_workspace

QUESTION = "How much did a sack of flour weigh?"


@pytest.fixture
def gold(tmp_path: Path) -> Path:
    path = tmp_path / "gold.jsonl"
    row = {"context": TIDES, "question": QUESTION, "answers": ["280 pounds"]}
    path.write_text(json.dumps(row), encoding="utf-8")
    return path


def test_one_json_object_has_the_measures_of_the_strategies_asked_for(
    tmp_path: Path, gold: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = make_workspace(tmp_path / "w", {"own.md": TIDES}).root
    assert run_benchmark(root, gold, ["middle", "etrc"], as_json=True) == EXIT_DONE
    report = json.loads(capsys.readouterr().out)
    assert list(report["strategies"]) == ["middle", "etrc"]
    assert report["strategies"]["middle"].keys() >= {
        "coverage",
        "closed_book_em",
        "closed_book_f1",
        "distinct_2",
        "rows",
        "model_calls",
        "output_tokens",
        "ci95",
    }


def test_the_table_says_that_offline_figures_say_nothing_of_a_model(
    tmp_path: Path, gold: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = make_workspace(tmp_path / "w", {"own.md": TIDES}).root
    assert run_benchmark(root, gold, ["direct"], as_json=False) == EXIT_DONE
    shown = capsys.readouterr().out
    assert "1 questions on 1 passages" in shown
    assert "direct" in shown
    assert "nothing about a real model" in shown
