"""What is stale, and why: expected fingerprints against stored ones (pure functions)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from augcon_lib.fingerprints import (
    DOCUMENT,
    Inputs,
    Versions,
    changes,
    document_fingerprint,
    fingerprint,
    shared_fingerprint,
    stage_inputs,
)
from augcon_lib.settings import Settings
from augcon_lib.warehouse.choices import NO_DOCUMENT
from augcon_lib.warehouse.partitions import FAILED, OK, REJECTED, STAGES, PartitionState

States = Mapping[tuple[str, str], PartitionState]

NEW = "new document"
FAILED_BEFORE = "failed before"
NOT_MADE_YET = "not made yet"
UPSTREAM = "upstream is stale"
TREES = "trees"


@dataclass(frozen=True)
class Staleness:
    """Stale documents by stage with the reasons, in words, and stale unpartitioned stages.

    A document that is stale at one stage is listed at the later ones with the reason
    ``upstream is stale``: whether they must run is known only when its new output is.
    """

    documents: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    unpartitioned: dict[str, list[str]] = field(default_factory=dict)

    def ready(self, stage: str) -> list[str]:
        """Documents that can run at *stage* now: stale there, and fresh before."""
        return [d for d, reasons in self.documents[stage].items() if reasons != [UPSTREAM]]


class Expectation:
    """The expected inputs of every partition, under given settings and versions."""

    def __init__(self, settings: Settings, versions: Versions, states: States) -> None:
        self._states = states
        self.has_test_split = settings.dataset.test_fraction > 0
        self._shared = {
            stage: stage_inputs(stage, settings, versions)
            for stage in (*STAGES, "query_scorer", "few_shot_examples", "sft_dataset")
        }
        self._shared_fingerprints = {
            stage: shared_fingerprint(stage, inputs) for stage, inputs in self._shared.items()
        }

    def inputs(self, stage: str, document_id: str, source_sha256: str = "") -> Inputs:
        """The named inputs of a partition; the first stage wants the source's hash."""
        document = self._document_version(stage, document_id, source_sha256)
        return {DOCUMENT: document, **self._shared[stage]}

    def is_fresh(self, stage: str, document_id: str, source_sha256: str = "") -> bool:
        """Was the partition made from its expected inputs? The quick way to no ``reasons``."""
        state = self._states.get((stage, document_id))
        if state is None or state.status == FAILED:
            return False
        document = self._document_version(stage, document_id, source_sha256)
        return state.fingerprint == document_fingerprint(self._shared_fingerprints[stage], document)

    def is_ready(self, stage: str, document_id: str) -> bool:
        """Is the document good at the stage before?"""
        before = self._states.get((STAGES[STAGES.index(stage) - 1], document_id))
        return before is not None and before.status == OK

    def shared_inputs(self, stage: str) -> Inputs:
        """The named inputs of *stage* that are no document's."""
        return dict(self._shared[stage])

    def reasons(self, stage: str, document_id: str, inputs: Inputs) -> list[str]:
        """Why the partition with these expected inputs is stale; empty where it is fresh."""
        state = self._states.get((stage, document_id))
        if state is None:
            return [NEW] if stage == STAGES[0] else [NOT_MADE_YET]
        if state.status == FAILED:
            return [FAILED_BEFORE]
        if state.fingerprint == fingerprint(stage, inputs):
            return []
        return changes(state.inputs, inputs) or [NOT_MADE_YET]

    def _document_version(self, stage: str, document_id: str, source_sha256: str) -> str:
        if stage == STAGES[0]:
            return source_sha256
        before = self._states.get((STAGES[STAGES.index(stage) - 1], document_id))
        return before.output_hash if before else ""


def find_stale(
    sources: Mapping[str, str], settings: Settings, versions: Versions, states: States
) -> Staleness:
    """Compare the store (*sources*: source hash by document id) with the stored states."""
    expectation = Expectation(settings, versions, states)
    documents: dict[str, dict[str, list[str]]] = {stage: {} for stage in STAGES}
    for document_id, source_sha256 in sources.items():
        stale_before = False
        for stage in STAGES:
            if stale_before:
                documents[stage][document_id] = [UPSTREAM]
            elif not expectation.is_fresh(stage, document_id, source_sha256):
                inputs = expectation.inputs(stage, document_id, source_sha256)
                documents[stage][document_id] = expectation.reasons(stage, document_id, inputs)
                stale_before = True
            elif states[stage, document_id].status == REJECTED:
                break
    unpartitioned = {}
    scorer = states.get(("query_scorer", NO_DOCUMENT))
    choices = {
        "query_scorer": scorer_inputs(
            expectation, states, trained=scorer is None or TREES not in scorer.inputs
        ),
        "few_shot_examples": expectation.shared_inputs("few_shot_examples"),
    }
    used = {
        "query_scorer": settings.uses_scorer,
        "few_shot_examples": settings.searches_examples,
    }
    for stage, inputs in choices.items():
        reasons = expectation.reasons(stage, NO_DOCUMENT, inputs)
        if reasons and used[stage]:
            unpartitioned[stage] = reasons
    live = live_documents(states, settings, versions)
    reasons = expectation.reasons(
        "sft_dataset", NO_DOCUMENT, dataset_inputs(expectation, states, live)
    )
    if reasons:
        unpartitioned["sft_dataset"] = reasons
    return Staleness(documents, unpartitioned)


def live_documents(states: States, settings: Settings, versions: Versions) -> list[str]:
    """Documents whose responses are fresh and good, in order: the ones in the dataset."""
    expectation = Expectation(settings, versions, states)

    def is_live(document_id: str) -> bool:
        for stage in STAGES:
            state = states.get((stage, document_id))
            if state is None or state.status != OK:
                return False
            if stage != STAGES[0] and not expectation.is_fresh(stage, document_id):
                return False
        return True

    return sorted(d for stage, d in states if stage == STAGES[-1] and is_live(d))


def scorer_inputs(expectation: Expectation, states: States, *, trained: bool) -> Inputs:
    """The named inputs of ``query_scorer``: its settings and prompts, not the corpus.

    A scorer that found too little to learn from depends on the trees as well: it is trained again
    when there are others.
    """
    inputs = expectation.shared_inputs("query_scorer")
    if not trained:
        hashes = {d: s.output_hash for (stage, d), s in states.items() if stage == "cst_nodes"}
        inputs[TREES] = fingerprint("trees", hashes)
    return inputs


def dataset_inputs(expectation: Expectation, states: States, live: Iterable[str]) -> Inputs:
    """The named inputs of ``sft_dataset``: the live documents' responses and its settings."""
    live = list(live)
    inputs = expectation.shared_inputs("sft_dataset")
    inputs["responses"] = fingerprint("live", {d: states[STAGES[-1], d].output_hash for d in live})
    if expectation.has_test_split:  # near-duplicates, whose texts decide, share a split
        texts = {d: states[STAGES[0], d].output_hash for d in live}
        inputs["documents"] = fingerprint("texts", texts)
    return inputs
