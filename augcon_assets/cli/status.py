"""``augcon status``: what there is, what is stale, what failed, what it cost."""

from pathlib import Path
from typing import Any

from rich.table import Table

from augcon_assets.cli.console import console, print_json, workspace_at
from augcon_assets.cli.summary import EMPTY
from augcon_assets.reconcile import pending_documents
from augcon_lib.model.journal import Journal
from augcon_lib.stages.stage_run import StageRun
from augcon_lib.stages.store import list_sources, stale_in
from augcon_lib.warehouse.counts import document_failures, rejection_counts, totals
from augcon_lib.warehouse.datasets import latest_version
from augcon_lib.workspace import Workspace


def show_status(folder: Path | None, *, as_json: bool) -> None:
    """Print the state of the workspace; changes nothing."""
    workspace = workspace_at(folder)
    status = collect_status(workspace)
    if as_json:
        print_json(status)
        return
    out = console()
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_row("workspace", str(workspace.root))
    for name, count in status["counts"].items():
        table.add_row(name.replace("_", " "), f"{count:,}")
    table.add_row("dataset version", status["dataset_version"] or "none yet")
    documents = status["documents"]
    table.add_row("documents", ", ".join(f"{n:,} {name}" for name, n in documents.items()))
    spend = status["spend"]
    table.add_row(
        "spent",
        f"{spend['calls']:,} model calls, {spend['input_tokens']:,} tokens in, "
        f"{spend['output_tokens']:,} out, ${spend['cost_usd']:.4f}",
    )
    out.print(table)
    for line in status["rejections"]:
        out.print(f"left out: {line['stage']}: {line['count']:,} {line['reason']}", markup=False)
    for document_id in status["empty"]:
        out.print(f"empty: {document_id}", markup=False)
    for failure in status["failures"]:
        out.print(
            f"not done: {failure['document_id']}: {failure['reason']}: {failure['message']}",
            markup=False,
        )


def collect_status(workspace: Workspace) -> dict[str, Any]:
    """The JSON object of ``augcon status --json``."""
    run = StageRun(workspace)
    sources = {entry.document_id: entry.source_sha256 for entry in list_sources(run).entries}
    stale = pending_documents(stale_in(run, sources))
    troubled = document_failures(run.warehouse)
    failures = [each for each in troubled if each["reason"] != EMPTY]
    failed = {failure["document_id"] for failure in failures}
    version = latest_version(run.warehouse)
    journal = Journal(workspace.journal_path)
    try:
        spend = journal.spend()
    finally:
        journal.close()
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
        "empty": [each["document_id"] for each in troubled if each["reason"] == EMPTY],
        "spend": spend._asdict(),
    }
