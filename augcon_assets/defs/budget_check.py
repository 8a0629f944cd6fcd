"""What ``[budget]`` has left of the day and the month, in Dagster: an advisory asset check.

It belongs to ``documents``, which sensor and schedules follow, and warns while a limit is reached.
"""

import dagster as dg

from augcon_assets.inputs import DOCUMENTS
from augcon_assets.instance.budget import BUDGET_CHECK, budget_outcome
from augcon_assets.resources import WorkspaceResource


@dg.asset_check(
    asset=DOCUMENTS,
    name=BUDGET_CHECK,
    description="What is left of the limits of the day and the month in [budget], over commands, "
    "sensor and schedules. A warning: one is reached, and what asks the model waits.",
)
def budget_left(workspace: WorkspaceResource) -> dg.AssetCheckResult:
    """Show what is left now."""
    return dg.AssetCheckResult(**budget_outcome(workspace.open()))
