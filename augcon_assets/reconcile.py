"""From what is stale to the cheapest set of runs for it (pure)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from augcon_assets.jobs import CHOICES, DOCUMENT_STAGES
from augcon_lib.staleness import FAILED_BEFORE, UPSTREAM, Staleness

# A range run skips fresh documents almost for free; another run costs two seconds in a daemon.
MAX_GAP_PARTITIONS = 50
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
    """The runs that can start now; empty when nothing is left to do.

    *documents_in_order* are all documents in the order in which their partitions were created,
    which is the only order a range knows. Documents in *given_up* failed in this session and are
    not tried again; *only* restricts the documents. Nothing beyond the asset *until* is run.
    """
    wanted = ORDER[: ORDER.index(until) + 1]
    if until == "query_scorer" or until == "few_shot_examples":
        wanted = ("raw_corpus", "cst_nodes", until)
    chosen = [d for d in documents_in_order if (only is None or d in only) and d not in given_up]

    def ready(*stages: str) -> set[str]:
        found = {d for stage in stages if stage in wanted for d in stale.ready(stage)}
        return found & set(chosen)

    choices_fresh = not any(stage in stale.unpartitioned for stage in CHOICES)
    early = ready("raw_corpus", "cst_nodes")
    if early:
        stages = DOCUMENT_STAGES if choices_fresh else DOCUMENT_STAGES[:2]
        return _ranges([s for s in stages if s in wanted], early, documents_in_order)
    choices = tuple(s for s in CHOICES if s in wanted and s in stale.unpartitioned)
    if choices:
        return [PlannedRun(choices)]
    late = ready("scored_queries", "responses")
    if late:
        stages = DOCUMENT_STAGES[2:] if ready("scored_queries") else DOCUMENT_STAGES[3:]
        return _ranges([s for s in stages if s in wanted], late, documents_in_order)
    if "sft_dataset" in wanted and "sft_dataset" in stale.unpartitioned:
        return [PlannedRun(("sft_dataset",))]
    return []


def failed_before(stale: Staleness) -> set[str]:
    """Documents whose last attempt at some stage failed."""
    return {
        document
        for reasons in stale.documents.values()
        for document, why in reasons.items()
        if FAILED_BEFORE in why
    }


def pending_documents(stale: Staleness) -> dict[str, list[str]]:
    """Each stale document with the reasons of its first stale stage."""
    pending: dict[str, list[str]] = {}
    for reasons in stale.documents.values():
        for document, why in reasons.items():
            if why != [UPSTREAM]:
                pending.setdefault(document, why)
    return pending


def _ranges(stages: Sequence[str], documents: set[str], order: Sequence[str]) -> list[PlannedRun]:
    places = [place for place, document in enumerate(order) if document in documents]
    runs: list[PlannedRun] = []
    start = 0
    for here in range(1, len(places) + 1):
        if here == len(places) or places[here] - places[here - 1] > MAX_GAP_PARTITIONS:
            first, last = places[start], places[here - 1]
            runs.append(PlannedRun(tuple(stages), order[first], order[last], here - start))
            start = here
    return runs
