"""What is stale, and why: compare expected fingerprints with stored ones (pure functions)."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from augcon_lib.fingerprints import Inputs, Versions, documents_fingerprint
from augcon_lib.pipeline import DOCUMENT_STAGES, RAW_CORPUS, RESPONSES, StageName
from augcon_lib.settings import Settings
from augcon_lib.staleness.choices import candidates, stale_choices
from augcon_lib.staleness.expected import Expectation, States
from augcon_lib.warehouse.choices import NO_DOCUMENT
from augcon_lib.warehouse.partitions import EMPTY, OK, REJECTED

UPSTREAM = "upstream is stale"


@dataclass(frozen=True)
class Staleness:
    """Stale documents by stage with the reasons as text, and stale unpartitioned stages.

    A document that is stale at one stage is listed at the later ones with the reason
    ``upstream is stale``: whether they must run is known only once its new output is.
    ``candidates`` are versions of the scorer and the few-shot choice that wait for promotion.
    """

    documents: dict[StageName, dict[str, list[str]]] = field(default_factory=dict)
    unpartitioned: dict[StageName, list[str]] = field(default_factory=dict)
    candidates: dict[StageName, str] = field(default_factory=dict)

    def ready(self, stage: StageName) -> list[str]:
        """Return the documents that can run at *stage* now: stale there, and fresh before."""
        return [d for d, reasons in self.documents[stage].items() if reasons != [UPSTREAM]]


def find_stale(
    sources: Mapping[str, str],
    settings: Settings,
    versions: Versions,
    states: States,
    kept: Collection[str] = (),
    drift: float = 0.0,
) -> Staleness:
    """Compare the store (*sources*: source hash by document id) with the stored states.

    Rows of *kept* documents stay in the dataset although these can no longer be used. *drift* is
    that of the corpus since the last scorer was trained (``stages.drift``). If there are no
    documents and never were any, nothing is stale.
    """
    expectation = Expectation(settings, versions, states)
    documents: dict[StageName, dict[str, list[str]]] = {stage: {} for stage in DOCUMENT_STAGES}
    for document_id, source_sha256 in sources.items():
        stale_before = False
        for stage in DOCUMENT_STAGES:
            if stale_before:
                documents[stage][document_id] = [UPSTREAM]
            elif not expectation.is_fresh(stage, document_id, source_sha256):
                inputs = expectation.inputs(stage, document_id, source_sha256)
                documents[stage][document_id] = expectation.reasons(stage, document_id, inputs)
                stale_before = True
            elif states[stage, document_id].status == REJECTED:
                break
    unpartitioned = stale_choices(expectation, states, settings, versions, drift)
    live = live_documents(expectation, states)
    reasons = expectation.reasons(
        "sft_dataset", NO_DOCUMENT, dataset_inputs(expectation, states, live, settings, kept)
    )
    if reasons:
        unpartitioned["sft_dataset"] = reasons
    if not sources and not any(document for _, document in states):
        made_before = ("sft_dataset", NO_DOCUMENT) in states
        unpartitioned = {"sft_dataset": reasons} if reasons and made_before else {}
    return Staleness(documents, unpartitioned, candidates(states, settings, versions))


def live_documents(expectation: Expectation, states: States) -> list[str]:
    """Return the documents whose responses are fresh and good, in order: those in the dataset."""

    def is_live(document_id: str) -> bool:
        for stage in DOCUMENT_STAGES:
            state = states.get((stage, document_id))
            if state is None or state.status != OK:
                return False
            if stage != RAW_CORPUS and not expectation.is_fresh(stage, document_id):
                return False
        return True

    return sorted(d for stage, d in states if stage == RESPONSES and is_live(d))


def failed_documents(states: States) -> list[str]:
    """Return the documents that cannot be used now, in order; one without text is no failure."""
    return sorted(
        {
            document_id
            for (stage, document_id), state in states.items()
            if stage in DOCUMENT_STAGES and state.status != OK and state.reason != EMPTY
        }
    )


def stale_rows_of(
    states: States, live: Collection[str], settings: Settings, kept: Collection[str]
) -> list[str]:
    """Return the unusable documents whose last good rows stay, marked stale, in order."""
    failed = failed_documents(states) if settings.dataset.failed_documents == "keep" else []
    return sorted({*failed, *kept} - set(live))


def dataset_inputs(
    expectation: Expectation,
    states: States,
    live: Iterable[str],
    settings: Settings,
    kept: Collection[str] = (),
) -> Inputs:
    """Return the named inputs of ``sft_dataset``: its settings, and those of live documents."""
    live = list(live)
    inputs = expectation.shared_inputs("sft_dataset")

    def of_documents(what: str, values: Mapping[str, str]) -> None:
        inputs[what] = documents_fingerprint(what, values)

    of_documents("responses", {d: states[RESPONSES, d].output_hash for d in live})
    of_documents("document metadata", {d: states[RAW_CORPUS, d].metadata_hash for d in live})
    if settings.dataset.test_fraction > 0:  # near-duplicates, whose texts decide, share a split
        of_documents("documents", {d: states[RAW_CORPUS, d].output_hash for d in live})
    stale_rows = stale_rows_of(states, live, settings, kept)
    if stale_rows or settings.dataset.failed_documents == "keep":
        of_documents("failed documents", dict.fromkeys(stale_rows, ""))
    return inputs
