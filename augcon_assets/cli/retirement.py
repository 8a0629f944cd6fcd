"""Consent to retire documents, on the command line: ask for it, and list what waits for it."""

from collections.abc import Mapping, Sequence
from typing import Any

import typer
from rich.console import Console

from augcon_assets.cli.console import at_terminal, error_console
from augcon_lib.stages.retirement import agree_to, waiting_retirements
from augcon_lib.stages.sources import hold_back, list_sources
from augcon_lib.stages.stage_run import StageRun
from augcon_lib.staleness.retirement import MISSING
from augcon_lib.workspace import Workspace


def retirement_agreed(workspace: Workspace) -> bool:
    """Ask for consent if an unusual number of documents left the store; ``False``: they stay.

    Asks only in a terminal; without one, returns ``True`` and the sync refuses.
    """
    if not at_terminal():
        return True
    run = StageRun(workspace)
    held = hold_back(run, list_sources(run))
    if held is None:
        return True
    error_console().print(f"{held.what}. {held.way_out}", markup=False)
    if not typer.confirm(f"Retire these {len(held.document_ids):,} documents?", err=True):
        return False
    agree_to(run, held.set_id)
    return True


def print_waiting(out: Console, waiting: Sequence[Mapping[str, Any]]) -> None:
    """Print which documents wait for consent and keep their rows (:func:`retirements_json`)."""
    for each in waiting:
        why = "left the store" if each["kind"] == MISSING else "can no longer be read"
        out.print(
            f"{len(each['documents']):,} documents {why}; their last good rows are kept. Fix the "
            f"store, or retire the documents: augcon run --retire {each['set_id']}",
            style="yellow",
            markup=False,
        )


def retirements_json(run: StageRun) -> list[dict[str, Any]]:
    """Return the documents that wait for consent, for ``--json``."""
    return [
        {"set_id": each.set_id, "kind": each.kind, "documents": sorted(each.document_ids)}
        for each in waiting_retirements(run)
    ]
