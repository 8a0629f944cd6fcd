"""``augcon retrain`` and ``augcon promote``: make and promote scorers and few-shot choices."""

import uuid
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import typer
from rich.console import Console

from augcon_assets.cli.console import (
    EXIT_DONE,
    at_terminal,
    console,
    error_console,
    print_json,
    workspace_at,
)
from augcon_assets.cli.execute import execute
from augcon_assets.cli.progress import RunProgress
from augcon_assets.instance.processes import end_dead_runs
from augcon_assets.instance.reporting import report_stored
from augcon_assets.instance.workspace_instance import workspace_instance
from augcon_assets.session import Session
from augcon_lib.errors import PromotionRefused, SettingsError
from augcon_lib.model import validate_model_settings
from augcon_lib.pipeline import CHOICES, StageName
from augcon_lib.stages.promotion import activate, waiting_versions
from augcon_lib.stages.promotion_cost import PromotionCost, promotion_cost
from augcon_lib.stages.stage_run import StageRun
from augcon_lib.staleness.run_plan import PlannedRun


def promote_command(
    folder: Path | None, assets: Sequence[str], version: str | None, *, yes: bool, as_json: bool
) -> None:
    """Show the cost of promoting; promote with consent."""
    run = StageRun(workspace_at(folder))
    requested = checked_choices(assets)
    if version is not None and len(requested) != 1:
        raise SettingsError(
            f"--version {version} belongs to one asset; name it: {' or '.join(CHOICES)}"
        )
    named = version is not None  # requested by name: promoted even if it is worse

    def costs_now() -> list[PromotionCost]:
        waiting = {requested[0]: version} if version else waiting_versions(run)
        return [
            promotion_cost(run, s, v, even_if_worse=named)
            for s, v in waiting.items()
            if s in requested
        ]

    costs = costs_now()
    if not as_json:
        print_costs(error_console() if yes else console(), costs)
    allowed = [cost for cost in costs if not cost.refused]
    agreed = bool(allowed) and (yes or (at_terminal() and typer.confirm("Promote?", err=True)))
    if agreed:
        with run.exclusive():
            # Another process may have changed the cost, or the version may be refused now.
            if costs_now() != costs:
                raise PromotionRefused(
                    "nothing was promoted: the waiting versions or their cost has changed "
                    "meanwhile; check them again with: augcon promote"
                )
            for cost in allowed:
                activate(run, cost.stage, cost.candidate, even_if_worse=named)
    if agreed:
        with workspace_instance(run.workspace) as instance:
            report_stored(run, instance)
    if as_json:
        print_json({"promoted": agreed, "promotions": [promotion_json(cost) for cost in costs]})
    elif agreed:
        console().print("promoted; to update the dataset: augcon run", markup=False)
    elif allowed:
        console().print("nothing was promoted; to promote: augcon promote --yes", markup=False)


def retrain_command(folder: Path | None, assets: Sequence[str], *, as_json: bool) -> int:
    """Train the scorer or search the few-shot examples again; return the exit code.

    The new version waits for promotion. Raises the error that stopped the run.
    """
    workspace = workspace_at(folder)
    validate_model_settings(workspace.settings)
    requested = tuple(checked_choices(assets))
    with workspace_instance(workspace) as instance, RunProgress(error_console()) as progress:
        end_dead_runs(instance)
        session = Session(str(uuid.uuid4()), progress)
        run_id = execute(workspace, instance, session, PlannedRun(requested))
    if session.stopped_by is not None:
        raise session.stopped_by
    run = StageRun(workspace)
    waiting = waiting_versions(run)
    costs = [promotion_cost(run, s, v) for s, v in waiting.items() if s in requested]
    if as_json:
        print_json({"run_id": run_id, "promotions": [promotion_json(cost) for cost in costs]})
    else:
        print_costs(console(), costs)
    return EXIT_DONE


def checked_choices(assets: Sequence[str]) -> list[StageName]:
    """Return *assets*, by default both; raises ``SettingsError`` if one has no versions."""
    for asset in assets:
        if asset not in CHOICES:
            raise SettingsError(f"{asset} cannot be promoted; name one of {', '.join(CHOICES)}")
    return [stage for stage in CHOICES if stage in assets or not assets]


def promotion_json(cost: PromotionCost) -> dict[str, Any]:
    """Return a promotion and its cost, for ``--json``."""
    return asdict(cost)


def print_costs(out: Console, costs: Sequence[PromotionCost]) -> None:
    """Print what each promotion would change and cost, for people."""
    if not costs:
        out.print("nothing waits for promotion", markup=False)
    for cost in costs:
        out.print(
            f"{cost.stage}: {cost.candidate} {_measure(cost.measure_candidate)} would replace "
            f"{cost.in_force or 'none'} {_measure(cost.measure_in_force)}",
            markup=False,
        )
        out.print(
            f"  {cost.documents:,} documents change, {cost.queries_added:,} queries are added, "
            f"{cost.queries_removed:,} removed; {cost.model_calls:,} model calls, about "
            f"{cost.input_tokens:,} tokens in, {cost.output_tokens:,} out, ${cost.cost_usd:,.2f}",
            markup=False,
        )
        if cost.texts_to_embed:
            out.print(
                f"  not counted: documents with {cost.texts_to_embed:,} texts whose embeddings "
                "must be requested from the endpoint first",
                markup=False,
            )
        if cost.refused:
            out.print(f"  refused, remains a candidate: {cost.refused}", markup=False)


def _measure(value: float | None) -> str:
    return "(not measured)" if value is None or value != value else f"({value:.3f})"
