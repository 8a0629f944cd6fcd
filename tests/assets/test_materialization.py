"""What Dagster is told of the first sync, of direct calls, and of runs that people start."""

import dagster as dg
import pytest
from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleStatus
from dagster._core.loader import LoadingContextForTest

from augcon_assets.cli.summary import Outcome, summarise
from augcon_assets.definitions import defs
from augcon_assets.defs.assets import documents, raw_corpus, sft_dataset
from augcon_assets.instance.materializations import no_event_of_its_own
from augcon_assets.partitions import DOCUMENTS, partition_key
from augcon_assets.resources import SESSION_TAG, WorkspaceResource
from augcon_lib.fingerprints import CODE_VERSIONS
from augcon_lib.pipeline import CHOICES, DOCUMENT_STAGES
from augcon_lib.stages.stage_run import StageRun
from augcon_lib.warehouse.partitions import load_states
from augcon_lib.workspace import Workspace
from tests.support.workspaces import BAD, GOOD, bring_up_to_date, put

GOOD_KEYS = sorted(partition_key(document) for document in GOOD)
# Upstream assets of each stage, in three kinds: a document's own, promoted, and shared inputs.
OWN = {
    "raw_corpus": "documents",
    "cst_nodes": "raw_corpus",
    "scored_queries": "cst_nodes",
    "responses": "scored_queries",
}
IN_FORCE = {"scored_queries": "query_scorer", "responses": "few_shot_examples"}
SHARED = {
    "raw_corpus": {"raw_corpus_libraries", "raw_corpus_settings"},
    "cst_nodes": {"model", "cst_prompt", "cst_nodes_libraries", "cst_nodes_settings"},
    "scored_queries": {"scored_queries_settings"},
    "responses": {"model", "principles", "answer_prompt", "responses_settings"},
}


def events(instance: dg.DagsterInstance, asset: str) -> list[dg.AssetMaterialization]:
    """All materializations of *asset*, latest first."""
    records = instance.fetch_materializations(dg.AssetKey(asset), limit=1000).records
    return [record.asset_materialization for record in records]  # type: ignore[misc]


def key_of(asset: str) -> dg.AssetKey:
    return dg.AssetKey.from_user_string(asset)


def latest_version(instance: dg.DagsterInstance, asset: str) -> str:
    (record,) = instance.fetch_materializations(key_of(asset), limit=1).records
    return (record.asset_materialization.tags or {})["dagster/data_version"]  # type: ignore[union-attr]


def version_tags(event: dg.AssetMaterialization) -> dict[str, str]:
    return {
        name.removeprefix("dagster/"): value
        for name, value in (event.tags or {}).items()
        if "version" in name and "user_provided" not in name
    }


@pytest.mark.parametrize("asset", DOCUMENT_STAGES)
def test_each_good_document_has_exactly_one_event_and_a_bad_one_none(
    first_instance: dg.DagsterInstance, asset: str
) -> None:
    assert sorted(str(event.partition) for event in events(first_instance, asset)) == GOOD_KEYS


@pytest.mark.parametrize("asset", DOCUMENT_STAGES)
def test_an_event_has_its_own_data_version_and_those_of_its_inputs(
    first_sync: tuple[Workspace, Outcome], first_instance: dg.DagsterInstance, asset: str
) -> None:
    states = load_states(StageRun(first_sync[0]).warehouse)
    documents = {partition_key(document): document for document in GOOD}
    for event in events(first_instance, asset):
        document = documents[str(event.partition)]
        found = version_tags(event)
        assert found.pop("data_version") == states[asset, document].output_hash
        assert found.pop("code_version") == CODE_VERSIONS[asset]
        read = states.get((OWN[asset], document))
        inputs = {
            OWN[asset]: read.output_hash if read else states[asset, document].inputs["document"]
        }
        if asset in IN_FORCE:
            inputs[f"promoted_{IN_FORCE[asset]}"] = states[IN_FORCE[asset], ""].output_hash
        shared = {name: latest_version(first_instance, name) for name in SHARED[asset]}
        expected = {**inputs, **shared}
        assert found == {f"input_data_version/{name}": v for name, v in expected.items()}
        assert all(expected.values())


@pytest.mark.parametrize("asset", DOCUMENT_STAGES)
def test_an_event_points_to_the_events_that_it_was_made_from(
    first_instance: dg.DagsterInstance, asset: str
) -> None:
    records = first_instance.fetch_materializations(key_of(OWN[asset]), limit=1000).records
    found = {record.storage_id: record for record in records}
    for event in events(first_instance, asset):
        tags = event.tags or {}
        read = found[int(tags[f"dagster/input_event_pointer/{OWN[asset]}"])]
        assert read.partition_key == event.partition
        for name in SHARED[asset]:
            (latest,) = first_instance.fetch_materializations(key_of(name), limit=9).records
            assert int(tags[f"dagster/input_event_pointer/{name}"]) == latest.storage_id


