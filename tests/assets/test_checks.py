"""Blocking checks: pass on what the pipeline makes, and stop the run on a row that is broken."""

import dagster as dg
import pytest
from dagster._core.instance.utils import RUNLESS_RUN_ID

from augcon_assets.cli.summary import Outcome
from augcon_assets.definitions import defs
from augcon_assets.defs.assets import responses, scored_queries
from augcon_assets.defs.checks import RULES
from augcon_assets.instance import document_checks
from augcon_assets.partitions import document_id
from augcon_assets.resources import WorkspaceResource
from augcon_lib.pipeline import DOCUMENT_STAGES
from augcon_lib.stages.stage_run import StageRun
from augcon_lib.warehouse import Warehouse, audits
from augcon_lib.workspace import Workspace
from tests.support.workspaces import BAD, GOOD, TIDES, bring_up_to_date, put

# For each rule, a statement that breaks it in the rows of one document, and what is then said.
BREAKAGES = {
    "text_not_empty": ("UPDATE raw_corpus SET text = text || 'x' WHERE document_id = ?", "hash"),
    "tree_well_formed": (
        "UPDATE cst_nodes SET end_char = 100000 WHERE document_id = ?",
        "outside",
    ),
    "quota_and_uniqueness": (
        "UPDATE scored_queries SET quota = 0 WHERE document_id = ?",
        "quota of 0",
    ),
    "responses_complete": ("DELETE FROM responses WHERE document_id = ?", "0 outcomes"),
    "chat_rows_valid": (
        "UPDATE dataset_rows SET response = '  ' WHERE document_id = ?",
        "empty query or response",
    ),
}


Named = tuple[str, str, str]  # asset, check, document


def evaluations(instance: dg.DagsterInstance, run_id: str) -> dict[Named, dg.AssetCheckEvaluation]:
    logs = instance.get_records_for_run(
        run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION
    ).records
    found = [r.event_log_entry.dagster_event.asset_check_evaluation_data for r in logs]  # type: ignore[union-attr]
    return {
        (each.asset_key.to_user_string(), each.check_name, document_id(each.partition or "")): each
        for each in found
    }


def test_every_check_passes_on_the_first_sync_but_the_one_that_warns_of_the_bad_document(
    first_sync: tuple[Workspace, Outcome], first_instance: dg.DagsterInstance
) -> None:
    found: dict[Named, dg.AssetCheckEvaluation] = {}
    # What the sync itself says of the store belongs to no run.
    for run_id in [*first_sync[1].run_ids, RUNLESS_RUN_ID]:
        found |= evaluations(first_instance, run_id)
    keys = defs.resolve_asset_graph().asset_check_keys
    assert {key[:2] for key in found} == {(k.asset_key.to_user_string(), k.name) for k in keys}
    failed = {key: each for key, each in found.items() if not each.passed}
    # The offline provider finds most of its own answers to the packaged examples wrong.
    own_answers = failed.pop(("few_shot_examples", "verdicts_mostly_yes", ""))
    assert own_answers.severity == dg.AssetCheckSeverity.WARN
    assert "of the verdicts are no" in str(own_answers.metadata["seen"].value)
    assert "en" in str(own_answers.metadata["where"].value)
    assert "stronger model" in str(own_answers.metadata["try"].value)
    assert list(failed) == [("raw_corpus", document_checks.NAME, BAD)]
    (warning,) = failed.values()
    assert warning.severity == dg.AssetCheckSeverity.WARN
    assert warning.metadata["reason"].value == "unreadable_pdf"


def states(instance: dg.DagsterInstance, stage: str) -> dict[str, tuple[str, bool]]:
    """Of each document's last check: how it ended, and whether it is about its latest rows."""
    key = dg.AssetCheckKey(dg.AssetKey(stage), document_checks.NAME)
    found = instance.event_log_storage.get_asset_check_partition_info([key])
    return {
        document_id(info.partition_key): (info.latest_execution_status.value, info.is_current)
        for info in found
        if info.partition_key
    }


