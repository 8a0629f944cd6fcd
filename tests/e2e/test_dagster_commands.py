"""``dagster``'s own command line on a workspace: one document made again, and a backfill."""

import subprocess
from pathlib import Path

import dagster as dg
import pytest

from augcon_assets.instance.workspace_instance import workspace_instance
from augcon_assets.partitions import partition_key
from augcon_lib.workspace import open_workspace
from tests.e2e.command_line import ODD, SCRIPTS, augcon_json, copy_workspace, environment


@pytest.fixture
def workspace(made: Path, tmp_path: Path) -> Path:
    return copy_workspace(made, tmp_path / "workspace")


def dagster(workspace: Path, *arguments: str) -> None:
    """Run ``dagster`` inside *workspace*, which it finds by its home."""
    done = subprocess.run(
        [SCRIPTS / "dagster", *arguments],
        cwd=workspace,
        env=environment({"DAGSTER_HOME": str(workspace / "dagster_home")}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def new_runs(workspace: Path, before: set[str]) -> list[dg.DagsterRun]:
    with workspace_instance(open_workspace(workspace)) as instance:
        return [run for run in instance.get_runs() if run.run_id not in before]


def run_ids(workspace: Path) -> set[str]:
    return {run.run_id for run in new_runs(workspace, set())}


def test_one_document_is_made_again_without_a_call(workspace: Path) -> None:
    before = run_ids(workspace)
    key = partition_key(ODD)
    module = ("-m", "augcon_assets.definitions")
    dagster(workspace, "asset", "materialize", *module, "--select", "responses", "--partition", key)
    (run,) = new_runs(workspace, before)
    assert run.status == dg.DagsterRunStatus.SUCCESS
    kind = dg.DagsterEventType.ASSET_MATERIALIZATION
    with workspace_instance(open_workspace(workspace)) as instance:
        (entry,) = instance.all_logs(run.run_id, of_type=kind)
    event = entry.asset_materialization
    assert event is not None
    assert (event.asset_key.to_user_string(), event.partition) == ("responses", key)
    assert event.metadata["step/model_calls/issued"].value == 0
    plan = augcon_json(workspace, "plan")
    assert plan["stages"]["total"]["model_calls"]["high"] == 0


def test_a_backfill_queues_a_run_for_its_document(workspace: Path) -> None:
    before = run_ids(workspace)
    key = partition_key(ODD)
    where = ("-w", "workspace.yaml", "-j", "documents")
    dagster(workspace, "job", "backfill", *where, "--partitions", key, "--noprompt")
    (run,) = new_runs(workspace, before)
    assert run.status == dg.DagsterRunStatus.QUEUED  # the daemon starts it
    assert (run.job_name, run.tags["dagster/partition"]) == ("documents", key)
