"""The plan: which runs bring everything up to date, as one typed list (pure; quick to load).

``augcon plan`` shows the list, the sensor requests it, ``augcon run`` and
:func:`augcon_lib.stages.run_all.run_stale_stages` execute it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from augcon_lib.fingerprints import FAILED_BEFORE
from augcon_lib.pipeline import (
    CHOICES,
    CST_NODES,
    DOCUMENT_STAGES,
    QUERY_SCORER,
    RAW_CORPUS,
    RESPONSES,
    SCORED_QUERIES,
    SFT_DATASET,
    STAGE_NAMES,
    STAGES,
    StageName,
)
from augcon_lib.staleness.partitions import UPSTREAM, Staleness

# A fresh document inside a range costs a planned event for each asset, about a millisecond;
# another run costs as much as hundreds of them (on a busy machine, at one asset: 3.5 s a run, 0.7 s
# a gap of a thousand). 200 edits scattered over 10,000 documents took 71 to 81 runs at a limit of
# 50, and take one at 500.
MAX_GAP_PARTITIONS = 500


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """One run: its assets, and the range of document partitions (in key order).

    *first* and *last* are empty for assets without partitions; *documents* counts the stale ones.
    """

    assets: tuple[StageName, ...]
    first: str = ""
    last: str = ""
    documents: int = 0

    @property
    def asks_model(self) -> bool:
        """Does a stage of it ask the model?"""
        return any(STAGES[asset].asks_model for asset in self.assets)


def next_runs(
    stale: Staleness,
    documents_in_order: Sequence[str],
    until: StageName = SFT_DATASET,
    given_up: Collection[str] = (),
    only: Collection[str] | None = None,
) -> list[PlannedRun]:
    """The runs that can start now; empty if nothing is left to do.

    Partitioned and unpartitioned assets cannot share a run, and the scorer needs all trees before
    it is trained: so a first sync takes four calls of this, and later ones two.

    *documents_in_order* are all documents in the order in which their partitions were created,
    which is the only order of a range. Documents in *given_up* failed in this session and are no
    longer retried; *only* restricts the documents. No asset after *until* is run.
    """
    wanted = _wanted(until)
    chosen = [d for d in documents_in_order if (only is None or d in only) and d not in given_up]

    def ready(*stages: StageName) -> set[str]:
        found = {d for stage in stages if stage in wanted for d in stale.ready(stage)}
        return found & set(chosen)

    def ranges(stages: Sequence[StageName], documents: set[str]) -> list[PlannedRun]:
        stages = [stage for stage in stages if stage in wanted]
        others = {d for stage in stages for d in stale.documents[stage]} - set(chosen)
        return _ranges(stages, documents, documents_in_order, others)

    choices_fresh = not any(stage in stale.unpartitioned for stage in CHOICES)
    early = ready(RAW_CORPUS, CST_NODES)
    if early:
        stages = DOCUMENT_STAGES if choices_fresh else DOCUMENT_STAGES[:2]
        return ranges(stages, early)
    choices = tuple(s for s in CHOICES if s in wanted and s in stale.unpartitioned)
    if choices and documents_in_order:
        return [PlannedRun(choices)]
    late = ready(SCORED_QUERIES, RESPONSES)
    if late:
        stages = DOCUMENT_STAGES[2:] if ready(SCORED_QUERIES) else DOCUMENT_STAGES[3:]
        return ranges(stages, late)
    if SFT_DATASET in wanted and SFT_DATASET in stale.unpartitioned:
        return [PlannedRun((SFT_DATASET,))]
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


def _wanted(until: StageName) -> Sequence[StageName]:
    if until == QUERY_SCORER:
        return (RAW_CORPUS, CST_NODES, QUERY_SCORER)
    if until in CHOICES:  # examples are searched without any document
        return (until,)
    return STAGE_NAMES[: STAGE_NAMES.index(until) + 1]


def _ranges(
    stages: Sequence[StageName], documents: set[str], order: Sequence[str], others: Collection[str]
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
