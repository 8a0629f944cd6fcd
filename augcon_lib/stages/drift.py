"""Drift: how much of the corpus differs from what the last scorer was trained on."""

from augcon_lib.stages.stage_run import StageRun
from augcon_lib.staleness.expected import States
from augcon_lib.warehouse.choices import NO_DOCUMENT
from augcon_lib.warehouse.scorer_sample import read_scorer_sample


def corpus_drift(run: StageRun, states: States) -> float:
    """Return the share of the trees' queries, 0 to 1, that are new since the last scorer.

    The scorer's own sample shows how many of the earlier queries still exist unchanged: a tree
    that was regenerated with the same result has not changed. Queries that were added since count,
    too. 0 if no scorer exists, or nothing is known about its sample.
    """
    made = states.get(("query_scorer", NO_DOCUMENT))
    if made is None or not run.settings.uses_scorer or run.settings.scorer.retrain_drift == 0:
        return 0.0
    sample = read_scorer_sample(run.warehouse, made.output_hash)
    if not sample.learned:
        return 0.0
    before = sample.queries_then if sample.queries_then is not None else sample.queries_now
    most = max(before, sample.queries_now)
    unchanged = before * sample.still_there / sample.learned
    return max(0.0, 1 - unchanged / most) if most else 0.0
