"""Plan the cheapest runs for what is stale (pure; without Dagster, quick to load)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from augcon_lib.fingerprints import FAILED_BEFORE
from augcon_lib.staleness.partitions import UPSTREAM, Staleness

DOCUMENT_STAGES: tuple[str, ...] = ("raw_corpus", "cst_nodes", "scored_queries", "responses")
CHOICES = ("query_scorer", "few_shot_examples")
DATASET = ("sft_dataset",)
# A run with one of these may call the model.
MODEL_STAGES = frozenset({"raw_corpus", "cst_nodes", *CHOICES, "responses"})

# A fresh document inside a range costs a planned event for each asset, about a millisecond;
# another run costs as much as hundreds of them (on a busy machine, at one asset: 3.5 s a run, 0.7 s
# a gap of a thousand). 200 edits scattered over 10,000 documents took 71 to 81 runs at a limit of
# 50, and take one at 500.
MAX_GAP_PARTITIONS = 500
ORDER = ("raw_corpus", "cst_nodes", "query_scorer", "few_shot_examples", "scored_queries",
         "responses", "sft_dataset")  # fmt: skip


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """One Dagster run: its assets, and the range of document partitions (in key order)."""

    assets: tuple[str, ...]
    first: str = ""
    last: str = ""
    documents: int = 0


def next_runs(
    stale: Staleness,
    documents_in_order: Sequence[str],
    until: str = "sft_dataset",
    given_up: Collection[str] = (),
    only: Collection[str] | None = None,
) -> list[PlannedRun]:
    """Return the runs that can start now; empty if nothing is left to do.

    *documents_in_order* are all documents in the order in which their partitions were created,
    which is the only order of a range. Documents in *given_up* failed in this session and are no
    longer retried; *only* restricts the documents. No asset after *until* is run.
    """
    wanted: Sequence[str] = ORDER[: ORDER.index(until) + 1]
    if until in CHOICES:  # examples are searched without any document
        wanted = ("raw_corpus", "cst_nodes", until) if until == "query_scorer" else (until,)
    chosen = [d for d in documents_in_order if (only is None or d in only) and d not in given_up]

    def ready(*stages: str) -> set[str]:
        found = {d for stage in stages if stage in wanted for d in stale.ready(stage)}
        return found & set(chosen)

    def ranges(stages: Sequence[str], documents: set[str]) -> list[PlannedRun]:
        stages = [stage for stage in stages if stage in wanted]
        others = {d for stage in stages for d in stale.documents[stage]} - set(chosen)
        return _ranges(stages, documents, documents_in_order, others)

    choices_fresh = not any(stage in stale.unpartitioned for stage in CHOICES)
    early = ready("raw_corpus", "cst_nodes")
    if early:
        stages = DOCUMENT_STAGES if choices_fresh else DOCUMENT_STAGES[:2]
        return ranges(stages, early)
    choices = tuple(s for s in CHOICES if s in wanted and s in stale.unpartitioned)
    if choices and documents_in_order:
        return [PlannedRun(choices)]
    late = ready("scored_queries", "responses")
    if late:
        stages = DOCUMENT_STAGES[2:] if ready("scored_queries") else DOCUMENT_STAGES[3:]
        return ranges(stages, late)
    if "sft_dataset" in wanted and "sft_dataset" in stale.unpartitioned:
        return [PlannedRun(("sft_dataset",))]
    return []


def failed_before(stale: Staleness) -> set[str]:
    """Return the documents whose last attempt at some stage failed."""
    return {
        document
        for reasons in stale.documents.values()
        for document, why in reasons.items()
        if FAILED_BEFORE in why
    }


def failed_in(
    runs: Sequence[PlannedRun], stale: Staleness, documents_in_order: Sequence[str]
) -> set[str]:
    """Return the documents whose last attempt failed at a stage and in a range of *runs*."""
    places = {document: place for place, document in enumerate(documents_in_order)}
    failed = set()
    for run in runs:
        for stage in set(run.assets) & set(DOCUMENT_STAGES):
            for document, why in stale.documents[stage].items():
                place = places.get(document, -1)
                if FAILED_BEFORE in why and places[run.first] <= place <= places[run.last]:
                    failed.add(document)
    return failed


def pending_documents(stale: Staleness) -> dict[str, list[str]]:
    """Return each stale document with the reasons of its first stale stage."""
    pending: dict[str, list[str]] = {}
    for reasons in stale.documents.values():
        for document, why in reasons.items():
            if why != [UPSTREAM]:
                pending.setdefault(document, why)
    return pending


def _ranges(
    stages: Sequence[str], documents: set[str], order: Sequence[str], others: Collection[str]
) -> list[PlannedRun]:
    """Return ranges over *documents* that bridge small gaps, but none of the stale *others*."""
    places = [place for place, document in enumerate(order) if document in documents]

    def apart(before: int, after: int) -> bool:
        gap = order[before + 1 : after]
        return after - before > MAX_GAP_PARTITIONS or any(document in others for document in gap)

    runs: list[PlannedRun] = []
    start = 0
    for here in range(1, len(places) + 1):
        if here == len(places) or apart(places[here - 1], places[here]):
            first, last = places[start], places[here - 1]
            runs.append(PlannedRun(tuple(stages), order[first], order[last], here - start))
            start = here
    return runs
