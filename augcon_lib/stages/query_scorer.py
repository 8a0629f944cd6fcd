"""``query_scorer``: contrastive pairs from worsened prompts, and the scorer (section 3.3)."""

import asyncio

from augcon_lib.choice_staleness import scorer_inputs
from augcon_lib.concurrency import run_until_done
from augcon_lib.contrastive_pairs import build_pairs, sample_positives
from augcon_lib.expectation import Expectation
from augcon_lib.fingerprints import fingerprint
from augcon_lib.query_scorer import MIN_PAIRS, train_scorer
from augcon_lib.stages.model_calls import model_for
from augcon_lib.stages.promotion import promote_if_first, restore_in_force
from augcon_lib.stages.stage_run import StageReport, StageRun
from augcon_lib.warehouse.choices import NO_DOCUMENT, save_scorer
from augcon_lib.warehouse.partitions import PartitionOutput, load_states
from augcon_lib.warehouse.stages import read_positives

STAGE = "query_scorer"
SEED = 20_240_516


def run_query_scorer(run: StageRun) -> StageReport:
    """Sample positives over all documents, ask for their negatives, train and validate.

    The first scorer is in force at once; a later one is a candidate (``stages.promotion``). Does
    nothing where the settings use no scorer.
    """
    if not run.settings.uses_scorer:
        return StageReport(STAGE, facts={"used": False})
    restored = restore_in_force(run, STAGE)
    if restored:
        return StageReport(STAGE, version=restored, facts={"in_force": True, "restored": True})
    return run_until_done(_run(run))


async def _run(run: StageRun) -> StageReport:
    report = StageReport(STAGE)
    settings = run.settings
    expectation = Expectation(settings, run.versions(), load_states(run.warehouse, ()))
    positives = await asyncio.to_thread(read_positives, run.warehouse)
    sampled = sample_positives(positives, settings.scorer.pairs_per_negative_kind, SEED)
    async with model_for(run, report, 1) as chat:
        pairs, rejections = await build_pairs(
            chat, run.prompts, sampled, settings.tree.parts, settings.tree.temperature
        )
    scorer, scores = train_scorer(pairs, SEED)
    most_pairs = len(sampled) * settings.scorer.pairs_per_negative_kind
    trained = scores.train_pairs >= MIN_PAIRS or most_pairs < MIN_PAIRS
    inputs = scorer_inputs(expectation, load_states(run.warehouse), trained=trained)
    state = PartitionOutput(
        NO_DOCUMENT, fingerprint(STAGE, inputs), inputs, output_hash=scorer.version
    )
    save_scorer(run.warehouse, scorer, scores, pairs, rejections, state, run.run_id)
    report.version = scorer.version
    in_force = promote_if_first(run, STAGE, scorer.version)
    report.rejected.update(rejection.reason for rejection in rejections)
    report.facts = {
        "in_force": in_force,
        "positives": len(positives),
        "train_pairs": scores.train_pairs,
        "held_out_pairs": scores.held_out_pairs,
        "held_out_documents": scores.held_out_documents,
        "pair_accuracy": scores.pair_accuracy,
        "standard_error": scores.standard_error,
        **{f"pair_accuracy_{kind}": share for kind, share in scores.accuracy_by_kind.items()},
    }
    run.progress(STAGE, 1, 1, 0, report.calls)
    return report
