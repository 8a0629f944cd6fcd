"""``augcon spend`` and ``augcon journal``: what calls have cost, and a journal kept small."""

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
    """Print what the calls have cost by *group*, the most expensive first."""
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
        console().print(f"and {len(rows) - MAX_ROWS:,} more; --json has them all", markup=False)


def compact_journal(folder: Path | None) -> None:
    """Give unused space of the journal back to the disk."""
    _tell(compact(workspace_at(folder).journal_path))


def prune_journal(folder: Path | None, older_than_days: float) -> None:
    """Forget old answers; raises ``SettingsError`` for a negative age."""
    if older_than_days < 0:
        raise SettingsError(f"--older-than {older_than_days:g}: give a number of days")
    pruned = prune(workspace_at(folder).journal_path, older_than_days)
    _tell(pruned)
    console().print(
        f"forgot {pruned.answers:,} answers; asked for again, they cost {pruned.input_tokens:,} "
        f"tokens in and {pruned.output_tokens:,} out",
        markup=False,
    )


def recover_journal(folder: Path | None) -> None:
    """Put what can be read of a damaged journal in its place, and say what that is."""
    kept = recover(workspace_at(folder).journal_path)
    console().print(
        f"kept {kept.answers:,} answers and {kept.calls:,} calls; the damaged file is "
        f"{kept.damaged}",
        markup=False,
    )


def forget_open_batches(folder: Path | None) -> None:
    """Give up batches whose answers were not fetched, and say how many requests that concerns."""
    with closing(Journal(workspace_at(folder).journal_path)) as journal:
        count = forget_batches(journal)
    console().print(f"gave up {count:,} requests; asked again, they are paid again", markup=False)


def _tell(pruned: Pruned) -> None:
    console().print(
        f"journal: {pruned.bytes_before / 1e6:.1f} MB, now {pruned.bytes_after / 1e6:.1f} MB",
        markup=False,
    )
