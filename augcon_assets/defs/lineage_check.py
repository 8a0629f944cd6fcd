"""The asset check ``dagster_matches_warehouse``: Dagster's records match the warehouse."""

import dagster as dg

from augcon_assets.instance.lineage import differences
from augcon_assets.markdown import bullets
from augcon_assets.resources import WorkspaceResource
from augcon_lib.stages.stage_run import StageRun

NAME = "dagster_matches_warehouse"
MAX_LISTED = 20


@dg.asset_check(
    asset="sft_dataset",
    name=NAME,
    description="For each stage and document, the data version of the latest materialization "
    "equals the output hash in the warehouse. The next sync records what is missing.",
)
def dagster_matches_warehouse(
    context: dg.AssetCheckExecutionContext, workspace: WorkspaceResource
) -> dg.AssetCheckResult:
    """Count the differences and list the first ones; calls no model."""
    found = differences(StageRun(workspace.open()), context.instance)
    listed = bullets(found[:MAX_LISTED])
    return dg.AssetCheckResult(
        passed=not found,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"differences": len(found), "first": dg.MetadataValue.md(listed or "none")},
    )
