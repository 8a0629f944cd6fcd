"""When the scorer and the few-shot choice are made again, and which of them wait for promotion.

They follow their own settings, prompts and model, not each document; the scorer follows the
corpus once it has drifted past a threshold. What comes of it is a candidate (``stages.promotion``).
"""

from augcon_lib.expectation import Expectation, States
from augcon_lib.fingerprints import NOT_MADE_YET, Inputs, Versions, documents_fingerprint
from augcon_lib.settings import Settings
from augcon_lib.warehouse.choices import CHOICES, NO_DOCUMENT

DRIFTED = "corpus drifted"
TREES = "trees"


def stale_choices(
    expectation: Expectation, states: States, settings: Settings, versions: Versions
) -> dict[str, list[str]]:
    """Why the scorer, and the few-shot choice, is to be made again; a fresh one is not there."""
    found = {}
    for stage in _used(settings):
        if not versions.in_force[stage]:
            reasons = [NOT_MADE_YET]
        else:
            inputs = expectation.shared_inputs(stage)
            if stage == "query_scorer":
                before = states.get((stage, NO_DOCUMENT))
                trained = before is None or TREES not in before.inputs
                inputs = scorer_inputs(expectation, states, trained=trained)
            reasons = expectation.reasons(stage, NO_DOCUMENT, inputs)
            if stage == "query_scorer" and not reasons and _has_drifted(states, settings):
                reasons = [DRIFTED]
        if reasons:
            found[stage] = reasons
    return found


def candidates(states: States, settings: Settings, versions: Versions) -> dict[str, str]:
    """The versions that were made last and are not in force, by stage."""
    found = {}
    for stage in _used(settings):
        made, in_force = states.get((stage, NO_DOCUMENT)), versions.in_force[stage]
        if made and in_force and made.output_hash != in_force:
            found[stage] = made.output_hash
    return found


def drifted_documents(states: States) -> set[str]:
    """The documents whose trees are newer than the scorer; none where there is no scorer."""
    scorer = states.get(("query_scorer", NO_DOCUMENT))
    return {
        document
        for (stage, document), state in states.items()
        if stage == "cst_nodes" and scorer and state.updated_at > scorer.updated_at
    }


def corpus_drift(states: States) -> float:
    """Share of documents whose trees are newer than the scorer, 0 to 1."""
    trees = sum(stage == "cst_nodes" for stage, _ in states)
    return len(drifted_documents(states)) / trees if trees else 0.0


def scorer_inputs(expectation: Expectation, states: States, *, trained: bool) -> Inputs:
    """The named inputs of ``query_scorer``: its settings and prompts, not the corpus.

    A scorer that found too little to learn from depends on the trees as well: it is trained again
    when there are others.
    """
    inputs = expectation.shared_inputs("query_scorer")
    if not trained:
        hashes = {d: s.output_hash for (stage, d), s in states.items() if stage == "cst_nodes"}
        inputs[TREES] = documents_fingerprint(TREES, hashes)
    return inputs


def _used(settings: Settings) -> list[str]:
    used = {
        "query_scorer": settings.uses_scorer,
        "few_shot_examples": settings.searches_examples,
    }
    return [stage for stage in CHOICES if used[stage]]


def _has_drifted(states: States, settings: Settings) -> bool:
    limit = settings.scorer.retrain_drift
    return limit > 0 and corpus_drift(states) >= limit
