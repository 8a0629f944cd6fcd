"""``augcon spend`` and ``augcon journal``: show the cost of calls, maintain the journal."""

from contextlib import closing
from dataclasses import asdict
from pathlib import Path

from rich.table import Table

from augcon_assets.cli.console import console, print_json, workspace_at
from augcon_lib.errors import SettingsError
from augcon_lib.model.journal import Journal
from augcon_lib.model.journal.batches import forget_batches
from augcon_lib.model.journal.recovery import recover
from augcon_lib.model.journal.upkeep import Pruned, compact, prune, spend_by

MAX_ROWS = 40


def show_spend(folder: Path | None, group: str, *, as_json: bool) -> None:
    """Print the cost of the calls by *group*, the most expensive first."""
    rows = spend_by(workspace_at(folder).journal_path, group)
    if as_json:
        print_json({"by": group, "spend": [asdict(row) for row in rows]})
        return
    table = Table(group, "calls", "failed", "tokens in", "tokens out", "USD", box=None)
    for row in rows[:MAX_ROWS]:
        counts = (row.calls, row.failed, row.input_tokens, row.output_tokens)
        table.add_row(row.name, *(f"{count:,}" for count in counts), f"{row.cost_usd:.4f}")
    console().print(table)
    if len(rows) > MAX_ROWS:
        console().print(f"and {len(rows) - MAX_ROWS:,} more; see all with --json", markup=False)


def compact_journal(folder: Path | None) -> None:
    """Return unused space of the journal to the disk."""
    _print_size(compact(workspace_at(folder).journal_path))


def prune_journal(folder: Path | None, older_than_days: float) -> None:
    """Delete old answers; raises ``SettingsError`` if the age is negative."""
    if older_than_days < 0:
        raise SettingsError(f"--older-than {older_than_days:g}: give a number of days from 0")
    pruned = prune(workspace_at(folder).journal_path, older_than_days)
    _print_size(pruned)
    console().print(
        f"deleted {pruned.answers:,} answers; generating them again costs {pruned.input_tokens:,} "
        f"tokens in and {pruned.output_tokens:,} out",
        markup=False,
    )


def recover_journal(folder: Path | None) -> None:
    """Replace a damaged journal with what can be read of it, and print what was kept."""
    kept = recover(workspace_at(folder).journal_path)
    console().print(
        f"recovered {kept.answers:,} answers and {kept.calls:,} calls; the damaged file is kept at "
        f"{kept.damaged}",
        markup=False,
    )


def forget_open_batches(folder: Path | None) -> None:
    """Forget batches whose answers were not fetched, and print the number of requests."""
    with closing(Journal(workspace_at(folder).journal_path)) as journal:
        count = forget_batches(journal)
    console().print(
        f"forgot {count:,} requests; they are paid for again if a later run needs them",
        markup=False,
    )


def _print_size(pruned: Pruned) -> None:
    console().print(
        f"journal: {pruned.bytes_before / 1e6:.1f} MB, now {pruned.bytes_after / 1e6:.1f} MB",
        markup=False,
    )
