from dataclasses import replace

import pytest

from augcon_lib.fingerprints import (
    FAILED_BEFORE,
    NEW,
    NOT_MADE_YET,
    Versions,
)
from augcon_lib.pipeline import DOCUMENT_STAGES
from augcon_lib.staleness.expected import Expectation
from augcon_lib.staleness.partitions import UPSTREAM, Staleness, find_stale, live_documents
from augcon_lib.warehouse.choices import NO_DOCUMENT
from augcon_lib.warehouse.partitions import FAILED, REJECTED, PartitionState
from tests.support.states import (
    SETTINGS,
    SOURCES,
    VERSIONS,
    state_of,
    up_to_date,
    with_setting,
)

NOTHING: dict[str, dict[str, list[str]]] = {stage: {} for stage in DOCUMENT_STAGES}


def stale(sources=SOURCES, settings=SETTINGS, versions=VERSIONS, states=None) -> Staleness:
    return find_stale(sources, settings, versions, up_to_date() if states is None else states)


def live(states, settings=SETTINGS) -> list[str]:
    return live_documents(Expectation(settings, VERSIONS, states), states)


def with_prompt(name: str) -> Versions:
    return replace(VERSIONS, prompts={**VERSIONS.prompts, name: "2"})


def with_library(name: str) -> Versions:
    return replace(VERSIONS, libraries={**VERSIONS.libraries, name: "1.1"})


def stages_of(found: Staleness, document_id: str) -> dict[str, list[str]]:
    return {
        stage: documents[document_id]
        for stage, documents in found.documents.items()
        if document_id in documents
    }


def test_nothing_is_stale_once_everything_has_been_made() -> None:
    assert stale() == Staleness(NOTHING, {})


def test_in_an_empty_warehouse_everything_is_new() -> None:
    found = stale(states={}, versions=replace(VERSIONS, scorer="", few_shot=""))
    assert stages_of(found, "a.md") == {
        "raw_corpus": [NEW],
        **{stage: [UPSTREAM] for stage in DOCUMENT_STAGES[1:]},
    }
    assert found.ready("raw_corpus") == ["a.md", "b.md"]
    assert found.ready("responses") == []
    assert found.unpartitioned == {
        stage: [NOT_MADE_YET] for stage in ("query_scorer", "few_shot_examples", "sft_dataset")
    }


def test_an_edited_document_is_stale_alone_and_from_the_start() -> None:
    found = stale({**SOURCES, "b.md": "sha edited"})
    assert stages_of(found, "a.md") == {}
    assert stages_of(found, "b.md") == {
        "raw_corpus": ["document changed"],
        **{stage: [UPSTREAM] for stage in DOCUMENT_STAGES[1:]},
    }
    assert found.unpartitioned == {}


@pytest.mark.parametrize(
    ("settings", "versions", "stage", "reason"),
    [
        (
            with_setting("tree.temperature", 0.5),
            VERSIONS,
            "cst_nodes",
            "setting tree.temperature changed",
        ),
        (
            with_setting("source.text_column", "x"),
            VERSIONS,
            "raw_corpus",
            "setting source.text_column changed",
        ),
        (SETTINGS, with_library("lxml"), "raw_corpus", "library lxml changed 1.0 -> 1.1"),
        (SETTINGS, with_library("regex"), "cst_nodes", "library regex changed 1.0 -> 1.1"),
        (SETTINGS, with_prompt("cst_rewrite"), "cst_nodes", "prompt cst changed"),
        (SETTINGS, with_prompt("answer"), "responses", "prompt answer changed"),
        (SETTINGS, replace(VERSIONS, principles="2"), "responses", "principles changed"),
        (SETTINGS, replace(VERSIONS, scorer="2"), "scored_queries", "scorer promoted"),
        (SETTINGS, replace(VERSIONS, few_shot="2"), "responses", "few-shot choice promoted"),
    ],
)
def test_the_first_stage_that_is_affected_names_the_cause_and_the_later_ones_wait(
    settings, versions, stage: str, reason: str
) -> None:
    found = stale(settings=settings, versions=versions)
    later = DOCUMENT_STAGES[DOCUMENT_STAGES.index(stage) + 1 :]
    expected = {stage: [reason], **{name: [UPSTREAM] for name in later}}
    assert stages_of(found, "a.md") == stages_of(found, "b.md") == expected


def test_a_version_that_was_made_and_not_promoted_waits_and_changes_nothing() -> None:
    states = up_to_date()
    for stage in ("query_scorer", "few_shot_examples"):
        states[stage, NO_DOCUMENT] = states[stage, NO_DOCUMENT]._replace(output_hash="new")
    found = stale(states=states)
    assert (found.documents, found.unpartitioned) == (NOTHING, {})
    assert found.candidates == {"query_scorer": "new", "few_shot_examples": "new"}


@pytest.mark.parametrize(
    ("limit", "drift", "reasons"),
    [(0.5, 0.5, ["corpus drifted"]), (0.5, 0.49, None), (0.0, 1.0, None)],
)
def test_the_scorer_is_trained_again_once_the_corpus_has_drifted(
    limit: float, drift: float, reasons: list[str] | None
) -> None:
    settings = with_setting("scorer.retrain_drift", limit)
    found = find_stale(SOURCES, settings, VERSIONS, up_to_date(), drift=drift)
    assert found.unpartitioned.get("query_scorer") == reasons


def test_several_causes_are_all_named() -> None:
    found = stale(
        settings=with_setting("tree.temperature", 0.5), versions=replace(VERSIONS, model="2")
    )
    assert found.documents["cst_nodes"]["a.md"] == [
        "model changed",
        "setting tree.temperature changed",
    ]


