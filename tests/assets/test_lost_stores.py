"""Ways to lose a store: no row leaves the dataset before somebody agrees.

Under the command line, the sensor and the schedule.
"""

import shutil
from pathlib import Path

import dagster as dg
import pytest

from augcon_assets.cli.run import run_command
from augcon_assets.definitions import defs
from augcon_assets.defs.sensors import daily_sync, follow_store
from augcon_assets.instance.workspace_instance import workspace_instance
from augcon_assets.partitions import DOCUMENTS
from augcon_assets.resources import WorkspaceResource
from augcon_lib.errors import AugconError
from augcon_lib.stages.stage_run import StageRun
from augcon_lib.warehouse.datasets import read_dataset
from augcon_lib.workspace import Workspace, open_workspace
from tests.assets.conftest import leave_clean
from tests.assets.losses import LOSSES, Loss, synced

KINDS = ("folder", "table", "archive")
# The ways that a listing cannot see: the rows stay, marked stale, and the command says so.
UNREADABLE = {
    "files_that_became_links_to_nothing",
    "files_cut_to_nothing",
    "files_of_garbage",
    "empty_text_column",
    "renamed_text_column",
}


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Workspace]:
    """A workspace in step with its store, of each kind; to look at, never to change."""
    with pytest.MonkeyPatch.context() as patch:
        leave_clean(patch)
        return {kind: synced(tmp_path_factory.mktemp(kind) / "w", kind) for kind in KINDS}


@pytest.fixture
def lost(
    request: pytest.FixtureRequest,
    stores: dict[str, Workspace],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> tuple[Loss, Workspace, set[tuple[str, str]]]:
    """A workspace whose store was lost, and its rows before."""
    shutil.copytree(stores[request.param.store].root, tmp_path / "w", symlinks=True)
    rows = rows_of(open_workspace(tmp_path / "w"))
    assert len({document for document, _ in rows}) >= 12
    request.param.lose(tmp_path / "w", monkeypatch)
    return request.param, open_workspace(tmp_path / "w"), rows


def rows_of(workspace: Workspace) -> set[tuple[str, str]]:
    dataset = read_dataset(StageRun(workspace).warehouse)
    return set(dataset.select("document_id", "row_id").iter_rows())


def execute(
    workspace: Workspace, instance: dg.DagsterInstance, requests: list[dg.RunRequest]
) -> None:
    for request in requests:
        defs.resolve_job_def(str(request.job_name)).execute_in_process(
            instance=instance,
            asset_selection=request.asset_selection,
            tags=dict(request.tags),
            run_config={"resources": {"workspace": {"config": {"root": str(workspace.root)}}}},
            raise_on_error=False,
        )


def tick(workspace: Workspace, instance: dg.DagsterInstance) -> list[dg.RunRequest]:
    resource = WorkspaceResource(root=str(workspace.root))
    result = follow_store(dg.build_sensor_context(instance=instance), workspace=resource)
    return list(getattr(result, "run_requests", None) or [])


def scheduled(workspace: Workspace, instance: dg.DagsterInstance) -> list[dg.RunRequest]:
    resource = WorkspaceResource(root=str(workspace.root))
    context = dg.build_schedule_context(instance=instance)
    found = daily_sync(context, workspace=resource)
    return [each for each in found if isinstance(each, dg.RunRequest)]  # type: ignore[union-attr]


def test_there_are_more_than_twenty_ways() -> None:
    assert len({each.name for each in LOSSES}) == len(LOSSES) > 20


@pytest.mark.parametrize("lost", LOSSES, ids=lambda each: each.name, indirect=True)
def test_the_command_line_removes_no_row(
    lost: tuple[Loss, Workspace, set[tuple[str, str]]], capsys: pytest.CaptureFixture[str]
) -> None:
    loss, workspace, rows = lost
    if loss.name in UNREADABLE:
        code = run_command(workspace.root, [], "sft_dataset", yes=True, as_json=False)
        assert code == 1
        assert "--retire" in capsys.readouterr().err
    else:
        with pytest.raises(AugconError):
            run_command(workspace.root, [], "sft_dataset", yes=True, as_json=False)
    assert rows <= rows_of(workspace)


@pytest.mark.parametrize("lost", LOSSES, ids=lambda each: each.name, indirect=True)
def test_sensor_and_schedule_remove_no_row(
    lost: tuple[Loss, Workspace, set[tuple[str, str]]],
) -> None:
    _, workspace, rows = lost
    with workspace_instance(workspace) as instance:
        partitions = set(instance.get_dynamic_partitions(DOCUMENTS))
        for evaluate in (tick, tick, scheduled):
            try:
                requests = evaluate(workspace, instance)
            except AugconError:
                continue  # a failed tick is shown in Dagster, and removes nothing
            execute(workspace, instance, requests)
        assert partitions <= set(instance.get_dynamic_partitions(DOCUMENTS))
    assert rows <= rows_of(workspace)
