"""The sensor and the schedule, ticked by hand on a real instance."""

import json
from pathlib import Path

import dagster as dg
import pytest

from augcon_assets.cli.summary import Outcome
from augcon_assets.definitions import defs
from augcon_assets.defs import sensors
from augcon_assets.defs.sensors import MAX_ATTEMPTS, daily_sync, follow_store
from augcon_assets.instance.workspace_instance import workspace_instance
from augcon_assets.partitions import DOCUMENTS, partition_key
from augcon_assets.resources import SESSION_TAG, WorkspaceResource
from augcon_lib.errors import StoreError
from augcon_lib.stages.stage_run import StageRun
from augcon_lib.warehouse.partitions import (
    FAILED,
    PartitionOutput,
    load_states,
    replace_partitions,
)
from augcon_lib.warehouse.versions import latest_version
from augcon_lib.workspace import Workspace
from tests.support.workspaces import DOCUMENTS as TINY
from tests.support.workspaces import GOOD, make_workspace, put

RANGE = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")


def tick(
    workspace: Workspace, instance: dg.DagsterInstance, cursor: str | None = None
) -> dg.SensorResult | dg.SkipReason:
    context = dg.build_sensor_context(instance=instance, cursor=cursor)
    resource = WorkspaceResource(root=str(workspace.root))
    return follow_store(context, workspace=resource)  # type: ignore[return-value]


def execute(
    workspace: Workspace, instance: dg.DagsterInstance, requests: list[dg.RunRequest]
) -> None:
    """What the daemon would do with *requests*."""
    for request in requests:
        job = defs.resolve_job_def(str(request.job_name))
        result = job.execute_in_process(
            instance=instance,
            asset_selection=request.asset_selection,
            tags=dict(request.tags),
            run_config={"resources": {"workspace": {"config": {"root": str(workspace.root)}}}},
        )
        assert result.success


def fail_at_trees(workspace: Workspace, document: str) -> None:
    failed = PartitionOutput(document, "", {}, status=FAILED, reason="server_error")
    replace_partitions(StageRun(workspace).warehouse, "cst_nodes", [failed], "run")


def test_ticks_alone_make_the_same_dataset_as_the_command_and_then_request_nothing(
    tmp_path: Path, first_sync: tuple[Workspace, Outcome]
) -> None:
    workspace = make_workspace(tmp_path / "workspace")
    asked = []
    with workspace_instance(workspace) as instance:
        for _ in range(6):
            result = tick(workspace, instance)
            assert isinstance(result, dg.SensorResult)
            if not result.run_requests:
                assert "everything is fresh" in str(result.skip_reason)
                break
            asked += [request.job_name for request in result.run_requests]
            execute(workspace, instance, list(result.run_requests))
        assert asked == ["documents", "choices", "documents", "dataset"]
        assert len(instance.get_dynamic_partitions(DOCUMENTS)) == len(TINY)
    made, expected = (
        latest_version(StageRun(each).warehouse) for each in (workspace, first_sync[0])
    )
    assert made is not None
    assert expected is not None
    assert (made.dataset_version, made.total) == (expected.dataset_version, expected.total)


def test_a_tick_requests_the_range_of_what_changed_and_nothing_else(
    workspace: Workspace, instance: dg.DagsterInstance
) -> None:
    put(workspace.root, "tides.md", "# Tides\n\nThe mill is closed. Its dam broke in spring.\n")
    result = tick(workspace, instance)
    assert isinstance(result, dg.SensorResult)
    (request,) = result.run_requests or []
    assert request.job_name == "documents"
    assert [request.tags[name] for name in RANGE] == ["tides.md", "tides.md"]
    assert request.run_key is None  # an edit that is taken back must run again
    assert SESSION_TAG in request.tags


def test_an_idle_tick_changes_nothing(workspace: Workspace, instance: dg.DagsterInstance) -> None:
    states = load_states(StageRun(workspace).warehouse)
    keys = instance.get_dynamic_partitions(DOCUMENTS)
    result = tick(workspace, instance)
    assert isinstance(result, dg.SensorResult)
    assert not result.run_requests
    assert load_states(StageRun(workspace).warehouse) == states
    assert instance.get_dynamic_partitions(DOCUMENTS) == keys


