"""When the scorer and the few-shot choice are regenerated, and which of them wait for promotion.

They depend on their own settings, prompts and model, not on each document; the scorer is retrained
once the changed share of the corpus passes a threshold. The result is a candidate
(``stages.promotion``).
"""

from augcon_lib.fingerprints import NOT_MADE_YET, Inputs, Versions, documents_fingerprint
from augcon_lib.pipeline import CHOICES, StageName
from augcon_lib.settings import Settings
from augcon_lib.staleness.expected import Expectation, States
from augcon_lib.warehouse.choices import NO_DOCUMENT

DRIFTED = "corpus drifted"
TREES = "trees"


def stale_choices(
    expectation: Expectation,
    states: States,
    settings: Settings,
    versions: Versions,
    drift: float = 0.0,
) -> dict[StageName, list[str]]:
    """Return why the scorer and the few-shot choice are stale; a fresh one is left out.

    *drift* is the share of the corpus, 0 to 1, that differs from what the last scorer learned from.
    """
    found: dict[StageName, list[str]] = {}
    for stage in _used(settings):
        if not versions.active[stage]:
            reasons = [NOT_MADE_YET]
        else:
            inputs = expectation.shared_inputs(stage)
            if stage == "query_scorer":
                before = states.get((stage, NO_DOCUMENT))
                trained = before is None or TREES not in before.inputs
                inputs = scorer_inputs(expectation, states, trained=trained)
            reasons = expectation.reasons(stage, NO_DOCUMENT, inputs)
            if stage == "query_scorer" and not reasons and has_drifted(drift, settings):
                reasons = [DRIFTED]
        if reasons:
            found[stage] = reasons
    return found


def candidates(states: States, settings: Settings, versions: Versions) -> dict[StageName, str]:
    """Return the latest versions that are not active, by stage."""
    found: dict[StageName, str] = {}
    for stage in _used(settings):
        made, active = states.get((stage, NO_DOCUMENT)), versions.active[stage]
        if made and active and made.output_hash != active:
            found[stage] = made.output_hash
    return found


def has_drifted(drift: float, settings: Settings) -> bool:
    """Whether *drift* is enough to retrain the scorer."""
    limit = settings.scorer.retrain_drift
    return limit > 0 and drift >= limit


def scorer_inputs(expectation: Expectation, states: States, *, trained: bool) -> Inputs:
    """Return the named inputs of ``query_scorer``: its settings and prompts, not the corpus.

    A scorer that found too little to learn from depends on the trees as well: it is retrained when
    they change.
    """
    inputs = expectation.shared_inputs("query_scorer")
    if not trained:
        hashes = {d: s.output_hash for (stage, d), s in states.items() if stage == "cst_nodes"}
        inputs[TREES] = documents_fingerprint(TREES, hashes)
    return inputs


def _used(settings: Settings) -> list[StageName]:
    used: dict[StageName, bool] = {
        "query_scorer": settings.uses_scorer,
        "few_shot_examples": settings.searches_examples,
    }
    return [stage for stage in CHOICES if used[stage]]