def test_settings_of_unpartitioned_stages_make_no_document_stale() -> None:
    found = stale(settings=with_setting("scorer.pairs_per_negative_kind", 7))
    assert found == Staleness(
        NOTHING, {"query_scorer": ["setting scorer.pairs_per_negative_kind changed"]}
    )
    found = stale(settings=with_setting("dataset.test_fraction", 0.1))
    assert found == Staleness(
        NOTHING, {"sft_dataset": ["documents changed", "setting dataset.test_fraction changed"]}
    )


def test_an_equal_output_stops_propagation() -> None:
    """A comment was edited: the source differs, its text doesn't, and one stage has run."""
    sources = {**SOURCES, "b.md": "sha edited"}
    states = up_to_date()
    inputs = Expectation(SETTINGS, VERSIONS, states).inputs("raw_corpus", "b.md", "sha edited")
    states["raw_corpus", "b.md"] = state_of("raw_corpus", inputs, "raw_corpus of b.md")
    assert stale(sources, states=states) == Staleness(NOTHING, {})


def test_another_output_makes_the_next_stage_stale_and_names_the_document() -> None:
    states = up_to_date()
    states["cst_nodes", "b.md"] = states["cst_nodes", "b.md"]._replace(output_hash="other")
    found = stale(states=states)
    assert stages_of(found, "b.md") == {
        "scored_queries": ["document changed"],
        "responses": [UPSTREAM],
    }


def test_an_edit_that_was_taken_back_before_it_was_read_is_no_edit() -> None:
    states = up_to_date()
    assert stale({**SOURCES, "b.md": "sha edited"}, states=states).ready("raw_corpus") == ["b.md"]
    assert stale(SOURCES, states=states) == Staleness(NOTHING, {})


def test_a_document_that_failed_is_stale_where_it_failed() -> None:
    states = up_to_date()
    states["cst_nodes", "a.md"] = PartitionState("", status=FAILED, reason="call_failed")
    found = stale(states=states)
    assert stages_of(found, "a.md") == {
        "cst_nodes": [FAILED_BEFORE],
        "scored_queries": [UPSTREAM],
        "responses": [UPSTREAM],
    }
    assert found.ready("cst_nodes") == ["a.md"]


def test_a_rejected_document_goes_no_further_and_is_not_tried_again() -> None:
    states = up_to_date()
    for stage in DOCUMENT_STAGES[1:]:
        del states[stage, "a.md"]
    states["raw_corpus", "a.md"] = states["raw_corpus", "a.md"]._replace(
        status=REJECTED, output_hash=""
    )
    found = stale(states=states)
    assert found.documents == NOTHING
    assert not Expectation(SETTINGS, VERSIONS, states).is_ready("cst_nodes", "a.md")
    edited = stale({**SOURCES, "a.md": "sha mended"}, states=states)
    assert edited.ready("raw_corpus") == ["a.md"]


def test_the_dataset_is_stale_when_a_document_leaves_or_changes_its_responses() -> None:
    gone = {key: state for key, state in up_to_date().items() if key[1] != "b.md"}
    assert stale({"a.md": "sha a"}, states=gone).unpartitioned == {
        "sft_dataset": ["document metadata changed", "responses changed"]
    }
    states = up_to_date()
    states["responses", "b.md"] = states["responses", "b.md"]._replace(output_hash="other")
    assert stale(states=states).unpartitioned == {"sft_dataset": ["responses changed"]}


def test_a_document_is_live_only_while_all_its_stages_are_fresh_and_good() -> None:
    states = up_to_date()
    assert live(states) == ["a.md", "b.md"]
    for stage in DOCUMENT_STAGES:
        for status in (FAILED, REJECTED):
            broken = {**states, (stage, "a.md"): states[stage, "a.md"]._replace(status=status)}
            assert live(broken) == ["b.md"]
    assert live(states, with_setting("tree.max_rounds", 9)) == []
    assert live({}) == []


def test_unpartitioned_stages_are_no_documents() -> None:
    states = up_to_date({})
    assert {document_id for _, document_id in states} == {NO_DOCUMENT}
    assert stale({}, states=states) == Staleness(NOTHING, {})


def test_what_an_older_augcon_made_stays_fresh_until_something_recorded_changes() -> None:
    states = up_to_date()
    for (stage, document_id), state in states.items():
        inputs = {n: v for n, v in state.inputs.items() if not n.startswith("library ")}
        inputs.pop("setting source.uri", None)
        states[stage, document_id] = state_of(stage, inputs, state.output_hash)
    found = stale(states=states)
    assert (found.documents, found.unpartitioned) == (NOTHING, {})
    assert stale(versions=with_prompt("cst_rewrite"), states=states).documents["cst_nodes"] == {
        "a.md": ["prompt cst changed"],
        "b.md": ["prompt cst changed"],
    }


@pytest.mark.parametrize("name", ["document", "code", "notes.md"])
def test_a_failed_document_of_any_name_changes_the_dataset(name: str) -> None:
    settings = with_setting("dataset.failed_documents", "keep")
    states = up_to_date(settings=settings)
    assert stale(settings=settings, states=states).unpartitioned == {}
    states["raw_corpus", name] = PartitionState("", status=FAILED, reason="unreadable")
    found = stale(settings=settings, states=states)
    assert found.unpartitioned == {"sft_dataset": ["failed documents changed"]}


def test_a_changed_title_makes_the_dataset_alone_stale() -> None:
    states = up_to_date()
    states["raw_corpus", "a.md"] = states["raw_corpus", "a.md"]._replace(metadata_hash="new")
    found = stale(states=states)
    assert found.documents == NOTHING
    assert found.unpartitioned == {"sft_dataset": ["document metadata changed"]}
