"""A new few-shot choice from the command line: made, priced, promoted, followed, taken back."""

from pathlib import Path

import pytest

from tests.e2e.command_line import augcon, augcon_json, copy_workspace


@pytest.fixture
def edited(made: Path, tmp_path: Path) -> Path:
    """A workspace whose dataset is made, and one of whose human-written examples was edited."""
    workspace = copy_workspace(made, tmp_path / "workspace")
    path = workspace / "examples.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(lines[1:]), encoding="utf-8")
    return workspace


def test_a_new_choice_waits_shows_its_cost_and_is_followed_once_promoted(edited: Path) -> None:
    first = augcon_json(edited, "run", code=1)
    ((stage, candidate),) = first["candidates"].items()
    assert stage == "few_shot_examples"
    assert first["rows"]["added"] == first["rows"]["removed"] == 0

    shown = augcon_json(edited, "promote")
    assert shown["promoted"] is False
    (cost,) = shown["promotions"]
    assert (cost["stage"], cost["candidate"]) == (stage, candidate)
    assert cost["model_calls"] > 0
    assert augcon_json(edited, "run", code=1)["model_calls"]["issued"] == 0

    assert augcon_json(edited, "promote", "--yes")["promoted"] is True
    plan = augcon_json(edited, "plan")
    assert set(plan["reasons"]) == {"few-shot choice promoted"}
    followed = augcon_json(edited, "run", code=1)
    assert followed["model_calls"]["issued"] == cost["model_calls"]
    assert followed["candidates"] == {}
    version = augcon_json(edited, "versions")["versions"][0]
    assert version["dataset_version"] == followed["dataset_version"]
    assert set(version["cause"]) == {"few-shot choice promoted"}

    back = augcon_json(edited, "promote", stage, "--version", cost["in_force"], "--yes")
    assert back["promotions"][0]["model_calls"] == 0
    again = augcon_json(edited, "run", code=1)
    assert again["model_calls"]["issued"] == 0
    assert again["dataset_version"] == first["dataset_version"]


def test_run_promotes_at_once_where_it_is_told_to(edited: Path) -> None:
    summary = augcon_json(edited, "run", "--promote", code=1)
    assert summary["candidates"] == {}
    assert augcon_json(edited, "promote")["promotions"] == []
    assert augcon_json(edited, "run", code=1)["run_ids"] == []


def test_retrain_makes_what_the_journal_holds_without_a_call(made: Path, tmp_path: Path) -> None:
    workspace = copy_workspace(made, tmp_path / "workspace")
    spent = augcon_json(workspace, "status")["spend"]["calls"]
    assert augcon_json(workspace, "retrain")["promotions"] == []
    assert augcon_json(workspace, "status")["spend"]["calls"] == spent


def test_only_what_has_versions_can_be_promoted(made: Path) -> None:
    done = augcon(made, "promote", "cst_nodes")
    assert done.returncode == 2
    assert "one of query_scorer, few_shot_examples" in done.stderr
    done = augcon(made, "promote", "query_scorer", "--version", "nope")
    assert done.returncode == 2
    assert "query_scorer has no version nope; known: " in done.stderr
