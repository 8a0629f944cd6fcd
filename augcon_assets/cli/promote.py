"""``augcon retrain`` and ``augcon promote``: new versions of the scorer and few-shot choice."""

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
    """Show what promoting would ask the model; promote if somebody agrees."""
    run = StageRun(workspace_at(folder))
    wanted = checked_choices(assets)
    if version is not None and len(wanted) != 1:
        raise SettingsError(f"--version {version} is of one asset; name it: {' or '.join(CHOICES)}")
    named = version is not None  # asked for by name: even one that is worse

    def costs_now() -> list[PromotionCost]:
        waiting = {wanted[0]: version} if version else waiting_versions(run)
        return [
            promotion_cost(run, s, v, even_if_worse=named)
            for s, v in waiting.items()
            if s in wanted
        ]

    costs = costs_now()
    if not as_json:
        print_costs(error_console() if yes else console(), costs)
    allowed = [cost for cost in costs if not cost.refused]
    agreed = bool(allowed) and (yes or (at_terminal() and typer.confirm("Promote?", err=True)))
    if agreed:
        with run.exclusive():
            # What another process has finished meanwhile may cost otherwise, or be refused.
            if costs_now() != costs:
                raise PromotionRefused(
                    "what waits, or what it would cost, has changed meanwhile; nothing was "
                    "promoted: look again with augcon promote"
                )
            for cost in allowed:
                activate(run, cost.stage, cost.candidate, even_if_worse=named)
    if agreed:
        with workspace_instance(run.workspace) as instance:
            report_stored(run, instance)
    if as_json:
        print_json({"promoted": agreed, "promotions": [promotion_json(cost) for cost in costs]})
    elif agreed:
        console().print("promoted; the dataset follows with: augcon run", markup=False)
    elif allowed:
        console().print("nothing was promoted; to do so: augcon promote --yes", markup=False)


def retrain_command(folder: Path | None, assets: Sequence[str], *, as_json: bool) -> int:
    """Train the scorer or search the few-shot examples again; the exit code.

    The new version waits for promotion. Raises what stopped the run.
    """
    workspace = workspace_at(folder)
    validate_model_settings(workspace.settings)
    wanted = tuple(checked_choices(assets))
    with workspace_instance(workspace) as instance, RunProgress(error_console()) as progress:
        end_dead_runs(instance)
        session = Session(str(uuid.uuid4()), progress)
        run_id = execute(workspace, instance, session, PlannedRun(wanted))
    if session.stopped_by is not None:
        raise session.stopped_by
    run = StageRun(workspace)
    costs = [promotion_cost(run, s, v) for s, v in waiting_versions(run).items() if s in wanted]
    if as_json:
        print_json({"run_id": run_id, "promotions": [promotion_json(cost) for cost in costs]})
    else:
        print_costs(console(), costs)
    return EXIT_DONE


def checked_choices(assets: Sequence[str]) -> list[StageName]:
    """*assets*, by default both; raises ``SettingsError`` for one that has no versions."""
    for asset in assets:
        if asset not in CHOICES:
            raise SettingsError(f"{asset} is not promoted; one of {', '.join(CHOICES)}")
    return [stage for stage in CHOICES if stage in assets or not assets]


def promotion_json(cost: PromotionCost) -> dict[str, Any]:
    """A promotion and what it would ask, for ``--json``."""
    return asdict(cost)


def print_costs(out: Console, costs: Sequence[PromotionCost]) -> None:
    """What each promotion would change and cost, for people."""
    if not costs:
        out.print("nothing waits for promotion", markup=False)
    for cost in costs:
        out.print(
            f"{cost.stage}: {cost.candidate} {_measure(cost.measure_candidate)} in place of "
            f"{cost.in_force or 'none'} {_measure(cost.measure_in_force)}",
            markup=False,
        )
        out.print(
            f"  {cost.documents:,} documents change, {cost.queries_added:,} queries come and "
            f"{cost.queries_removed:,} go; {cost.model_calls:,} model calls, about "
            f"{cost.input_tokens:,} tokens in, {cost.output_tokens:,} out, ${cost.cost_usd:,.2f}",
            markup=False,
        )
        if cost.texts_to_embed:
            out.print(
                f"  not counted: documents with {cost.texts_to_embed:,} texts whose embeddings the "
                "endpoint has to be asked for first",
                markup=False,
            )
        if cost.refused:
            out.print(f"  refused, it stays a candidate: {cost.refused}", markup=False)


def _measure(value: float | None) -> str:
    return "(not measured)" if value is None or value != value else f"({value:.3f})"
