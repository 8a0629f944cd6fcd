from dataclasses import replace
from importlib.metadata import version

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from augcon_lib import fingerprints
from augcon_lib.fingerprints import (
    CODE_VERSIONS,
    changes,
    documents_fingerprint,
    fingerprint,
    stage_inputs,
)
from augcon_lib.libraries import LIBRARIES, installed_libraries
from augcon_lib.settings import Settings
from tests.support.states import SETTINGS, VERSIONS, with_setting

# Settings that cannot change what a stage makes of the same document.
NO_OUTPUT = {
    "source.include",
    "source.exclude",
    "source.id_column",  # another document id, hence other documents
    "model.provider",  # part of the model's identity, as are address and name
    "model.base_url",
    "model.name",
    "model.api_key_env",
    "model.structured_output",
    "model.max_concurrency",
    "model.timeout_seconds",
    "model.requests_per_minute",
    "model.tokens_per_minute",
    "model.input_usd_per_million_tokens",
    "model.output_usd_per_million_tokens",
    "model.mode",  # how requests travel; the discount changes their price
    "model.batch_discount",
    "model.batch_poll_seconds",
    "model.batch_max_requests",
    "model.batch_max_megabytes",
    "model.endpoints",  # all of them serve the same model
    "alarms.max_sibling_overlap",
    "alarms.max_redundant_split_share",
    "alarms.max_too_long_share",
    "alarms.max_split_seconds",
    "alarms.min_search_margin",
    "alarms.max_no_verdict_share",
    "alarms.max_ungrounded_share",
    "alarms.max_repeated_query_share",
    "automation.follow",
    "budget.max_calls",
    "budget.max_usd",
    "budget.max_calls_per_day",
    "budget.max_usd_per_day",
    "budget.max_usd_per_month",
    "storage.warehouse",
    "storage.memory_megabytes",
    "storage.threads",
    "scorer.embedding_usd_per_million_tokens",
    "scorer.min_pair_accuracy",  # which candidate may be put in force
    "scorer.retrain_drift",  # when a candidate is made, not what is in force
    "dataset.keep_versions",
    "source.max_retired_share",  # who may leave, not what is made
}

TREES = {"cst_nodes"}
# What each setting changes at first hand; later stages follow where an output differs.
AFFECTED = {
    "source.uri": {"raw_corpus"},  # where each document was found; later stages stay
    "source.text_column": {"raw_corpus"},
    "source.links": {"raw_corpus"},
    "source.max_document_megabytes": {"raw_corpus", "cst_nodes"},
    "source.max_document_seconds": {"raw_corpus", "cst_nodes"},
    "source.max_contexts_per_document": {"cst_nodes"},
    "tree.strategy": {"cst_nodes", "query_scorer"},
    "tree.language": {"cst_nodes", "scored_queries"},
    "tree.max_context_chars": TREES,
    "tree.min_context_chars": TREES,
    "tree.split": {"cst_nodes", "query_scorer"},
    "tree.temperature": {"cst_nodes", "query_scorer"},
    "tree.min_split_rouge_l": TREES,
    "tree.max_rounds": TREES,
    "scorer.kind": {"query_scorer"},
    "scorer.embedding_model": {"query_scorer"},
    "scorer.embedding_source": {"query_scorer"},
    "scorer.base_model": {"query_scorer"},
    "scorer.max_tokens": {"query_scorer"},
    "scorer.epochs": {"query_scorer"},
    "scorer.pairs_per_negative_kind": {"query_scorer"},
    "selection.chars_per_query": {"cst_nodes", "scored_queries"},
    "selection.max_rouge_l": {"cst_nodes", "scored_queries"},
    "selection.rouge_l": {"cst_nodes", "scored_queries"},
    "selection.whole_corpus": {"sft_dataset"},
    "selection.oversample": TREES,
    "responses.few_shot_count": {"few_shot_examples"},
    "responses.search_trials": {"few_shot_examples"},
    "responses.plain": {"responses"},
    "responses.reasoning": {"few_shot_examples", "responses"},
    "responses.check_refusals": {"responses"},
    "responses.check_grounding": {"responses"},
    "responses.judge_faithfulness": {"responses"},
    "responses.gates": {"responses"},
    "responses.temperature": {"few_shot_examples", "responses"},
    "dataset.test_fraction": {"sft_dataset"},
    "dataset.failed_documents": {"sft_dataset"},
}
OTHER_VALUES: dict[str, object] = {
    "tree.split": "boundary",
    "tree.strategy": "direct",
    "responses.plain": True,
    "responses.check_refusals": False,
    "responses.reasoning": True,
    "responses.judge_faithfulness": True,
    "responses.gates": ("polite",),
    "selection.whole_corpus": True,
}


def all_settings() -> set[str]:
    names = set()
    for section, field in Settings.model_fields.items():
        assert isinstance(field.annotation, type)
        assert issubclass(field.annotation, BaseModel)
        names |= {f"{section}.{name}" for name in field.annotation.model_fields}
    return names


