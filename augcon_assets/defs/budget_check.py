"""The asset check ``budget_left``: the remaining ``[budget]`` of the day and the month.

A check of ``documents``, which sensor and schedules follow. It warns while a limit is reached.
"""

import dagster as dg

from augcon_assets.inputs import DOCUMENTS
from augcon_assets.instance.budget import BUDGET_CHECK, budget_outcome
from augcon_assets.resources import WorkspaceResource


@dg.asset_check(
    asset=DOCUMENTS,
    name=BUDGET_CHECK,
    description="Shows what is left of the daily and monthly limits in [budget], across commands, "
    "sensor and schedules. Warns if a limit is reached: runs that call the model then wait.",
)
def budget_left(workspace: WorkspaceResource) -> dg.AssetCheckResult:
    """Evaluate the check on the current figures."""
    return dg.AssetCheckResult(**budget_outcome(workspace.open()))
