"""The asset ``sft_dataset``."""

from typing import Any

import dagster as dg

from augcon_assets.defs.assets.document_asset import Results, whole_asset
from augcon_assets.defs.assets.whole_asset import materialize_whole
from augcon_assets.metadata import example, lineage_markdown, shorten, table
from augcon_assets.resources import WorkspaceResource
from augcon_lib.stages.sft_dataset import run_sft_dataset
from augcon_lib.stages.stage_run import StageReport, StageRun
from augcon_lib.warehouse.lineage import explain_row
from augcon_lib.warehouse.samples import sample_rows


@whole_asset("sft_dataset", {"duckdb", "parquet"})
def sft_dataset(context: dg.AssetExecutionContext, workspace: WorkspaceResource) -> Results:
    """The dataset: query and response, with ids that lead back to node, span and document.

    A new version is created if the rows differ from those of the previous one.
    """
    yield from materialize_whole(context, workspace, run_sft_dataset, _describe)


def _describe(run: StageRun, report: StageReport) -> dict[str, Any]:
    metadata: dict[str, Any] = {"dataset_version": report.version, **report.facts}
    sampled = sample_rows(run.warehouse, 5)
    if sampled:
        rows = [{name: shorten(value) for name, value in row.items()} for row in sampled]
        lineage = explain_row(run.warehouse, sampled[0]["row_id"])
        metadata = {
            "lineage_of_one_row": dg.MetadataValue.md(lineage_markdown(lineage)),
            "sample": table(rows),
            "example": dg.MetadataValue.md(example(rows[0])),
            **metadata,
        }
    return metadata
