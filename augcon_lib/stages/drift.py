"""How much of the corpus is not what the last scorer was trained on: drift of content."""

from augcon_lib.stages.stage_run import StageRun
from augcon_lib.staleness.expected import States
from augcon_lib.warehouse.choices import NO_DOCUMENT
from augcon_lib.warehouse.scorer_sample import read_scorer_sample


def corpus_drift(run: StageRun, states: States) -> float:
    """Share of the queries of the trees, 0 to 1, that are not those the last scorer learned from.

    Of the queries there were, the scorer's own sample says how many are still there as they were:
    a tree that was made again and came out the same has not changed. Queries that were added
    since count, too. 0 where there is no scorer, or nothing is known of its sample.
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
