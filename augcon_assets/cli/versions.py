"""``augcon versions``: list the versions of the dataset, with cause and cost."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.table import Table

from augcon_assets.cli.console import console, print_json, workspace_at
from augcon_lib.stages.stage_run import StageRun
from augcon_lib.warehouse.versions import DatasetVersion, dataset_versions


def show_versions(folder: Path | None, *, as_json: bool) -> None:
    """Print all stored versions, the current one first."""
    found = dataset_versions(StageRun(workspace_at(folder)).warehouse)
    if as_json:
        print_json({"versions": [version_json(version) for version in found]})
        return
    if not found:
        console().print("no dataset yet; create one with: augcon run")
        return
    table = Table("version", "created (UTC)", "rows", "+", "-", "calls", "USD", "cause", box=None)
    for version in found:
        table.add_row(
            version.dataset_version,
            f"{version.created_at:%Y-%m-%d %H:%M}",
            f"{version.total:,}" + (f" ({version.stale:,} stale)" if version.stale else ""),
            f"{version.added:,}",
            f"{version.removed:,}",
            f"{version.model_calls:,}",
            f"{version.cost_usd:,.2f}",
            version.cause_in_words,
        )
    console().print(table)


def version_json(version: DatasetVersion) -> dict[str, Any]:
    """Return a version for ``--json``."""
    found = asdict(version)
    del found["last_call"]
    return {**found, "cause": version.causes, "total": version.total}
