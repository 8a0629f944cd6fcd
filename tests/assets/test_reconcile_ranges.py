"""Ranges leave alone what they are told to, and only what was tried counts as tried."""

import random

from augcon_lib.fingerprints import FAILED_BEFORE, NEW
from augcon_lib.pipeline import DOCUMENT_STAGES
from augcon_lib.staleness.partitions import UPSTREAM, Staleness
from augcon_lib.staleness.run_plan import PlannedRun, failed_in, next_runs

ORDER = ["a.md", "b.md", "c.md", "d.md"]


def stale(**reasons: dict[str, list[str]]) -> Staleness:
    return Staleness({stage: reasons.get(stage, {}) for stage in DOCUMENT_STAGES})


def new(*documents: str) -> Staleness:
    later = {stage: {d: [UPSTREAM] for d in documents} for stage in DOCUMENT_STAGES[1:]}
    return stale(raw_corpus={d: [NEW] for d in documents}, **later)


def covered(runs: list[PlannedRun]) -> list[str]:
    return [d for run in runs for d in ORDER[ORDER.index(run.first) : ORDER.index(run.last) + 1]]


def test_no_range_bridges_a_stale_document_that_was_not_asked_for() -> None:
    assert covered(next_runs(new(*ORDER), ORDER, only={"a.md", "d.md"})) == ["a.md", "d.md"]


def test_no_range_bridges_a_document_that_was_given_up() -> None:
    given_up = stale(raw_corpus=new("a.md", "d.md").documents["raw_corpus"], responses={})
    given_up.documents["cst_nodes"]["b.md"] = [FAILED_BEFORE]
    assert covered(next_runs(given_up, ORDER, given_up={"b.md"})) == ["a.md", "d.md"]


def test_a_fresh_document_is_bridged() -> None:
    assert covered(next_runs(new("a.md", "c.md"), ORDER)) == ["a.md", "b.md", "c.md"]


def test_a_document_that_failed_elsewhere_was_not_tried() -> None:
    failed = stale(
        cst_nodes={"b.md": [FAILED_BEFORE]},
        responses={d: [FAILED_BEFORE] for d in ("a.md", "d.md")},
    )
    runs = [PlannedRun(("raw_corpus", "cst_nodes"), "a.md", "c.md", 2)]
    assert failed_in(runs, failed, ORDER) == {"b.md"}
    assert failed_in([PlannedRun(("responses",), "d.md", "d.md", 1)], failed, ORDER) == {"d.md"}
    assert failed_in([PlannedRun(("sft_dataset",))], failed, ORDER) == set()


def test_edits_scattered_over_a_large_store_take_one_run() -> None:
    order = [f"{place:05}.md" for place in range(10_000)]
    edited = random.Random(0).sample(order, 200)
    (run,) = next_runs(new(*edited), order)
    assert (run.first, run.last, run.documents) == (min(edited), max(edited), 200)


def test_edits_far_apart_take_a_run_each() -> None:
    order = [f"{place:05}.md" for place in range(2_000)]
    assert [run.documents for run in next_runs(new(order[0], order[-1]), order)] == [1, 1]
