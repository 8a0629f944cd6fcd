"""What Dagster shows is what the warehouse holds, whatever interrupted a run."""

import json
import shutil
from collections.abc import Iterator

import dagster as dg
import pytest

from augcon_assets.cli.doctor import run_doctor
from augcon_assets.cli.promote import promote_command
from augcon_assets.cli.summary import Outcome, summarise
from augcon_assets.definitions import defs
from augcon_assets.instance import lineage, reporting
from augcon_assets.instance.workspace_instance import workspace_instance
from augcon_assets.partitions import DOCUMENTS, partition_key
from augcon_lib.pipeline import CHOICES, DOCUMENT_STAGES
from augcon_lib.stages.promotion import waiting_versions
from augcon_lib.stages.stage_run import StageRun
from augcon_lib.warehouse.partitions import FAILED, PartitionOutput, replace_partitions
from augcon_lib.workspace import Workspace, open_workspace
from tests.support.freshness import causes_in_ui, event_count
from tests.support.lineage import WHOLE, found, shown, sync
from tests.support.workspaces import (
    BROKEN_PDF,
    GOOD,
    SETTINGS,
    TIDES,
    bring_up_to_date,
    put,
    toml,
)


def test_a_synced_workspace_has_no_difference(
    first_sync: tuple[Workspace, Outcome], first_instance: dg.DagsterInstance
) -> None:
    assert found(first_sync[0], first_instance) == []
    for stage in DOCUMENT_STAGES:
        assert shown(first_instance, stage) == set(map(partition_key, GOOD))


@pytest.mark.parametrize("asset", lineage.ASSETS)
def test_a_wiped_asset_is_a_difference_and_the_next_sync_records_it(
    workspace: Workspace, instance: dg.DagsterInstance, asset: str
) -> None:
    instance.wipe_assets([dg.AssetKey(asset)])
    assert {difference.asset for difference in found(workspace, instance)} == {asset}
    sync(workspace, instance)
    assert found(workspace, instance) == []
    if asset != DOCUMENTS:
        assert summarise(bring_up_to_date(workspace, instance))["run_ids"] == []
    assert causes_in_ui(instance) == {}


def test_a_wiped_partition_is_recorded_again_and_no_other(
    workspace: Workspace, instance: dg.DagsterInstance
) -> None:
    instance.wipe_asset_partitions(dg.AssetKey("cst_nodes"), [partition_key(GOOD[0])])
    (difference,) = found(workspace, instance)
    assert (difference.asset, difference.document) == ("cst_nodes", GOOD[0])
    assert difference.recorded is None
    asset = dg.AssetKey("cst_nodes")
    kind = dg.DagsterEventType.ASSET_MATERIALIZATION
    before = instance.event_log_storage.get_latest_storage_id_by_partition(asset, kind)
    sync(workspace, instance)
    assert found(workspace, instance) == []
    after = instance.event_log_storage.get_latest_storage_id_by_partition(asset, kind)
    assert before.items() <= after.items()
    assert after.keys() - before.keys() == {partition_key(GOOD[0])}
    assert causes_in_ui(instance) == {}


def test_another_version_than_the_stored_one_is_a_difference_that_a_sync_corrects(
    workspace: Workspace, instance: dg.DagsterInstance
) -> None:
    tags = {"dagster/data_version": "other", "dagster/data_version_is_user_provided": "true"}
    key = partition_key(GOOD[0])
    instance.report_runless_asset_event(
        dg.AssetMaterialization("responses", partition=key, tags=tags)
    )
    (difference,) = found(workspace, instance)
    assert (difference.asset, difference.recorded) == ("responses", "other")
    assert difference.stored
    assert "responses of" in str(difference)
    sync(workspace, instance)
    assert found(workspace, instance) == []


def test_the_command_that_promotes_a_version_reports_it(
    workspace: Workspace, instance: dg.DagsterInstance
) -> None:
    changed = {**SETTINGS, "responses": {**SETTINGS["responses"], "search_trials": 3}}
    (workspace.root / "augcon.toml").write_text(toml(changed), "utf-8")
    bring_up_to_date(open_workspace(workspace.root), instance)
    assert waiting_versions(StageRun(open_workspace(workspace.root)))
    promote_command(workspace.root, ["few_shot_examples"], None, yes=True, as_json=True)
    assert not waiting_versions(StageRun(open_workspace(workspace.root)))
    assert found(workspace, instance) == []


def test_what_is_not_stored_is_shown_no_more(
    workspace: Workspace, instance: dg.DagsterInstance
) -> None:
    event = dg.AssetMaterialization("raw_corpus", partition="never stored.md")
    instance.report_runless_asset_event(event)
    (difference,) = found(workspace, instance)
    assert difference.stored is None
    sync(workspace, instance)
    assert found(workspace, instance) == []
    assert "never stored.md" not in shown(instance, "raw_corpus")


