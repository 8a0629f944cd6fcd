"""Evaluate the asset check ``budget_left``: the remaining ``[budget]`` of the day and the month."""

from collections.abc import Sequence
from typing import Any

import dagster as dg

from augcon_assets.inputs import DOCUMENTS
from augcon_assets.instance.current_check import report_on_change
from augcon_assets.markdown import bullets
from augcon_lib.model.endpoints.periods import PeriodSpend, period_spend
from augcon_lib.workspace import Workspace

BUDGET_CHECK = "budget_left"
_FIGURES = "figures"


def report_budget(workspace: Workspace, instance: dg.DagsterInstance) -> None:
    """Record an evaluation of the check, unless the last one shows the same figures."""
    evaluation = dg.AssetCheckEvaluation(
        asset_key=dg.AssetKey(DOCUMENTS), check_name=BUDGET_CHECK, **budget_outcome(workspace)
    )
    report_on_change(instance, evaluation, _FIGURES)


def budget_outcome(workspace: Workspace) -> dict[str, Any]:
    """Return outcome and metadata of the check; ``left/...`` is in the unit of the limit."""
    limits: Sequence[PeriodSpend] = period_spend(workspace.settings.budget, workspace.journal_path)
    lines = [each.summary for each in limits] or ["[budget] sets no limit per day or month"]
    return {
        "passed": not any(each.is_reached for each in limits),
        "severity": dg.AssetCheckSeverity.WARN,
        "description": "; ".join(lines),
        "metadata": {
            _FIGURES: dg.MetadataValue.md(bullets(lines)),
            **{f"left/{each.setting}": dg.MetadataValue.float(float(each.left)) for each in limits},
        },
    }
