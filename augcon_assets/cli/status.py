"""``augcon status``: show what is stored, stale or failed, and what it has cost."""

from contextlib import closing
from pathlib import Path
from typing import Any

from augcon_assets.cli.budget import collect_budget, print_budget
from augcon_assets.cli.console import console, print_json, workspace_at
from augcon_assets.cli.retirement import print_waiting, retirements_json
from augcon_assets.cli.summary import print_troubles, troubles
from augcon_lib.model.journal import Journal
from augcon_lib.stages.sources import list_sources, stale_in
from augcon_lib.stages.stage_run import StageRun
from augcon_lib.staleness.run_plan import pending_documents
from augcon_lib.warehouse.counts import rejection_counts, totals
from augcon_lib.warehouse.versions import latest_version
from augcon_lib.workspace import Workspace


def show_status(folder: Path | None, *, as_json: bool) -> None:
    """Print the state of the workspace; changes nothing."""
    workspace = workspace_at(folder)
    status = collect_status(workspace)
    if as_json:
        print_json(status)
        return
    out = console()
    spend = status["spend"]
    lines = {
        "workspace": str(workspace.root),
        "documents": ", ".join(f"{n:,} {name}" for name, n in status["documents"].items()),
        **{
            name.replace("_", " "): f"{count:,}"
            for name, count in status["counts"].items()
            if name != "documents"
        },
        "dataset version": status["dataset_version"] or "none yet",
        "spent": f"{spend['calls']:,} model calls, {spend['input_tokens']:,} tokens in, "
        f"{spend['output_tokens']:,} out, ${spend['cost_usd']:.4f}",
    }
    for name, line in lines.items():
        out.print(f"{name:<16} {line}", markup=False)
    for each in status["rejections"]:
        out.print(f"left out: {each['stage']}: {each['count']:,} {each['reason']}", markup=False)
    print_budget(out, status["budget"])
    print_troubles(out, status)
    print_waiting(out, status["retirements"])


def collect_status(workspace: Workspace) -> dict[str, Any]:
    """Return the JSON object of ``augcon status --json``."""
    run = StageRun(workspace)
    sources = list_sources(run).source_hashes
    stale = pending_documents(stale_in(run, sources))
    failures, empty = troubles(run.warehouse)
    failed = {failure["document_id"] for failure in failures}
    version = latest_version(run.warehouse)
    with closing(Journal(workspace.journal_path)) as journal:
        spend = journal.spend()
    return {
        "documents": {
            "fresh": len(set(sources) - set(stale) - failed),
            "stale": len(set(stale) - failed),
            "failed": len(failed),
        },
        "counts": totals(run.warehouse),
        "dataset_version": version.dataset_version if version else None,
        "rejections": rejection_counts(run.warehouse),
        "failures": failures,
        "empty": empty,
        "retirements": retirements_json(run),
        "spend": spend._asdict(),
        "budget": collect_budget(workspace),
    }