def affected(old: dict[str, dict[str, str]], new: dict[str, dict[str, str]]) -> set[str]:
    return {stage for stage in CODE_VERSIONS if old[stage] != new[stage]}


def inputs_of_all(settings: Settings = SETTINGS, versions: object = VERSIONS) -> dict[str, dict]:
    return {stage: stage_inputs(stage, settings, versions) for stage in CODE_VERSIONS}


def test_every_setting_is_known_to_change_outputs_or_not_to() -> None:
    assert all_settings() == NO_OUTPUT | AFFECTED.keys()


@pytest.mark.parametrize("name", sorted(AFFECTED))
def test_a_setting_changes_exactly_the_stages_it_can_affect_and_names_itself(name: str) -> None:
    old = inputs_of_all()
    new = inputs_of_all(with_setting(name, OTHER_VALUES.get(name, 0.123)))
    assert affected(old, new) == AFFECTED[name]
    for stage in AFFECTED[name]:
        assert f"setting {name} changed" in changes(old[stage], new[stage])
        assert fingerprint(stage, old[stage]) != fingerprint(stage, new[stage])


@pytest.mark.parametrize("name", sorted(NO_OUTPUT))
def test_a_setting_without_effect_on_outputs_changes_no_stage(name: str) -> None:
    assert affected(inputs_of_all(), inputs_of_all(with_setting(name, "other"))) == set()


@pytest.mark.parametrize(
    ("prompt", "stages", "part"),
    [
        ("cst_rewrite", {"cst_nodes", "query_scorer"}, "cst"),
        ("cst_rewrite_weak", {"query_scorer"}, "cst_weak"),
        ("cst_boundary", set(), ""),
        ("cst_boundary_weak", set(), ""),
        ("answer", {"few_shot_examples", "responses"}, "answer"),
        ("judgement", {"few_shot_examples"}, "judgement"),
    ],
)
def test_a_prompt_changes_exactly_the_stages_that_use_it_and_names_itself(
    prompt: str, stages: set[str], part: str
) -> None:
    old = inputs_of_all()
    edited = replace(VERSIONS, prompts={**VERSIONS.prompts, prompt: "edited"})
    new = inputs_of_all(versions=edited)
    assert affected(old, new) == stages
    assert all(changes(old[stage], new[stage]) == [f"prompt {part} changed"] for stage in stages)


def test_boundary_splits_use_prompts_of_their_own() -> None:
    settings = with_setting("tree.split", "boundary")
    edited = replace(VERSIONS, prompts={**VERSIONS.prompts, "cst_boundary": "edited"})
    assert affected(inputs_of_all(settings), inputs_of_all(settings, edited)) == {
        "cst_nodes",
        "query_scorer",
    }


@pytest.mark.parametrize(
    ("name", "stages", "reason"),
    [
        ("model", {"cst_nodes", "query_scorer", "few_shot_examples", "responses"}, "model changed"),
        ("principles", {"few_shot_examples", "responses"}, "principles changed"),
        ("examples", {"few_shot_examples"}, "few-shot examples changed"),
        ("scorer", {"scored_queries"}, "scorer promoted"),
        ("few_shot", {"responses"}, "few-shot choice promoted"),
    ],
)
def test_a_version_changes_exactly_the_stages_it_can_affect_and_names_itself(
    name: str, stages: set[str], reason: str
) -> None:
    old, new = inputs_of_all(), inputs_of_all(versions=replace(VERSIONS, **{name: "2"}))
    assert affected(old, new) == stages
    assert all(changes(old[stage], new[stage]) == [reason] for stage in stages)


@pytest.mark.parametrize(
    ("library", "stages"),
    [
        ("chardet", {"raw_corpus"}),
        ("py3langid", {"raw_corpus"}),
        ("pypdfium2", {"raw_corpus"}),
        ("markdown-it-py", {"raw_corpus", "cst_nodes"}),
        ("regex", {"cst_nodes"}),
        ("sentencex", {"cst_nodes"}),
        ("scikit-learn", {"query_scorer"}),
    ],
)
def test_a_library_changes_exactly_the_stages_whose_output_it_decides_and_names_itself(
    library: str, stages: set[str]
) -> None:
    newer = replace(VERSIONS, libraries={**VERSIONS.libraries, library: "1.1"})
    old, new = inputs_of_all(), inputs_of_all(versions=newer)
    assert affected(old, new) == stages
    said = [f"library {library} changed 1.0 -> 1.1"]
    assert all(changes(old[stage], new[stage]) == said for stage in stages)


@pytest.mark.parametrize(
    ("settings", "library", "stage"),
    [
        (with_setting("responses.reasoning", True), "sentencex", "responses"),
        (with_setting("responses.reasoning", True), "sentencex", "few_shot_examples"),
        (with_setting("scorer.kind", "transformer"), "transformers", "query_scorer"),
        (with_setting("scorer.embedding_model", "e5"), "sentence-transformers", "query_scorer"),
        (with_setting("dataset.test_fraction", 0.2), "datasketch", "sft_dataset"),
    ],
)
def test_a_library_that_settings_bring_in_decides_only_then(
    settings: Settings, library: str, stage: str
) -> None:
    newer = replace(VERSIONS, libraries={**VERSIONS.libraries, library: "1.1"})
    assert stage in affected(inputs_of_all(settings), inputs_of_all(settings, newer))
    assert stage not in affected(inputs_of_all(), inputs_of_all(versions=newer))


