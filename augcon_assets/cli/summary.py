"""The summary of a run: as the documented JSON object, and as text for people."""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console

from augcon_assets.cli.console import print_unmatched
from augcon_assets.cli.retirement import retirements_json
from augcon_assets.instance.sync import Store
from augcon_assets.session import Session
from augcon_lib.errors import AugconError
from augcon_lib.model.journal import Journal
from augcon_lib.model.journal.tables import Spend
from augcon_lib.pipeline import StageName
from augcon_lib.stages.stage_run import StageRun
from augcon_lib.text.printable import one_line
from augcon_lib.warehouse import Warehouse
from augcon_lib.warehouse.counts import document_failures
from augcon_lib.warehouse.partitions import EMPTY
from augcon_lib.warehouse.samples import sample_rows
from augcon_lib.warehouse.versions import latest_version

# If more rows of one table failed for the same reason, they are reported in one line.
MAX_NAMED_ROWS = 5


@dataclass
class Outcome:
    """The data of a summary."""

    run: StageRun
    store: Store
    session: Session
    changed: Sequence[str]
    run_ids: list[str] = field(default_factory=list)
    candidates: Mapping[StageName, str] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def stopped_by(self) -> AugconError | None:
        """The error that stopped the run early, if any."""
        return self.session.stopped_by


def summarise(outcome: Outcome) -> dict[str, Any]:
    """Return the JSON object of ``augcon run --json``."""
    finished = [r.calls for r in outcome.session.reports if r.calls is not None]
    spend = _spend(outcome)
    warehouse = outcome.run.warehouse
    failures, empty = troubles(warehouse)
    added, changed = set(outcome.store.added), set(outcome.changed)
    unchanged = set(outcome.store.sources) - added - changed
    version = latest_version(warehouse)
    made = [r for r in outcome.session.reports if r.stage == "sft_dataset"]
    rows = {"added": 0, "kept": version.total if version else 0, "removed": 0}
    if made:
        rows = {name: made[-1].facts[name] for name in ("added", "kept", "removed")}  # type: ignore[misc]
    return {
        "run_ids": outcome.run_ids,
        "documents": {
            "added": len(added),
            "changed": len(changed),
            "deleted": len(outcome.store.deleted),
            "unchanged": len(unchanged),
            "failed": len({failure["document_id"] for failure in failures}),
        },
        "model_calls": {
            "issued": spend.calls,
            "from_journal": sum(calls.from_journal - calls.repeated for calls in finished),
            "repeated_within_run": sum(calls.repeated for calls in finished),
            "failed": spend.failed,
        },
        "tokens": {"input": spend.input_tokens, "output": spend.output_tokens},
        "cost_usd": spend.cost_usd,
        "rows": {**rows, "total": version.total if version else 0},
        "dataset_version": version.dataset_version if version else None,
        "seconds": round(outcome.seconds, 3),
        "stopped_by": str(outcome.stopped_by) if outcome.stopped_by else None,
        "candidates": dict(outcome.candidates),
        "failures": [_named(failure) for failure in failures],
        "empty": empty,
        "retirements": retirements_json(outcome.run),
        "unmatched_patterns": list(outcome.store.unmatched_patterns),
    }


def troubles(warehouse: Warehouse) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the failed documents, as ``document_failures`` does, and the ids of empty ones."""
    troubled = document_failures(warehouse)
    return (
        [each for each in troubled if each["reason"] != EMPTY],
        [each["document_id"] for each in troubled if each["reason"] == EMPTY],
    )


def _spend(outcome: Outcome) -> Spend:
    """Return the cost of the session's calls, including those of a stage that was stopped."""
    with closing(Journal(outcome.run.workspace.journal_path)) as journal:
        return journal.spend(outcome.session.session_id)


def _named(failure: dict[str, Any]) -> dict[str, Any]:
    return {name: failure[name] for name in ("document_id", "reason", "message")}


def print_summary(console: Console, outcome: Outcome, summary: dict[str, Any]) -> None:
    """Print the summary for people, with a next command for one row."""
    lines = {
        "documents": _listed(summary["documents"]),
        "model calls": _listed(summary["model_calls"]),
        "tokens": _listed(summary["tokens"]),
        "cost": f"${summary['cost_usd']:.4f}" if summary["cost_usd"] else "",
        "rows": _listed(summary["rows"]),
        "dataset version": summary["dataset_version"] or "none yet",
        "runs": f"{len(summary['run_ids'])} in {summary['seconds']:.1f} s",
        "left out": _listed(dict(_rejected(outcome).most_common())),
    }
    for name, line in lines.items():
        if line:
            console.print(f"{name:<16} {line}", markup=False)
    print_troubles(console, summary)
    print_unmatched(console, summary["unmatched_patterns"])
    for stage, candidate in summary["candidates"].items():
        console.print(
            f"{stage}: {candidate} waits for promotion; see its cost with: augcon promote",
            markup=False,
        )
    if summary["rows"]["added"]:
        sample = sample_rows(outcome.run.warehouse, 1)[0]
        console.print(f"\nsee where a row came from: augcon explain {sample['row_id']}")


def print_troubles(console: Console, summary: dict[str, Any]) -> None:
    """Print empty and failed documents by name; many rows of a table with one reason as one."""
    for document_id in summary["empty"]:
        console.print(f"empty: {one_line(document_id)}", markup=False)
    by_table: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for failure in summary["failures"]:
        table = failure["document_id"].rpartition("#")[0] or failure["document_id"]
        by_table.setdefault((table, failure["reason"]), []).append(failure)
    for (table, reason), failures in by_table.items():
        named = {failure["document_id"]: failure["message"] for failure in failures}
        if len(failures) > MAX_NAMED_ROWS:
            named = {f"{table} ({len(failures)} rows)": failures[0]["message"]}
        for name, message in named.items():
            line = f"failed: {one_line(name)}: {reason}: {one_line(message)}"
            console.print(line, style="red", markup=False)


def _rejected(outcome: Outcome) -> Counter[str]:
    total: Counter[str] = Counter()
    for report in outcome.session.reports:
        total.update({f"{report.stage} {why}": n for why, n in report.rejected.items()})
    return total


def _listed(values: dict[str, Any]) -> str:
    return ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in values.items())