@pytest.mark.parametrize("asset", DOCUMENT_STAGES)
def test_documents_have_versions_of_their_own(
    first_instance: dg.DagsterInstance, asset: str
) -> None:
    versions = {version_tags(event)["data_version"] for event in events(first_instance, asset)}
    assert len(versions) == len(GOOD)


def test_every_partition_of_a_good_document_is_fresh(first_instance: dg.DagsterInstance) -> None:
    resolver = CachingStaleStatusResolver(
        first_instance, defs.resolve_asset_graph(), LoadingContextForTest(first_instance)
    )
    for asset in DOCUMENT_STAGES:
        for key in GOOD_KEYS:
            assert resolver.get_status(dg.AssetKey(asset), key) == StaleStatus.FRESH, (asset, key)
        bad = resolver.get_status(dg.AssetKey(asset), partition_key(BAD))
        assert bad == StaleStatus.MISSING


@pytest.mark.parametrize("asset", [*CHOICES, "sft_dataset"])
def test_unpartitioned_assets_have_one_event_with_version_and_metadata(
    first_sync: tuple[Workspace, Outcome], first_instance: dg.DagsterInstance, asset: str
) -> None:
    (event,) = events(first_instance, asset)
    states = load_states(StageRun(first_sync[0]).warehouse)
    assert (event.tags or {})["dagster/data_version"] == states[asset, ""].output_hash
    assert isinstance(event.metadata["sample"], dg.TableMetadataValue)
    assert isinstance(event.metadata["example"], dg.MarkdownMetadataValue)


def test_metadata_has_counts_tokens_a_table_and_an_example(
    first_instance: dg.DagsterInstance,
) -> None:
    for asset in DOCUMENT_STAGES:
        for event in events(first_instance, asset):
            metadata = event.metadata
            assert metadata["rows"].value > 0
            assert isinstance(metadata["sample"], dg.TableMetadataValue)
            assert metadata["sample"].records
            assert "```text\n" in str(metadata["example"].value)
            assert metadata["step/documents"].value == len(GOOD) + (asset == "raw_corpus")
    tree = events(first_instance, "cst_nodes")[0].metadata
    assert tree["step/model_calls/issued"].value > 0
    assert tree["step/tokens/input"].value > tree["step/tokens/output"].value > 0
    accuracy = events(first_instance, "query_scorer")[0].metadata["pair_accuracy"].value
    assert isinstance(accuracy, float)
    assert 0 <= accuracy <= 1


def test_a_second_sync_starts_no_run_and_asks_nothing(
    workspace: Workspace, instance: dg.DagsterInstance
) -> None:
    before = instance.get_runs_count()
    summary = summarise(bring_up_to_date(workspace, instance))
    assert summary["run_ids"] == []
    assert summary["model_calls"] == {
        "issued": 0,
        "from_journal": 0,
        "repeated_within_run": 0,
        "failed": 0,
    }
    assert summary["documents"]["unchanged"] == len(GOOD) + 1
    assert instance.get_runs_count() == before


def test_a_range_run_leaves_fresh_documents_between_alone(
    workspace: Workspace, instance: dg.DagsterInstance
) -> None:
    ends = sorted(GOOD)[0], sorted(GOOD)[-1]
    for name in ends:
        path = workspace.root / "documents" / name
        put(workspace.root, name, path.read_text("utf-8") + "\nA heron stood by the water.\n")
    before = {asset: len(events(instance, asset)) for asset in DOCUMENT_STAGES}
    outcome = bring_up_to_date(workspace, instance)
    first, *_ = [instance.get_run_by_id(run_id) for run_id in outcome.run_ids]
    assert first is not None
    assert first.tags["dagster/asset_partition_range_start"] == partition_key(ends[0])
    assert first.tags["dagster/asset_partition_range_end"] == partition_key(ends[1])
    for asset in DOCUMENT_STAGES:
        new = events(instance, asset)[: len(events(instance, asset)) - before[asset]]
        assert sorted(str(e.partition) for e in new) == sorted(map(partition_key, ends)), asset


def test_a_document_that_left_takes_its_partition_and_its_rows_along(
    workspace: Workspace, instance: dg.DagsterInstance
) -> None:
    gone = GOOD[0]
    (workspace.root / "documents" / gone).unlink()
    summary = summarise(bring_up_to_date(workspace, instance))
    assert summary["documents"]["deleted"] == 1
    assert summary["rows"]["removed"] > 0
    assert partition_key(gone) not in instance.get_dynamic_partitions(DOCUMENTS)
    warehouse = StageRun(workspace).warehouse
    with warehouse.read() as connection:
        for table in (*DOCUMENT_STAGES, "sft_dataset", "partition_state", "sources"):
            count = f"SELECT count(*) FROM {table} WHERE document_id = ?"
            assert connection.execute(count, [gone]).fetchall() == [(0,)], table


