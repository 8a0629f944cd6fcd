"""The asset ``few_shot_examples``."""

from typing import Any

import dagster as dg

from augcon_assets.defs.assets.document_asset import Results, whole_asset
from augcon_assets.defs.assets.whole_asset import materialize_whole
from augcon_assets.defs.promotion import promotion_metadata
from augcon_assets.metadata import example, shorten, table
from augcon_assets.resources import WorkspaceResource
from augcon_lib.answers.few_shot_search import Trial
from augcon_lib.answers.search_margin import search_margins
from augcon_lib.records import FewShotExample
from augcon_lib.stages.few_shot_examples import run_few_shot_examples
from augcon_lib.stages.stage_run import StageReport, StageRun


@whole_asset("few_shot_examples", {"openai", "duckdb"})
def few_shot_examples(context: dg.AssetExecutionContext, workspace: WorkspaceResource) -> Results:
    """The best human-written examples, found by random search (paper, section 3.4).

    Each trial answers all examples with a random few of them, and the model judges its own
    answers. The margin over random is measured by bootstrap, on examples that the choice did not
    see.
    """
    yield from materialize_whole(context, workspace, run_few_shot_examples, _describe)


def _describe(run: StageRun, report: StageReport) -> dict[str, Any]:
    trials: tuple[Trial, ...] = report.facts.pop("trials", ())  # type: ignore[assignment]
    chosen: dict[str, tuple[FewShotExample, ...]] = report.facts.pop("by_language", {})  # type: ignore[assignment]
    metadata: dict[str, Any] = {
        "trials": len(trials),
        **promotion_metadata(run, report),
        **report.facts,
    }
    for each in search_margins(trials):
        low, high = each.margin_ci95
        metadata |= {
            f"best_score_{each.language}": each.chosen_score,
            f"mean_score_{each.language}": each.mean_score,
            f"margin_over_random_{each.language}": each.margin,
            f"margin_over_random_{each.language}_ci95": f"{low:.3f} to {high:.3f}",
        }
    if trials:
        metadata["trial_log"] = table(
            [
                {
                    "language": trial.language,
                    "trial": trial.number,
                    "examples": ", ".join(map(str, trial.examples)),
                    "score": trial.score,
                    "judged": trial.judged,
                    "chosen": trial.chosen,
                }
                for trial in trials
            ]
        )
    rows = [
        {"language": language, "question": e.question, "answer": shorten(e.answer)}
        for language, examples in chosen.items()
        for e in examples
    ]
    if rows:
        metadata |= {"sample": table(rows), "example": dg.MetadataValue.md(example(rows[0]))}
    return metadata