def test_the_libraries_are_those_that_are_installed() -> None:
    found = installed_libraries()
    assert found.keys() == set(LIBRARIES)
    assert found["sentencex"] == version("sentencex")


def test_an_input_that_an_older_augcon_did_not_record_is_no_change() -> None:
    new = inputs_of_all()
    for inputs in new.values():
        older = {name: v for name, v in inputs.items() if not name.startswith("library ")}
        assert changes({**older, "converter": "0123abcd"}, inputs) == []
    older = {n: v for n, v in new["responses"].items() if n != "setting responses.reasoning"}
    assert changes(older, new["responses"]) == []
    reasoning = inputs_of_all(with_setting("responses.reasoning", True))["responses"]
    assert "setting responses.reasoning changed" in changes(older, reasoning)
    older = {**new["cst_nodes"], "model": "model 2"}
    assert changes(older, new["cst_nodes"]) == ["model changed"]


def strategy(name: str) -> Settings:
    return with_setting("tree.strategy", name)


@pytest.mark.parametrize(
    ("settings", "prompts"),
    [
        (strategy("direct"), {"cst_nodes": {"question"}, "query_scorer": {"question"}}),
        (strategy("middle"), {"cst_nodes": {"question"}, "query_scorer": {"question"}}),
        (strategy("etrc"), {"cst_nodes": {"question_answer"}}),
        (strategy("context_instruct"), {"cst_nodes": {"question_answer_confidence"}}),
        (with_setting("responses.plain", True), {"responses": {"answer_plain"}}),
        (
            with_setting("responses.reasoning", True),
            {
                "few_shot_examples": {"answer_reasoned", "judgement"},
                "responses": {"answer_reasoned"},
            },
        ),
        (
            with_setting("responses.judge_faithfulness", True),
            {"responses": {"faithfulness"}},
        ),
    ],
)
def test_what_is_for_comparison_depends_on_its_own_prompts(
    settings: Settings, prompts: dict[str, set[str]]
) -> None:
    for stage, names in prompts.items():
        for name in names:
            edited = replace(VERSIONS, prompts={**VERSIONS.prompts, name: "edited"})
            found = affected(inputs_of_all(settings), inputs_of_all(settings, edited))
            assert stage in found, (stage, name)
            assert found <= prompts.keys()


def test_a_random_choice_and_plain_responses_do_not_depend_on_what_they_do_not_use() -> None:
    random = with_setting("scorer.kind", "none")
    other = replace(VERSIONS, scorer="2", model="2")
    stages = affected(inputs_of_all(random), inputs_of_all(random, other))
    assert stages.isdisjoint({"query_scorer", "scored_queries"})
    plain = with_setting("responses.plain", True)
    other = replace(VERSIONS, principles="2", few_shot="2")
    assert "responses" not in affected(inputs_of_all(plain), inputs_of_all(plain, other))


@pytest.mark.parametrize("stage", sorted(CODE_VERSIONS))
def test_a_code_version_changes_its_own_stage(stage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    old = inputs_of_all()
    monkeypatch.setitem(fingerprints.CODE_VERSIONS, stage, "raised")
    assert affected(old, inputs_of_all()) == {stage}
    assert changes(old[stage], inputs_of_all()[stage]) == ["code changed"]


def test_a_fingerprint_does_not_depend_on_the_order_of_its_inputs() -> None:
    assert fingerprint("s", {"a": "1", "b": "2"}) == fingerprint("s", {"b": "2", "a": "1"})


@given(st.dictionaries(st.text(), st.text()), st.dictionaries(st.text(), st.text()))
def test_documents_of_any_name_count(some: dict[str, str], others: dict[str, str]) -> None:
    same = documents_fingerprint("failed", some) == documents_fingerprint("failed", others)
    assert same == (some == others)


@pytest.mark.parametrize("name", ["document", "code", "", "model", "library chardet"])
def test_no_document_is_taken_for_the_name_of_an_input(name: str) -> None:
    assert documents_fingerprint("failed", {name: ""}) != documents_fingerprint("failed", {})
    assert documents_fingerprint("failed", {name: ""}) != fingerprint("failed", {name: ""})


def test_names_and_values_cannot_be_mistaken_for_each_other() -> None:
    inputs = [{"a": "b", "c": "d"}, {"a": "bc", "": "d"}, {"ab": "", "c": "d"}]
    assert len({fingerprint("s", i) for i in inputs} | {fingerprint("t", inputs[0])}) == 4


def test_inputs_that_came_or_went_are_changes_too() -> None:
    assert changes({"a": "1", "b": "2"}, {"b": "2", "c": "3"}) == ["a changed", "c changed"]
