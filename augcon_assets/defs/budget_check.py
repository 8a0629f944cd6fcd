"""What ``[budget]`` has left of the day and the month, in Dagster: an advisory asset check.

It stands at ``documents``, which sensor and schedules follow, and warns while a limit is reached.
"""

from collections.abc import Sequence
from typing import Any

import dagster as dg

from augcon_assets.defs.current_check import report_on_change
from augcon_assets.inputs import DOCUMENTS
from augcon_assets.markdown import bullets
from augcon_assets.resources import WorkspaceResource
from augcon_lib.model.endpoints.periods import PeriodSpend, period_spend
from augcon_lib.workspace import Workspace

CHECK = "budget_left"
_FIGURES = "figures"


@dg.asset_check(
    asset=DOCUMENTS,
    name=CHECK,
    description="What is left of the limits of the day and the month in [budget], over commands, "
    "sensor and schedules. A warning: one is reached, and what asks the model waits.",
)
def budget_left(workspace: WorkspaceResource) -> dg.AssetCheckResult:
    """Show what is left now."""
    return dg.AssetCheckResult(**_shown(_left(workspace.open())))


def report_budget(workspace: Workspace, instance: dg.DagsterInstance) -> None:
    """Record an evaluation of the check, unless the last one has the figures of now."""
    evaluation = dg.AssetCheckEvaluation(
        asset_key=dg.AssetKey(DOCUMENTS), check_name=CHECK, **_shown(_left(workspace))
    )
    report_on_change(instance, evaluation, _FIGURES)


def _left(workspace: Workspace) -> list[PeriodSpend]:
    return period_spend(workspace.settings.budget, workspace.journal_path)


def _shown(limits: Sequence[PeriodSpend]) -> dict[str, Any]:
    """Outcome and metadata of the check; ``left/...`` in the unit of the limit."""
    told = [each.told for each in limits] or ["[budget] sets no limit of a day or a month"]
    return {
        "passed": not any(each.is_reached for each in limits),
        "severity": dg.AssetCheckSeverity.WARN,
        "description": "; ".join(told),
        "metadata": {
            _FIGURES: dg.MetadataValue.md(bullets(told)),
            **{f"left/{each.setting}": dg.MetadataValue.float(float(each.left)) for each in limits},
        },
    }
