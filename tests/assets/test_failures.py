"""Documents that failed for good are failed partitions in the UI, with their reason."""

import asyncio

import dagster as dg
from dagster._core.loader import LoadingContextForTest
from dagster._core.storage.partition_status_cache import get_partition_subsets

from augcon_assets.defs.jobs import document_making_job
from augcon_assets.instance.failures import FAILURES_TAG, report_failures
from augcon_assets.partitions import documents_partitions, partition_key
from augcon_lib.stages.stage_run import StageRun
from augcon_lib.warehouse import Warehouse
from augcon_lib.warehouse.partitions import FAILED, PartitionOutput, replace_partitions
from augcon_lib.workspace import Workspace
from tests.support.workspaces import BAD, GOOD, bring_up_to_date

DOCUMENT = GOOD[0]


def shown(
    warehouse: Warehouse, instance: dg.DagsterInstance, *, given_up: bool = True
) -> list[str]:
    return report_failures(warehouse, instance, lambda document: given_up, document_making_job)


def in_ui(instance: dg.DagsterInstance, asset: str) -> tuple[set[str], set[str]]:
    """Partitions that the UI shows as materialized, and as failed."""
    context = LoadingContextForTest(instance)
    made, failed, _ = asyncio.run(
        get_partition_subsets(instance, context, dg.AssetKey(asset), instance, documents_partitions)
    )
    assert made is not None
    assert failed is not None
    return set(made.get_partition_keys()), set(failed.get_partition_keys())


def failures(instance: dg.DagsterInstance, stage: str) -> list[str]:
    """Messages of the runs that show failures, latest first."""
    runs = instance.get_runs(dg.RunsFilter(tags={FAILURES_TAG: stage}))
    kind = dg.DagsterEventType.RUN_FAILURE
    found = []
    for run in runs:
        assert run.status == dg.DagsterRunStatus.FAILURE
        (event,) = instance.all_logs(run.run_id, of_type=kind)
        found.append(str(event.message))
    return found


def test_a_document_that_cannot_be_read_is_failed_with_its_reason_and_the_others_are_not(
    workspace: Workspace, instance: dg.DagsterInstance
) -> None:
    good = {partition_key(document) for document in GOOD}
    assert in_ui(instance, "raw_corpus") == (good, {BAD})
    assert in_ui(instance, "responses") == (good, set())
    (message,) = failures(instance, "raw_corpus")
    assert BAD in message
    assert "pdf" in message.lower()


def test_a_failure_is_shown_once_and_anew_after_another_attempt(
    workspace: Workspace, instance: dg.DagsterInstance
) -> None:
    warehouse = StageRun(workspace).warehouse
    output = PartitionOutput(DOCUMENT, "", {}, status=FAILED, reason="server_error")
    replace_partitions(warehouse, "cst_nodes", [output], "run")
    assert shown(warehouse, instance, given_up=False) == []
    assert shown(warehouse, instance) == [DOCUMENT]
    assert shown(warehouse, instance) == []
    assert partition_key(DOCUMENT) in in_ui(instance, "cst_nodes")[1]
    (message,) = failures(instance, "cst_nodes")
    assert f"{DOCUMENT}: server_error" in message


def test_a_document_that_is_good_again_is_no_failed_partition_any_more(
    workspace: Workspace, instance: dg.DagsterInstance
) -> None:
    warehouse = StageRun(workspace).warehouse
    output = PartitionOutput(DOCUMENT, "", {}, status=FAILED, reason="server_error")
    replace_partitions(warehouse, "cst_nodes", [output], "run")
    shown(warehouse, instance)
    assert bring_up_to_date(workspace, instance).run_ids
    good = {partition_key(document) for document in GOOD}
    assert in_ui(instance, "cst_nodes") == (good, set())
