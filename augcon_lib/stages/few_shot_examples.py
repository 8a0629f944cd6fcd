"""``few_shot_examples``: the best examples, found by random search (section 3.4)."""

import asyncio

from augcon_lib.answers.few_shot_search import FewShotSearch
from augcon_lib.answers.responses import Responder
from augcon_lib.concurrency import run_until_done
from augcon_lib.fingerprints import fingerprint
from augcon_lib.pipeline import FEW_SHOT_EXAMPLES, SEED
from augcon_lib.stages.model_stage import model_for
from augcon_lib.stages.promotion import promote_if_first, restore_active
from augcon_lib.stages.stage_run import StageReport, StageRun
from augcon_lib.staleness.expected import Expectation
from augcon_lib.warehouse.choices import NO_DOCUMENT, save_few_shot
from augcon_lib.warehouse.partitions import PartitionOutput, load_states


def run_few_shot_examples(run: StageRun) -> StageReport:
    """Search over the human-written examples, and keep the choice with its trial log.

    The first choice is active at once; a later one is a candidate (``stages.promotion``). Does
    nothing if the settings use no search.
    """
    if not run.settings.searches_examples:
        return StageReport(FEW_SHOT_EXAMPLES, facts={"used": False})
    restored = restore_active(run, FEW_SHOT_EXAMPLES)
    if restored:
        return StageReport(
            FEW_SHOT_EXAMPLES, version=restored, facts={"in_force": True, "restored": True}
        )
    return run_until_done(_run(run))


async def _run(run: StageRun) -> StageReport:
    report = StageReport(FEW_SHOT_EXAMPLES)
    settings = run.settings.responses
    expectation = Expectation(run.settings, run.versions(), load_states(run.warehouse, ()))
    async with model_for(run, report, 1) as chat:
        responder = Responder(chat, run.prompts, run.principles, settings)
        choice = await FewShotSearch(chat, run.prompts, responder).search(
            run.examples, settings.few_shot_count, settings.search_trials, SEED
        )
    inputs = expectation.shared_inputs(FEW_SHOT_EXAMPLES)
    state = PartitionOutput(
        NO_DOCUMENT, fingerprint(FEW_SHOT_EXAMPLES, inputs), inputs, output_hash=choice.version
    )
    with run.saving(report, [state]):
        await asyncio.to_thread(save_few_shot, run.warehouse, choice, state, run.run_id)
    report.version = choice.version
    report.facts = {
        "in_force": promote_if_first(run, FEW_SHOT_EXAMPLES, choice.version),
        "trials": choice.trials,
        "by_language": choice.by_language,
    }
    run.progress(FEW_SHOT_EXAMPLES, 1, 1, 0, report.calls)
    return report