def test_a_document_that_left_loses_its_partition_and_the_dataset_is_made_again(
    workspace: Workspace, instance: dg.DagsterInstance
) -> None:
    (workspace.root / "documents" / GOOD[0]).unlink()
    result = tick(workspace, instance)
    assert isinstance(result, dg.SensorResult)
    assert [request.job_name for request in result.run_requests or []] == ["dataset"]
    assert partition_key(GOOD[0]) not in instance.get_dynamic_partitions(DOCUMENTS)


def test_a_store_that_cannot_be_listed_deletes_nothing(
    workspace: Workspace, instance: dg.DagsterInstance
) -> None:
    store = workspace.root / "documents"
    states = load_states(StageRun(workspace).warehouse)
    keys = instance.get_dynamic_partitions(DOCUMENTS)
    store.rename(workspace.root / "unmounted")
    with pytest.raises(StoreError, match="documents"):
        tick(workspace, instance)
    assert instance.get_dynamic_partitions(DOCUMENTS) == keys
    assert load_states(StageRun(workspace).warehouse) == states


def test_no_run_is_requested_beside_one_that_is_still_going_on(
    workspace: Workspace, instance: dg.DagsterInstance
) -> None:
    put(workspace.root, "new.md", "# New\n\nA heron came. It stayed for a week.\n")
    run = instance.create_run_for_job(
        defs.resolve_job_def("dataset"),
        tags={SESSION_TAG: "other"},
        status=dg.DagsterRunStatus.STARTED,
    )
    assert isinstance(tick(workspace, instance), dg.SkipReason)
    instance.report_run_failed(run)
    result = tick(workspace, instance)
    assert isinstance(result, dg.SensorResult)
    assert result.run_requests


def test_a_document_that_fails_again_and_again_is_given_up_after_three_attempts(
    workspace: Workspace, instance: dg.DagsterInstance
) -> None:
    fail_at_trees(workspace, "tides.md")
    cursor = None
    requested = []
    for _ in range(MAX_ATTEMPTS + 1):
        result = tick(workspace, instance, cursor)
        assert isinstance(result, dg.SensorResult)
        cursor = result.cursor
        requested.append([request.job_name for request in result.run_requests or []])
    assert requested[:MAX_ATTEMPTS] == [["documents"]] * MAX_ATTEMPTS
    assert "documents" not in requested[MAX_ATTEMPTS]
    assert json.loads(str(cursor))["tides.md"][1] == MAX_ATTEMPTS


def test_a_given_up_document_is_tried_again_when_its_prompt_changes(
    workspace: Workspace, instance: dg.DagsterInstance
) -> None:
    fail_at_trees(workspace, "tides.md")
    cursor = None
    for _ in range(MAX_ATTEMPTS + 1):
        result = tick(workspace, instance, cursor)
        assert isinstance(result, dg.SensorResult)
        cursor = result.cursor
    assert tick(workspace, instance, cursor).cursor == cursor  # type: ignore[union-attr]
    settings = workspace.root / "augcon.toml"
    settings.write_text(settings.read_text("utf-8").replace("max_rounds = 2", "max_rounds = 3"))
    result = tick(workspace, instance, cursor)
    assert isinstance(result, dg.SensorResult)
    assert "documents" in [request.job_name for request in result.run_requests or []]
    assert json.loads(str(result.cursor))["tides.md"][1] == 1


def test_attempts_are_forgotten_when_the_document_is_good(
    workspace: Workspace, instance: dg.DagsterInstance
) -> None:
    result = tick(workspace, instance, json.dumps({"tides.md": ("f", MAX_ATTEMPTS)}))
    assert isinstance(result, dg.SensorResult)
    assert json.loads(str(result.cursor)) == {}


def test_the_daily_schedule_tries_given_up_documents_again(
    workspace: Workspace, instance: dg.DagsterInstance
) -> None:
    resource = WorkspaceResource(root=str(workspace.root))

    def evaluate() -> list[dg.RunRequest | dg.SkipReason]:
        context = dg.build_schedule_context(instance=instance)
        return list(daily_sync(context, workspace=resource))  # type: ignore[call-overload]

    (skipped,) = evaluate()
    assert isinstance(skipped, dg.SkipReason)
    fail_at_trees(workspace, "tides.md")
    (request,) = evaluate()
    assert isinstance(request, dg.RunRequest)
    assert request.tags[RANGE[0]] == "tides.md"


def test_the_sensor_may_request_every_job() -> None:
    assert {target.job_name for target in sensors.follow_store.targets} == {
        "documents",
        "choices",
        "dataset",
    }
