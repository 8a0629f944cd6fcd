"""``augcon plan``: show what would run, why, and what it would cost; calls no model."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from augcon_assets.cli.budget import collect_budget, print_budget
from augcon_assets.cli.console import console, print_json, print_unmatched, workspace_at
from augcon_lib.pipeline import is_stage
from augcon_lib.pricing import price
from augcon_lib.pricing.calibration import PRICED_STAGES
from augcon_lib.pricing.estimate import Estimate, Range
from augcon_lib.settings import Settings
from augcon_lib.stages.sources import held_back, list_sources, stale_in
from augcon_lib.stages.stage_run import StageRun
from augcon_lib.staleness.run_plan import next_runs, pending_documents
from augcon_lib.warehouse.partitions import load_states

FIGURES = ("documents", "model calls", "tokens in", "tokens out", "USD")


def show_plan(folder: Path | None, *, as_json: bool) -> None:
    """Print the plan; reads the store and changes nothing."""
    workspace = workspace_at(folder)
    run = StageRun(workspace)
    plan = collect_plan(run)
    if as_json:
        print_json(plan)
        return
    print_plan(console(), plan)


def print_plan(out: Console, plan: Mapping[str, Any]) -> None:
    """Print the plan for people: the budget left, the reasons, then the cost of each stage."""
    print_budget(out, plan["budget"])
    if not plan["documents"]:
        out.print(no_documents(plan["uri"]), style="yellow", markup=False)
    print_unmatched(out, plan["unmatched_patterns"])
    if plan["held"]:
        out.print(plan["held"], style="yellow", markup=False)
    if not plan["stale"] and not plan["deleted"] and not plan["unpartitioned"]:
        if plan["documents"]:
            out.print("everything is fresh: nothing would run, no model would be called")
        return
    for reason, count in plan["reasons"].items():
        out.print(f"{count:>6,} document{'s' if count > 1 else ''}: {reason}", markup=False)
    if plan["deleted"]:
        out.print(f"{len(plan['deleted']):>6,} documents left the store", markup=False)
    for asset, reasons in plan["unpartitioned"].items():
        out.print(f"{asset}: {', '.join(reasons)}", markup=False)
    for each in plan["next_runs"]:
        of = f" of {each['documents']:,} documents" if each["documents"] else ""
        asks = "; asks the model" if each["asks_model"] else ""
        out.print(f"next run: {', '.join(each['assets'])}{of}{asks}", markup=False)
    for heading, rows in (("reason", plan["by_reason"]), ("stage", plan["stages"])):
        table = Table(heading, *FIGURES, box=None)
        for name, row in rows.items():
            table.add_row(
                Text(name),
                f"{row['documents']:,}" if row["documents"] else "",
                *(_range(row[each]) for each in ("model_calls", "input_tokens", "output_tokens")),
                _range(row["cost_usd"], "{:,.2f}"),
            )
        out.print(table)


def no_documents(uri: str) -> str:
    """Return what to do if the store is empty."""
    return f"{uri} has no documents; add some, or set [source] uri to the folder that has them"


def collect_plan(run: StageRun) -> dict[str, Any]:
    """Return the JSON object of ``augcon plan --json``."""
    listing = list_sources(run)
    sources = listing.source_hashes
    stale = stale_in(run, sources)
    pending = pending_documents(stale)
    deleted = sorted({d for _, d in load_states(run.warehouse) if d} - set(sources))
    priced = price(run, stale, listing, pending)
    held = held_back(run, listing)
    estimates: dict[str, Estimate] = dict.fromkeys(PRICED_STAGES, Estimate())
    estimates.update(priced.stages.items())
    estimates["total"] = priced.total
    return {
        "uri": run.settings.source.uri,
        "documents": len(listing.entries),
        "unmatched_patterns": list(listing.unmatched_patterns),
        "held": f"{held.what}. This stops a run. {held.way_out}" if held else "",
        "budget": collect_budget(run.workspace),
        "stale": dict(sorted(pending.items())),
        "reasons": dict(
            Counter(reason for reasons in pending.values() for reason in reasons).most_common()
        ),
        "deleted": deleted,
        "next_runs": [
            {
                "assets": each.assets,
                "documents": each.documents,
                "asks_model": each.asks_model,
            }
            for each in next_runs(stale, list(sources))
        ],
        "unpartitioned": stale.unpartitioned,
        "by_reason": {
            reason: {
                "documents": priced.documents.get(reason, 0),
                **_figures(run.settings, estimate),
            }
            for reason, estimate in priced.reasons.items()
        },
        "stages": {
            stage: {
                "documents": len(stale.documents.get(stage, ())) if is_stage(stage) else 0,
                **_figures(run.settings, estimate),
            }
            for stage, estimate in estimates.items()
        },
    }


def _figures(settings: Settings, estimate: Estimate) -> dict[str, dict[str, float]]:
    return {
        "model_calls": _bounds(estimate.calls),
        "input_tokens": _bounds(estimate.input_tokens),
        "output_tokens": _bounds(estimate.output_tokens),
        "cost_usd": _bounds(estimate.cost_usd(settings), digits=4),
    }


def _bounds(value: Range, digits: int = 0) -> dict[str, float]:
    if digits:
        return {"low": round(value.low, digits), "high": round(value.high, digits)}
    return {"low": round(value.low), "high": round(value.high)}


def _range(bounds: Mapping[str, float], form: str = "{:,.0f}") -> str:
    low, high = form.format(bounds["low"]), form.format(bounds["high"])
    return low if low == high else f"{low} to {high}"
