"""``augcon plan``: what would run, why, and for how much; calls nothing."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.table import Table

from augcon_assets.cli.console import console, print_json, workspace_at
from augcon_assets.reconcile import pending_documents
from augcon_lib.documents import StoreListing, read_documents
from augcon_lib.estimate import (
    Estimate,
    Range,
    estimate_few_shot,
    estimate_responses,
    estimate_scorer,
    estimate_trees,
)
from augcon_lib.records import Document
from augcon_lib.stages.stage_run import StageRun
from augcon_lib.stages.store import list_sources, stale_in
from augcon_lib.staleness import Staleness
from augcon_lib.warehouse.partitions import load_states
from augcon_lib.warehouse.stages import read_lengths

# More stale documents than this are not all read for the estimate; the rest is scaled.
MAX_READ_DOCUMENTS = 300


def show_plan(folder: Path | None, *, as_json: bool) -> None:
    """Print the plan; reads the store and changes nothing."""
    workspace = workspace_at(folder)
    run = StageRun(workspace)
    plan = collect_plan(run)
    if as_json:
        print_json(plan)
        return
    out = console()
    if not plan["stale"] and not plan["deleted"] and not plan["unpartitioned"]:
        out.print("all is fresh: nothing would run, no model would be called")
        return
    for reason, count in plan["reasons"].items():
        out.print(f"{count:>6,} documents: {reason}", markup=False)
    if plan["deleted"]:
        out.print(f"{len(plan['deleted']):>6,} documents left the store", markup=False)
    for asset, reasons in plan["unpartitioned"].items():
        out.print(f"{asset}: {', '.join(reasons)}", markup=False)
    table = Table("stage", "documents", "model calls", "tokens in", "tokens out", "USD", box=None)
    for stage, row in plan["stages"].items():
        table.add_row(
            stage,
            f"{row['documents']:,}",
            *(_range(row[name]) for name in ("model_calls", "input_tokens", "output_tokens")),
            _range(row["cost_usd"], "{:,.2f}"),
        )
    out.print(table)


def collect_plan(run: StageRun) -> dict[str, Any]:
    """The JSON object of ``augcon plan --json``."""
    listing = list_sources(run)
    sources = {entry.document_id: entry.source_sha256 for entry in listing.entries}
    stale = stale_in(run, sources)
    pending = pending_documents(stale)
    deleted = sorted({d for _, d in load_states(run.warehouse) if d} - set(sources))
    estimates = _estimates(run, stale, listing)
    return {
        "stale": dict(sorted(pending.items())),
        "reasons": dict(
            Counter(reason for reasons in pending.values() for reason in reasons).most_common()
        ),
        "deleted": deleted,
        "unpartitioned": stale.unpartitioned,
        "stages": {
            stage: {
                "documents": len(stale.documents.get(stage, ())),
                "model_calls": _bounds(estimate.calls),
                "input_tokens": _bounds(estimate.input_tokens),
                "output_tokens": _bounds(estimate.output_tokens),
                "cost_usd": _bounds(estimate.cost_usd(run.settings), digits=4),
            }
            for stage, estimate in estimates.items()
        },
    }


def _estimates(run: StageRun, stale: Staleness, listing: StoreListing) -> dict[str, Estimate]:
    trees = set(stale.documents["cst_nodes"])
    answers = trees | set(stale.documents["responses"])
    known = read_lengths(run.warehouse, sorted(answers))
    unread = set(stale.documents["raw_corpus"]) & answers
    lengths = {d: known[d] for d in answers - unread if d in known}
    new_lengths, scale = _read_lengths(run, listing, unread)
    tree_texts = [lengths[d] for d in trees if d in lengths]
    grown = estimate_trees(run.settings, tree_texts) + _scaled(
        estimate_trees(run.settings, new_lengths.values()), scale
    )
    answered = estimate_responses(run.settings, lengths.values()) + _scaled(
        estimate_responses(run.settings, new_lengths.values()), scale
    )
    estimates = {"cst_nodes": grown, "responses": answered}
    if "query_scorer" in stale.unpartitioned:
        estimates["query_scorer"] = estimate_scorer(run.settings, grown.calls)
    if "few_shot_examples" in stale.unpartitioned:
        estimates["few_shot_examples"] = estimate_few_shot(run.settings, len(run.examples))
    total = Estimate()
    for estimate in estimates.values():
        total += estimate
    return {**estimates, "total": total}


def _read_lengths(
    run: StageRun, listing: StoreListing, document_ids: set[str]
) -> tuple[Mapping[str, tuple[str, int]], float]:
    """Language and characters of unread documents, and how many each of them stands for."""
    entries = [e for e in listing.entries if e.document_id in document_ids]
    step = max(1, -(-len(entries) // MAX_READ_DOCUMENTS))
    sampled = entries[::step]
    found = {
        result.document_id: (result.language, len(result.text))
        for result in read_documents(run.settings.source, run.workspace.root, sampled)
        if isinstance(result, Document)
    }
    return found, len(entries) / len(sampled) if sampled else 1.0


def _scaled(estimate: Estimate, factor: float) -> Estimate:
    return Estimate(
        estimate.calls.times(factor),
        estimate.input_tokens.times(factor),
        estimate.output_tokens.times(factor),
    )


def _bounds(value: Range, digits: int = 0) -> dict[str, float]:
    if digits:
        return {"low": round(value.low, digits), "high": round(value.high, digits)}
    return {"low": round(value.low), "high": round(value.high)}


def _range(bounds: Mapping[str, float], form: str = "{:,.0f}") -> str:
    low, high = form.format(bounds["low"]), form.format(bounds["high"])
    return low if low == high else f"{low} to {high}"