def test_each_document_has_a_check_of_its_own_at_each_stage(
    first_instance: dg.DagsterInstance,
) -> None:
    good = dict.fromkeys(GOOD, ("SUCCEEDED", True))
    assert states(first_instance, "raw_corpus") == {**good, BAD: ("FAILED", True)}
    for stage in DOCUMENT_STAGES[1:]:
        assert states(first_instance, stage) == good


def test_documents_that_a_run_leaves_alone_keep_their_check(
    workspace: Workspace, instance: dg.DagsterInstance
) -> None:
    before = states(instance, "responses")
    put(workspace.root, GOOD[0], "# Bees\n\nA hive of bees holds forty workers in a cold June.\n")
    put(workspace.root, GOOD[2], TIDES + "\nA heron stood by the sluice and waited for eels.\n")
    outcome = bring_up_to_date(workspace, instance)
    told = {key[2] for run_id in outcome.run_ids for key in evaluations(instance, run_id)}
    assert told == {"", GOOD[0], GOOD[2]}
    assert states(instance, "responses") == before


def test_the_rule_that_a_documents_rows_break_is_named_in_its_check(
    workspace: Workspace, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant_after_scoring(monkeypatch)
    result = dg.materialize(
        [scored_queries],
        partition_key="tides.md",
        instance=instance,
        resources={"workspace": WorkspaceResource(root=str(workspace.root))},
        raise_on_error=False,
    )
    assert states(instance, "scored_queries")["tides.md"] == ("FAILED", True)
    check = evaluations(instance, result.run_id)["scored_queries", document_checks.NAME, "tides.md"]
    assert "quota_and_uniqueness" in str(check.metadata["problems"].value)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_finds_the_row_that_breaks_it_and_names_the_culprit(
    workspace: Workspace, rule: object
) -> None:
    run = StageRun(workspace)
    document = "tides.md"
    audit: audits.Audit = rule.audit  # type: ignore[attr-defined]
    statement, said = BREAKAGES[rule.name]  # type: ignore[attr-defined]
    assert audit(run.warehouse, list(GOOD), run.settings) == []
    with run.warehouse.write() as connection:
        connection.execute(statement, [document])
    problems = audit(run.warehouse, list(GOOD), run.settings)
    assert problems
    assert any(said in problem.what for problem in problems)
    if rule.name != "chat_rows_valid":  # type: ignore[attr-defined]
        assert all(problem.subject == document for problem in problems)
        others = [each for each in GOOD if each != document]
        assert audit(run.warehouse, others, run.settings) == []


def test_a_failed_blocking_check_stops_what_comes_after_it_in_the_same_run(
    workspace: Workspace, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant_after_scoring(monkeypatch)
    result = dg.materialize(
        [scored_queries, responses],
        partition_key="tides.md",
        instance=instance,
        resources={"workspace": WorkspaceResource(root=str(workspace.root))},
        raise_on_error=False,
    )
    assert not result.success
    (check,) = [e for e in result.get_asset_check_evaluations() if not e.passed and e.blocking]
    assert check.check_name == "quota_and_uniqueness"
    assert "tides.md" in str(check.metadata["first"].value)
    steps = [e.step_key for e in result.all_events if e.event_type_value == "STEP_START"]
    assert steps == ["scored_queries"]


def test_the_command_names_the_blocking_check_and_the_first_problem(
    workspace: Workspace, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant_after_scoring(monkeypatch)
    put(workspace.root, "tides.md", TIDES + "\nA heron stood by the sluice and waited for eels.\n")
    outcome = bring_up_to_date(workspace, instance)
    assert "quota_and_uniqueness of scored_queries failed: " in str(outcome.stopped_by)
    assert "tides.md" in str(outcome.stopped_by)


def plant_after_scoring(monkeypatch: pytest.MonkeyPatch) -> None:
    """Something else breaks the rows of scored_queries as soon as they are written."""
    from augcon_lib.stages import scored_queries as stage

    replace = stage.replace_partitions

    def replace_and_break(warehouse: Warehouse, name: str, outputs: object, run_id: str) -> None:
        replace(warehouse, name, outputs, run_id)  # type: ignore[arg-type]
        with warehouse.write() as connection:
            connection.execute(BREAKAGES["quota_and_uniqueness"][0], ["tides.md"])

    monkeypatch.setattr(stage, "replace_partitions", replace_and_break)
