"""``augcon plan``: what would run, why, and for how much; calls nothing."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from augcon_assets.cli.console import console, print_json, workspace_at
from augcon_assets.reconcile import pending_documents
from augcon_lib.contexts import cut_contexts
from augcon_lib.documents import StoreListing, read_documents
from augcon_lib.estimate import (
    EDITED_SHARE,
    Estimate,
    History,
    Range,
    estimate_few_shot,
    estimate_responses,
    estimate_scorer,
    estimate_trees,
)
from augcon_lib.expectation import Expectation
from augcon_lib.lengths import resolve_lengths
from augcon_lib.model import model_identity
from augcon_lib.model.journal import Journal
from augcon_lib.records import Document
from augcon_lib.settings import Settings
from augcon_lib.stages.stage_run import StageRun
from augcon_lib.stages.store import list_sources, stale_in
from augcon_lib.staleness import Staleness
from augcon_lib.warehouse.counts import calls_per_char
from augcon_lib.warehouse.partitions import load_states
from augcon_lib.warehouse.stages import read_context_ids, read_lengths

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
    print_plan(console(), plan)


def print_plan(out: Console, plan: Mapping[str, Any]) -> None:
    """The plan for people: reasons first, then what each stage would cost."""
    if not plan["stale"] and not plan["deleted"] and not plan["unpartitioned"]:
        out.print("all is fresh: nothing would run, no model would be called")
        return
    for reason, count in plan["reasons"].items():
        out.print(f"{count:>6,} document{'s' if count > 1 else ''}: {reason}", markup=False)
    if plan["deleted"]:
        out.print(f"{len(plan['deleted']):>6,} documents left the store", markup=False)
    for asset, reasons in plan["unpartitioned"].items():
        out.print(f"{asset}: {', '.join(reasons)}", markup=False)
    table = Table("stage", "documents", "model calls", "tokens in", "tokens out", "USD", box=None)
    for stage, row in plan["stages"].items():
        table.add_row(
            stage,
            f"{row['documents']:,}" if row["documents"] else "",
            *(_range(row[name]) for name in ("model_calls", "input_tokens", "output_tokens")),
            _range(row["cost_usd"], "{:,.2f}"),
        )
    out.print(table)


def collect_plan(run: StageRun) -> dict[str, Any]:
    """The JSON object of ``augcon plan --json``."""
    listing = list_sources(run)
    sources = listing.source_hashes
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
    history = _history(run)
    trees = set(stale.documents["cst_nodes"])
    answers = trees | set(stale.documents["responses"])
    unread = set(stale.documents["raw_corpus"])
    stored = read_lengths(run.warehouse, sorted(answers - unread))
    new, edited, scale = _new_texts(run, listing, unread)
    tree_texts = [text for document, text in stored.items() if document in trees]

    def both(
        estimate: Callable[[Settings, Iterable[tuple[str, int]], History], Estimate],
        stored_texts: Iterable[tuple[str, int]],
    ) -> Estimate:
        of_new = estimate(run.settings, new, history)
        of_edited = estimate(run.settings, edited, history).or_less(EDITED_SHARE)
        of_stored = estimate(run.settings, stored_texts, history)
        return of_stored + (of_new + of_edited).times(scale)

    estimates = {
        "cst_nodes": both(estimate_trees, tree_texts),
        "responses": both(estimate_responses, stored.values()),
    }
    if "query_scorer" in stale.unpartitioned:
        calls = estimates["cst_nodes"].calls
        estimates["query_scorer"] = estimate_scorer(run.settings, calls)
    if "few_shot_examples" in stale.unpartitioned:
        estimates["few_shot_examples"] = estimate_few_shot(run.settings, len(run.examples))
    return {**estimates, "total": sum(estimates.values(), Estimate())}


def _history(run: StageRun) -> History:
    trees, responses = calls_per_char(run.warehouse)
    with closing(Journal(run.workspace.journal_path)) as journal:
        tokens = journal.tokens_per_call(model_identity(run.settings.model))
    return History(trees, responses, tokens)


def _new_texts(
    run: StageRun, listing: StoreListing, document_ids: set[str]
) -> tuple[list[tuple[str, int]], list[tuple[str, int]], float]:
    """Language and characters of root contexts that have no trees yet: those of new documents,
    and those of edited ones; and how many documents each that was read stands for.

    The answers for a root context that stays are in the journal, unless a prompt, a setting or
    the model changed too; then all of the document counts.
    """
    entries = [e for e in listing.entries if e.document_id in document_ids]
    step = max(1, -(-len(entries) // MAX_READ_DOCUMENTS))
    sampled = entries[::step]
    states = load_states(run.warehouse)
    expectation = Expectation(run.settings, run.versions(), states)
    shared = expectation.shared_inputs("cst_nodes").items()
    known = read_context_ids(run.warehouse, [e.document_id for e in sampled])
    new: list[tuple[str, int]] = []
    edited: list[tuple[str, int]] = []
    for result in read_documents(run.settings.source, run.workspace.root, sampled):
        if not isinstance(result, Document):
            continue
        state = states.get(("cst_nodes", result.document_id))
        replayable = state is not None and shared <= state.inputs.items()
        lengths = resolve_lengths(run.settings, result.language)
        texts = edited if replayable else new
        texts += [
            (result.language, len(context.text))
            for context in cut_contexts(
                result, lengths.max_context_chars, lengths.min_context_chars
            )
            if not (replayable and context.context_id in known)
        ]
    return new, edited, len(entries) / len(sampled) if sampled else 1.0


def _bounds(value: Range, digits: int = 0) -> dict[str, float]:
    if digits:
        return {"low": round(value.low, digits), "high": round(value.high, digits)}
    return {"low": round(value.low), "high": round(value.high)}


def _range(bounds: Mapping[str, float], form: str = "{:,.0f}") -> str:
    low, high = form.format(bounds["low"]), form.format(bounds["high"])
    return low if low == high else f"{low} to {high}"
