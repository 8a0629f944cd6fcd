"""The asset ``query_scorer``."""

from typing import Any

import dagster as dg

from augcon_assets.defs.assets.document_asset import Results, whole_asset
from augcon_assets.defs.assets.whole_asset import materialize_whole
from augcon_assets.defs.promotion import promotion_metadata
from augcon_assets.metadata import example, table
from augcon_assets.resources import WorkspaceResource
from augcon_lib.stages.query_scorer import run_query_scorer
from augcon_lib.stages.stage_run import StageReport, StageRun
from augcon_lib.warehouse.samples import sample_pairs


@whole_asset("query_scorer", {"scikitlearn", "openai", "duckdb"})
def query_scorer(context: dg.AssetExecutionContext, workspace: WorkspaceResource) -> Results:
    """The scorer s(C, q), trained on contrastive pairs from three kinds of worsened prompt.

    Pair accuracy is measured on documents that it was not trained on. It is trained once, and
    again when prompts, the model or its settings change or the corpus has drifted, but not for
    every document. A new version waits for promotion.
    """
    yield from materialize_whole(context, workspace, run_query_scorer, _describe)


def _describe(run: StageRun, report: StageReport) -> dict[str, Any]:
    metadata: dict[str, Any] = {**promotion_metadata(run, report), **report.facts}
    pairs = sample_pairs(run.warehouse, 6)
    if pairs:
        metadata |= {"sample": table(pairs), "example": dg.MetadataValue.md(example(pairs[0]))}
    return metadata
