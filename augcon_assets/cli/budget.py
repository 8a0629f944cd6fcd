"""The remaining ``[budget]`` of the day and the month, for ``status`` and ``plan``."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.console import Console

from augcon_lib.model.endpoints.periods import period_spend
from augcon_lib.workspace import Workspace


def collect_budget(workspace: Workspace) -> list[dict[str, Any]]:
    """Return an object for each daily or monthly limit that is set.

    ``spent``, ``reserved`` and ``left`` are in the limit's ``unit``, calls or US dollars;
    ``resets_at`` is ISO 8601 in UTC.
    """
    return [
        {
            "setting": each.setting,
            "unit": each.unit,
            "maximum": each.maximum,
            "spent": round(each.spent, 6),
            "reserved": round(each.reserved, 6),
            "left": round(each.left, 6),
            "is_reached": each.is_reached,
            "resets_at": datetime.fromtimestamp(each.resets_at, UTC).isoformat(),
            "message": each.summary,
        }
        for each in period_spend(workspace.settings.budget, workspace.journal_path)
    ]


def print_budget(out: Console, budget: Sequence[Mapping[str, Any]]) -> None:
    """Print a line for each limit."""
    for each in budget:
        style = "yellow" if each["is_reached"] else None
        out.print(each["message"], style=style, markup=False)
