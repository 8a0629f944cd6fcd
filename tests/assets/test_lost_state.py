"""The instance or the warehouse is lost, and what is left makes it whole without a model call."""

import shutil

import dagster as dg

from augcon_assets.cli.summary import summarise
from augcon_assets.instance.workspace_instance import workspace_instance
from augcon_assets.partitions import partition_key
from augcon_lib.pipeline import DOCUMENT_STAGES
from augcon_lib.workspace import Workspace
from tests.support.freshness import causes_in_ui, event_count
from tests.support.workspaces import DOCUMENTS, GOOD, TIDES, bring_up_to_date, put

NO_CALL = {"issued": 0, "from_journal": 0, "repeated_within_run": 0, "failed": 0}


def lose_instance(workspace: Workspace) -> None:
    for path in workspace.dagster_home.iterdir():
        if path.is_dir():
            shutil.rmtree(path)


def test_a_lost_instance_is_told_of_all_that_is_fresh_and_starts_no_run(
    workspace: Workspace,
) -> None:
    lose_instance(workspace)
    with workspace_instance(workspace) as instance:
        summary = summarise(bring_up_to_date(workspace, instance))
        assert summary["run_ids"] == []
        assert summary["model_calls"] == NO_CALL
        assert summary["documents"]["unchanged"] == len(DOCUMENTS)
        assert summary["documents"]["added"] == 0
        assert causes_in_ui(instance) == {}
        for stage in DOCUMENT_STAGES:
            keys = instance.get_materialized_partitions(dg.AssetKey(stage))
            assert keys == {partition_key(document) for document in GOOD}
        told = event_count(instance)
        assert summarise(bring_up_to_date(workspace, instance))["run_ids"] == []
        assert event_count(instance) == told


def test_a_document_edited_while_the_instance_was_lost_is_the_only_one_made(
    workspace: Workspace,
) -> None:
    lose_instance(workspace)
    put(workspace.root, "tides.md", TIDES + "\nA heron came. It stayed by the sluice.\n")
    with workspace_instance(workspace) as instance:
        summary = summarise(bring_up_to_date(workspace, instance))
        assert (summary["documents"]["changed"], summary["documents"]["added"]) == (1, 0)
        made = instance.fetch_materializations(dg.AssetKey("cst_nodes"), limit=100).records
        in_runs = {record.partition_key for record in made if record.run_id}
        assert in_runs == {"tides.md"}
        assert causes_in_ui(instance) == {}


def test_a_lost_warehouse_is_rebuilt_from_the_journal_without_a_call(
    workspace: Workspace, instance: dg.DagsterInstance
) -> None:
    before = summarise(bring_up_to_date(workspace, instance))
    workspace.warehouse_path.unlink()
    after = summarise(bring_up_to_date(workspace, instance))
    assert after["model_calls"]["issued"] == 0
    assert after["model_calls"]["from_journal"] > 0
    assert after["dataset_version"] == before["dataset_version"]
    assert after["documents"]["added"] == len(DOCUMENTS)
    assert causes_in_ui(instance) == {}
