import dagster as dg
import pytest

from augcon_assets.definitions import defs
from augcon_assets.defs.checks import RULES
from augcon_assets.defs.evaluation import EVALUATION, evaluate_job
from augcon_assets.defs.jobs import JOBS, job_name
from augcon_assets.partitions import documents_partitions
from augcon_lib.fingerprints import CODE_VERSIONS
from augcon_lib.pipeline import CHOICES, DOCUMENT_STAGES, SFT_DATASET

GRAPH = defs.resolve_asset_graph()
NAMES = (*DOCUMENT_STAGES, *CHOICES, SFT_DATASET)
SETTINGS = {name: f"{name}_settings" for name in NAMES}
UPSTREAM = {
    "raw_corpus": {"documents", "raw_corpus_libraries"},
    "cst_nodes": {"raw_corpus", "model", "cst_prompt", "cst_nodes_libraries"},
    "query_scorer": {
        "cst_nodes",
        "model",
        "cst_prompt",
        "cst_weak_prompt",
        "query_scorer_libraries",
    },
    "scored_queries": {"cst_nodes", "promoted_query_scorer"},
    "few_shot_examples": {
        "examples",
        "model",
        "principles",
        "answer_prompt",
        "judgement_prompt",
    },
    "responses": {
        "scored_queries",
        "model",
        "principles",
        "promoted_few_shot_examples",
        "answer_prompt",
    },
    "sft_dataset": {"responses"},
}
INPUTS = {key for upstream in UPSTREAM.values() for key in upstream} - set(NAMES)


def test_the_daemon_and_the_ui_can_load_everything() -> None:
    dg.Definitions.validate_loadable(defs)


def test_the_assets_are_those_of_the_method_and_their_inputs() -> None:
    names = {*NAMES, *INPUTS, *SETTINGS.values(), EVALUATION}
    assert {key.to_user_string() for key in GRAPH.get_all_asset_keys()} == names


@pytest.mark.parametrize("name", sorted({*INPUTS, *SETTINGS.values()} - {"documents"}))
def test_inputs_are_external_and_say_what_they_are(name: str) -> None:
    node = GRAPH.get(dg.AssetKey.from_user_string(name))
    assert node.is_external
    assert node.group_name == "inputs"
    assert node.description


@pytest.mark.parametrize("choice", CHOICES)
def test_what_is_in_force_comes_from_what_was_made(choice: str) -> None:
    (parent,) = GRAPH.get(dg.AssetKey(f"promoted_{choice}")).parent_keys
    assert parent == dg.AssetKey(choice)


@pytest.mark.parametrize("name", NAMES)
def test_every_asset_says_what_it_is(name: str) -> None:
    node = GRAPH.get(dg.AssetKey(name))
    assert node.description
    assert node.group_name != "default"
    assert node.kinds
    assert node.owners
    assert node.code_version == CODE_VERSIONS[name]


@pytest.mark.parametrize("name", NAMES)
def test_assets_hang_together_as_the_method_does(name: str) -> None:
    parents = GRAPH.get(dg.AssetKey(name)).parent_keys
    assert {key.to_user_string() for key in parents} == {*UPSTREAM[name], SETTINGS[name]}


@pytest.mark.parametrize("name", NAMES)
def test_document_stages_are_partitioned_by_document_and_run_many_at_once(name: str) -> None:
    node = GRAPH.get(dg.AssetKey(name))
    if name in DOCUMENT_STAGES:
        assert node.partitions_def == documents_partitions
        assert node.backfill_policy == dg.BackfillPolicy.single_run()
    else:
        assert node.partitions_def is None


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_what_is_worth_money_is_a_blocking_check(rule: object) -> None:
    specs = {
        (key.asset_key.to_user_string(), key.name): GRAPH.get_check_spec(key)
        for key in GRAPH.asset_check_keys
    }
    assert specs[rule.asset, rule.name].blocking  # type: ignore[attr-defined]


def test_every_asset_with_rows_for_training_has_a_check() -> None:
    assert {rule.asset for rule in RULES} == {*DOCUMENT_STAGES, SFT_DATASET}


def test_jobs_hold_each_asset_once_and_the_documents_job_is_partitioned() -> None:
    held = [
        key.to_user_string()
        for job in JOBS
        for key in defs.resolve_job_def(job.name).asset_layer.executable_asset_keys
    ]
    assert sorted(held) == sorted(NAMES)
    assert defs.resolve_job_def("documents").partitions_def == documents_partitions


def test_the_evaluation_is_made_by_its_own_job_alone() -> None:
    assert {key.to_user_string() for key in GRAPH.get(dg.AssetKey(EVALUATION)).parent_keys} == {
        "sft_dataset"
    }
    job = defs.resolve_job_def(evaluate_job.name)
    assert job.asset_layer.executable_asset_keys == {dg.AssetKey(EVALUATION)}


def test_assets_of_different_jobs_cannot_share_a_run() -> None:
    assert job_name(("raw_corpus", "responses")) == "documents"
    with pytest.raises(ValueError, match="no job contains"):
        job_name(("raw_corpus", "query_scorer"))