def test_an_edit_without_effect_on_the_text_runs_one_asset(
    workspace: Workspace, instance: dg.DagsterInstance
) -> None:
    path = workspace.root / "documents" / "tides.md"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    before = {asset: len(events(instance, asset)) for asset in (*DOCUMENT_STAGES, "sft_dataset")}
    summary = summarise(bring_up_to_date(workspace, instance))
    assert summary["documents"]["changed"] == 1
    assert summary["model_calls"]["issued"] == 0
    more = {asset: len(events(instance, asset)) - count for asset, count in before.items()}
    assert more == {**dict.fromkeys(before, 0), "raw_corpus": 1}


def test_an_asset_can_be_called_directly(
    workspace: Workspace, instance: dg.DagsterInstance
) -> None:
    context = dg.build_asset_context(partition_key="tides.md", instance=instance)
    resource = WorkspaceResource(root=str(workspace.root))
    output, *checks = list(raw_corpus(context=context, workspace=resource))
    assert output.metadata == no_event_of_its_own().metadata
    assert [(check.check_name, check.passed) for check in checks] == [
        ("document_done", True),
        ("text_not_empty", True),
    ]
    state = load_states(StageRun(workspace).warehouse)["raw_corpus", "tides.md"]
    (event,) = context.op_execution_context._execution_properties.user_events
    assert event.partition == "tides.md"
    assert event.tags["dagster/data_version"] == state.output_hash

    context = dg.build_asset_context(instance=instance)
    _, check, *_ = list(sft_dataset(context=context, workspace=resource))
    state = load_states(StageRun(workspace).warehouse)["sft_dataset", ""]
    (event,) = context.op_execution_context._execution_properties.user_events
    assert event.tags["dagster/data_version"] == state.output_hash
    assert check.passed


def test_a_run_that_a_person_starts_makes_a_fresh_document_again(
    workspace: Workspace, instance: dg.DagsterInstance
) -> None:
    resources = {"workspace": WorkspaceResource(root=str(workspace.root))}
    told = {"partition_key": "tides.md", "instance": instance, "resources": resources}
    result = dg.materialize([raw_corpus], **told)  # type: ignore[arg-type]
    assert [event.partition for event in result.get_asset_materialization_events()] == ["tides.md"]
    planned = dg.materialize([raw_corpus], tags={SESSION_TAG: "s"}, **told)  # type: ignore[arg-type]
    assert planned.success
    assert planned.get_asset_materialization_events() == []


def test_a_partition_whose_document_is_gone_fails_with_the_way_out(
    workspace: Workspace, instance: dg.DagsterInstance
) -> None:
    (workspace.root / "documents" / "tides.md").unlink()
    result = dg.materialize(
        [raw_corpus],
        partition_key="tides.md",
        instance=instance,
        resources={"workspace": WorkspaceResource(root=str(workspace.root))},
        raise_on_error=False,
    )
    assert not result.success
    (failure,) = result.get_step_failure_events()
    assert "tides.md is not in the store" in str(failure.step_failure_data.error)
    assert "augcon run" in str(failure.step_failure_data.error)


def test_a_document_of_the_store_can_be_looked_at_again_by_hand(
    workspace: Workspace, instance: dg.DagsterInstance
) -> None:
    resources = {"workspace": WorkspaceResource(root=str(workspace.root))}
    result = dg.materialize(
        [documents], partition_key="tides.md", instance=instance, resources=resources
    )
    (event,) = result.get_asset_materialization_events()
    state = load_states(StageRun(workspace).warehouse)["raw_corpus", "tides.md"]
    assert event.partition == "tides.md"
    assert version_tags(event.materialization)["data_version"] == state.inputs["document"]


def test_the_log_of_a_run_tells_figures_by_the_names_of_the_metadata(
    first_sync: tuple[Workspace, Outcome], first_instance: dg.DagsterInstance
) -> None:
    run_ids = first_sync[1].run_ids
    logged = [entry for run_id in run_ids for entry in first_instance.all_logs(run_id)]
    told = [entry.user_message for entry in logged if not entry.is_dagster_event]
    [of_trees] = [message for message in told if message.startswith("cst_nodes: ")]
    figures = dict(each.split("=") for each in of_trees.split()[1:])
    [report] = [r for r in first_sync[1].session.reports if r.stage == "cst_nodes"]
    assert report.calls is not None
    assert int(figures["documents"]) == len(GOOD)
    assert int(figures["model_calls/issued"]) == report.calls.issued > 0
    assert float(figures["latency_seconds/p95"]) > 0