def test_a_document_that_cannot_be_read_any_more_is_shown_at_no_stage(
    workspace: Workspace, instance: dg.DagsterInstance
) -> None:
    (workspace.root / "documents" / "tides.md").rename(workspace.root / "documents" / "tides.pdf")
    bring_up_to_date(workspace, instance)
    put(workspace.root, "tides.pdf", BROKEN_PDF)
    bring_up_to_date(workspace, instance)
    assert found(workspace, instance) == []
    assert "tides.pdf" not in shown(instance, "responses")


def test_a_document_that_comes_back_does_not_have_its_old_status(
    workspace: Workspace, instance: dg.DagsterInstance
) -> None:
    path = workspace.root / "documents" / "tides.md"
    path.unlink()
    bring_up_to_date(workspace, instance)
    assert found(workspace, instance) == []
    put(workspace.root, "tides.md", TIDES)
    sync(workspace, instance)
    assert found(workspace, instance) == []
    assert "tides.md" in instance.get_dynamic_partitions(DOCUMENTS)
    assert "tides.md" not in shown(instance, "raw_corpus")


def test_a_failed_document_shows_its_last_good_version_while_its_rows_are_kept(
    workspace: Workspace, instance: dg.DagsterInstance
) -> None:
    failed = [PartitionOutput(GOOD[0], "", {}, status=FAILED, reason="server_error")]
    replace_partitions(StageRun(workspace).warehouse, "cst_nodes", failed, "run")
    sync(workspace, instance)
    assert found(workspace, instance) == []
    assert partition_key(GOOD[0]) in shown(instance, "cst_nodes")
    with StageRun(workspace).warehouse.write() as connection:
        connection.execute("DELETE FROM cst_nodes WHERE document_id = ?", [GOOD[0]])
    assert [d.stored for d in found(workspace, instance)] == [None]
    sync(workspace, instance)
    assert partition_key(GOOD[0]) not in shown(instance, "cst_nodes")


def test_a_lost_instance_shows_everything_after_one_sync(workspace: Workspace) -> None:
    for path in workspace.dagster_home.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
    with workspace_instance(workspace) as instance:
        expected = len(lineage.OF_DOCUMENTS) * len(GOOD) + 1 + len(WHOLE) + len(CHOICES)
        assert len(found(workspace, instance)) == expected
        sync(workspace, instance)
        assert found(workspace, instance) == []


def test_a_lost_warehouse_is_shown_as_lost(
    workspace: Workspace, instance: dg.DagsterInstance
) -> None:
    workspace.warehouse_path.unlink()
    assert found(workspace, instance)
    sync(workspace, instance)
    assert found(workspace, instance) == []
    assert shown(instance, "responses") == set()
    assert summarise(bring_up_to_date(workspace, instance))["model_calls"]["issued"] == 0
    assert found(workspace, instance) == []


def test_a_store_that_cannot_be_listed_keeps_nothing_from_being_recorded(
    workspace: Workspace, instance: dg.DagsterInstance
) -> None:
    instance.wipe_assets([dg.AssetKey("cst_nodes")])
    (workspace.root / "documents").rename(workspace.root / "unmounted")
    with pytest.raises(Exception, match="documents"):
        sync(workspace, instance)
    assert found(workspace, instance) == []


def test_no_difference_takes_no_lock_and_writes_nothing(
    workspace: Workspace, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(run: StageRun) -> Iterator[None]:
        raise AssertionError("waited")

    monkeypatch.setattr(StageRun, "recording", refuse)
    before = event_count(instance)
    assert found(workspace, instance) == []
    assert reporting.report_stored(StageRun(workspace), instance) == []
    assert event_count(instance) == before


# ---- interruptions of a run


def check_result(workspace: Workspace, instance: dg.DagsterInstance) -> dg.AssetCheckEvaluation:
    key = dg.AssetCheckKey(dg.AssetKey("sft_dataset"), "dagster_matches_warehouse")
    job = defs.resolve_implicit_global_asset_job_def().get_subset(asset_check_selection={key})
    root = {"resources": {"workspace": {"config": {"root": str(workspace.root)}}}}
    result = job.execute_in_process(instance=instance, run_config=root)
    (evaluation,) = result.get_asset_check_evaluations()
    return evaluation


def test_the_asset_check_names_what_differs(
    workspace: Workspace, instance: dg.DagsterInstance
) -> None:
    assert check_result(workspace, instance).passed
    instance.wipe_assets([dg.AssetKey("cst_nodes")])
    evaluation = check_result(workspace, instance)
    assert not evaluation.passed
    assert evaluation.metadata["differences"].value == len(GOOD)
    assert f"cst_nodes of {GOOD[1]}" in str(evaluation.metadata["first"].value)


def test_doctor_says_whether_dagster_matches_and_names_the_first_differences(
    workspace: Workspace, instance: dg.DagsterInstance, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_doctor(workspace.root, as_json=True) == 0
    assert json.loads(capsys.readouterr().out)["dagster_matches_warehouse"] is True
    instance.wipe_assets([dg.AssetKey("responses")])
    assert run_doctor(workspace.root, as_json=True) == 2
    assert json.loads(capsys.readouterr().out)["dagster_matches_warehouse"] is False
    run_doctor(workspace.root, as_json=False)
    assert f"responses of {GOOD[0]}: Dagster shows nothing" in capsys.readouterr().out
