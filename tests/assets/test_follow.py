"""The loop of ``augcon run`` against a store that does not hold still."""

from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest

from augcon_assets.cli import run as command
from augcon_assets.cli.summary import Outcome, summarise
from augcon_assets.instance.sync import Store, sync_partitions
from augcon_assets.instance.workspace_instance import workspace_instance
from augcon_lib.stages.stage_run import StageRun
from augcon_lib.workspace import Workspace, open_workspace
from tests.support.workspaces import BROKEN_PDF, TIDES, bring_up_to_date, make_workspace, put

MOST_RUNS = 8


@pytest.fixture
def run_while(
    workspace: Workspace, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Callable[[Path], object]], Outcome]:
    """Bring the workspace up to date while something happens right after the first listing."""

    def run(happens: Callable[[Path], object]) -> Outcome:
        pending = [happens]

        def sync_then_happen(stage_run: StageRun, on: dg.DagsterInstance) -> Store:
            store = sync_partitions(stage_run, on)
            if pending:
                pending.pop()(workspace.root / "documents")
            return store

        execute, runs = command.execute, []

        def execute_counted(*arguments: object) -> str:
            runs.append(arguments)
            assert len(runs) <= MOST_RUNS, "the same runs are started again and again"
            return execute(*arguments)  # type: ignore[arg-type]

        monkeypatch.setattr(command, "sync_partitions", sync_then_happen)
        monkeypatch.setattr(command, "execute", execute_counted)
        return bring_up_to_date(workspace, instance)

    return run


def test_a_document_that_is_edited_right_after_the_listing_is_no_endless_loop(
    workspace: Workspace,
    instance: dg.DagsterInstance,
    run_while: Callable[[Callable[[Path], object]], Outcome],
) -> None:
    put(workspace.root, "tides.md", TIDES + "\nA heron stood by the sluice.\n")
    outcome = run_while(lambda store: (store / "tides.md").write_text(TIDES + "\nIt left.\n"))
    assert outcome.stopped_by is None
    assert summarise(bring_up_to_date(workspace, instance))["run_ids"] == []


def test_a_document_that_leaves_right_after_the_listing_is_no_endless_loop(
    workspace: Workspace,
    instance: dg.DagsterInstance,
    run_while: Callable[[Callable[[Path], object]], Outcome],
) -> None:
    put(workspace.root, "tides.md", TIDES + "\nA heron stood by the sluice.\n")
    outcome = run_while(lambda store: (store / "tides.md").unlink())
    assert outcome.stopped_by is None
    assert bring_up_to_date(workspace, instance).stopped_by is None
    assert summarise(bring_up_to_date(workspace, instance))["run_ids"] == []


@pytest.mark.parametrize(
    "documents",
    [{"broken.pdf": BROKEN_PDF}, {"short.md": "Hello.\n"}],
    ids=["nothing readable", "nothing long enough"],
)
def test_a_store_without_a_question_in_it_ends_with_an_empty_dataset(
    tmp_path: Path, documents: dict[str, str | bytes]
) -> None:
    workspace = make_workspace(tmp_path / "workspace", documents)
    with workspace_instance(workspace) as instance:
        summary = summarise(bring_up_to_date(workspace, instance))
        assert summary["rows"]["total"] == 0
        assert summary["dataset_version"]
        assert summarise(bring_up_to_date(workspace, instance))["run_ids"] == []


def test_settings_changed_and_taken_back_give_the_same_dataset_without_a_call(
    workspace: Workspace, instance: dg.DagsterInstance
) -> None:
    before = summarise(bring_up_to_date(workspace, instance))
    path = workspace.root / "augcon.toml"
    settings = path.read_text("utf-8")
    path.write_text(f"{settings}\n[selection]\nmax_rouge_l = 0.2\n", "utf-8")
    bring_up_to_date(open_workspace(workspace.root), instance)
    path.write_text(settings, "utf-8")
    after = summarise(bring_up_to_date(open_workspace(workspace.root), instance))
    assert after["run_ids"]
    assert after["model_calls"]["issued"] == 0
    assert after["dataset_version"] == before["dataset_version"]
