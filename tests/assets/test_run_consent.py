from collections.abc import Callable
from pathlib import Path
from unittest.mock import Mock

import pytest
import typer

from augcon_assets.cli import run as run_module
from augcon_assets.cli.console import EXIT_DONE
from augcon_assets.cli.run import run_command
from tests.support.workspaces import make_workspace

ENDPOINT = '[model]\nprovider = "openai"\nbase_url = "http://127.0.0.1:9/v1"\nname = "m"\n'


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], list[str]]:
    """A person at a terminal who always gives one answer; the questions they were asked."""

    def person(answer: bool) -> list[str]:
        asked: list[str] = []
        monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
        monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
        monkeypatch.setattr(typer, "confirm", lambda text, err: asked.append(text) or answer)
        return asked

    return person


def endpoint_workspace(root: Path) -> Path:
    workspace = make_workspace(root / "w", {"tea.md": "Tea is steeped in boiling water. " * 12})
    (workspace.root / "augcon.toml").write_text(ENDPOINT, encoding="utf-8")
    return workspace.root


def test_a_person_who_declines_is_not_charged(
    tmp_path: Path, answers: Callable[[bool], list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    asked = answers(False)
    code = run_command(endpoint_workspace(tmp_path), [], "sft_dataset", yes=False, as_json=False)
    assert code == EXIT_DONE
    assert asked == ["Call the model?"]
    assert "nothing was done" in capsys.readouterr().err


def test_yes_asks_nobody(
    tmp_path: Path, answers: Callable[[bool], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = answers(False)
    follow = Mock(side_effect=InterruptedError)
    monkeypatch.setattr(run_module, "follow", follow)
    with pytest.raises(InterruptedError):
        run_command(endpoint_workspace(tmp_path), [], "sft_dataset", yes=True, as_json=False)
    assert asked == []


def test_a_waiting_promotion_is_shown_with_its_cost_and_asked_about(
    tmp_path: Path, answers: Callable[[bool], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = answers(False)
    shown: list[str] = []
    nothing = {"stages": {"total": {"model_calls": {"high": 0}}}}
    monkeypatch.setattr(run_module, "collect_plan", lambda run: nothing)
    monkeypatch.setattr(run_module, "print_plan", lambda out, plan: None)
    monkeypatch.setattr(run_module, "waiting_versions", lambda run: {"query_scorer": "v2"})
    monkeypatch.setattr(run_module, "promotion_cost", lambda run, stage, version: stage)
    monkeypatch.setattr(run_module, "print_costs", lambda out, costs: shown.extend(costs))
    monkeypatch.setattr(run_module, "follow", Mock(side_effect=InterruptedError))
    root = endpoint_workspace(tmp_path)
    arguments = ([], "sft_dataset")
    assert run_command(root, *arguments, yes=False, as_json=False, promote=True) == EXIT_DONE
    assert (asked, shown) == (["Call the model?"], ["query_scorer"])
    with pytest.raises(InterruptedError):  # nothing is stale, nothing is promoted: nothing to ask
        run_command(root, *arguments, yes=False, as_json=False)
    assert len(asked) == 1
