import pytest
from hypothesis import given
from hypothesis import strategies as st

from augcon_lib.fingerprints import FAILED_BEFORE, NEW, NOT_MADE_YET
from augcon_lib.pipeline import DOCUMENT_STAGES
from augcon_lib.staleness.partitions import UPSTREAM, Staleness
from augcon_lib.staleness.run_plan import (
    MAX_GAP_PARTITIONS,
    PlannedRun,
    failed_before,
    next_runs,
    pending_documents,
)

STAGES = DOCUMENT_STAGES
CHOICES = {"query_scorer": [NOT_MADE_YET], "few_shot_examples": [NOT_MADE_YET]}
DATASET = {"sft_dataset": ["responses changed"]}
ORDER = [f"d{number}.md" for number in range(6)]


def stale_from(stage: str, *documents: str, **unpartitioned: list[str]) -> Staleness:
    """*documents* are stale at *stage*, and so are all stages after it."""
    first = STAGES.index(stage)
    reasons: dict[str, dict[str, list[str]]] = {each: {} for each in STAGES}
    for document in documents:
        reasons[stage][document] = [NEW if first == 0 else NOT_MADE_YET]
        for later in STAGES[first + 1 :]:
            reasons[later][document] = [UPSTREAM]
    return Staleness(reasons, unpartitioned)


def test_nothing_stale_plans_nothing() -> None:
    assert next_runs(stale_from("raw_corpus"), ORDER) == []


def test_a_first_sync_makes_trees_then_choices_then_answers_then_the_dataset() -> None:
    steps = [
        stale_from("raw_corpus", *ORDER, **CHOICES, **DATASET),
        stale_from("scored_queries", *ORDER, **CHOICES, **DATASET),
        stale_from("scored_queries", *ORDER, **DATASET),
        stale_from("raw_corpus", **DATASET),
        stale_from("raw_corpus"),
    ]
    assert [[run.assets for run in next_runs(stale, ORDER)] for stale in steps] == [
        [("raw_corpus", "cst_nodes")],
        [("query_scorer", "few_shot_examples")],
        [("scored_queries", "responses")],
        [("sft_dataset",)],
        [],
    ]


def test_with_fresh_choices_a_changed_document_takes_one_run() -> None:
    stale = stale_from("raw_corpus", "d2.md", **DATASET)
    assert next_runs(stale, ORDER) == [PlannedRun(STAGES, "d2.md", "d2.md", 1)]


def test_only_what_is_stale_of_the_choices_is_made_again() -> None:
    stale = stale_from("responses", "d1.md", few_shot_examples=["principles changed"])
    assert next_runs(stale, ORDER) == [PlannedRun(("few_shot_examples",))]


def test_a_document_that_only_wants_answers_is_not_scored_again() -> None:
    stale = stale_from("responses", "d1.md")
    assert next_runs(stale, ORDER) == [PlannedRun(("responses",), "d1.md", "d1.md", 1)]


def test_a_range_spans_first_to_last_in_the_order_of_the_partitions() -> None:
    order = ["z.md", "a.md", "m.md", "b.md"]
    stale = stale_from("raw_corpus", "b.md", "a.md")
    assert next_runs(stale, order) == [PlannedRun(STAGES, "a.md", "b.md", 2)]


def test_a_gap_is_bridged_up_to_the_limit_and_no_further() -> None:
    order = [f"d{number}" for number in range(MAX_GAP_PARTITIONS + 2)]
    near, far = order[MAX_GAP_PARTITIONS], order[MAX_GAP_PARTITIONS + 1]
    assert next_runs(stale_from("raw_corpus", "d0", near), order) == [
        PlannedRun(STAGES, "d0", near, 2)
    ]
    assert next_runs(stale_from("raw_corpus", "d0", far), order) == [
        PlannedRun(STAGES, "d0", "d0", 1),
        PlannedRun(STAGES, far, far, 1),
    ]


@given(st.sets(st.integers(0, 400)))
def test_every_stale_document_is_in_exactly_one_range(places: set[int]) -> None:
    order = [f"d{number}" for number in range(401)]
    stale = stale_from("raw_corpus", *(order[place] for place in places))
    runs = next_runs(stale, order)
    covered = [
        place
        for run in runs
        for place in range(order.index(run.first), order.index(run.last) + 1)
        if place in places
    ]
    assert covered == sorted(places)
    assert sum(run.documents for run in runs) == len(places)


@pytest.mark.parametrize(
    ("until", "assets"),
    [
        ("raw_corpus", ("raw_corpus",)),
        ("cst_nodes", ("raw_corpus", "cst_nodes")),
        ("scored_queries", ("raw_corpus", "cst_nodes", "scored_queries")),
        ("query_scorer", ("raw_corpus", "cst_nodes")),
        ("sft_dataset", STAGES),
    ],
)
def test_nothing_beyond_until_is_run(until: str, assets: tuple[str, ...]) -> None:
    stale = stale_from("raw_corpus", "d1.md", **DATASET)
    assert [run.assets for run in next_runs(stale, ORDER, until=until)] == [assets]


def test_until_a_choice_makes_that_choice_alone() -> None:
    stale = stale_from("scored_queries", "d1.md", **CHOICES)
    assert next_runs(stale, ORDER, until="query_scorer") == [PlannedRun(("query_scorer",))]
    assert next_runs(stale, ORDER, until="cst_nodes") == []


def test_a_search_for_examples_waits_for_no_document() -> None:
    stale = stale_from("raw_corpus", "d1.md", **CHOICES)
    runs = next_runs(stale, ORDER, until="few_shot_examples")
    assert runs == [PlannedRun(("few_shot_examples",))]


def test_documents_given_up_are_left_out_and_do_not_hold_up_the_rest() -> None:
    stale = stale_from("raw_corpus", "d1.md", "d4.md", **DATASET)
    assert next_runs(stale, ORDER, given_up={"d1.md"}) == [PlannedRun(STAGES, "d4.md", "d4.md", 1)]
    assert next_runs(stale, ORDER, given_up={"d1.md", "d4.md"}) == [PlannedRun(("sft_dataset",))]


def test_only_restricts_the_documents() -> None:
    stale = stale_from("raw_corpus", "d1.md", "d4.md")
    assert next_runs(stale, ORDER, only={"d4.md"}) == [PlannedRun(STAGES, "d4.md", "d4.md", 1)]
    assert next_runs(stale, ORDER, only=set()) == []


def test_failed_documents_are_found_at_whatever_stage_they_failed() -> None:
    stale = stale_from("raw_corpus", "d1.md")
    stale.documents["cst_nodes"]["d2.md"] = [FAILED_BEFORE]
    stale.documents["responses"]["d3.md"] = [FAILED_BEFORE]
    assert failed_before(stale) == {"d2.md", "d3.md"}


def test_a_document_is_pending_for_the_reason_of_its_first_stale_stage() -> None:
    stale = stale_from("cst_nodes", "d1.md")
    stale.documents["cst_nodes"]["d1.md"] = ["model changed"]
    assert pending_documents(stale) == {"d1.md": ["model changed"]}


def test_without_documents_nothing_is_trained_or_searched() -> None:
    stale = Staleness(
        {stage: {} for stage in DOCUMENT_STAGES},
        {"query_scorer": ["not made yet"], "sft_dataset": ["not made yet"]},
    )
    assert [run.assets for run in next_runs(stale, [])] == [("sft_dataset",)]
