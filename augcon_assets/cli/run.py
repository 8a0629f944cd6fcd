"""``augcon run``: follow the store, materialize what is stale, print a summary."""

import asyncio
import fnmatch
import time
import uuid
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import dagster as dg
import typer

from augcon_assets.cli.console import (
    EXIT_BAD_INPUT,
    EXIT_BUDGET,
    EXIT_DONE,
    EXIT_INTERRUPTED,
    EXIT_SOME_FAILED,
    at_terminal,
    console,
    error_console,
    print_json,
    workspace_at,
)
from augcon_assets.cli.execute import RunInterrupted, execute
from augcon_assets.cli.plan import collect_plan, no_documents, print_plan
from augcon_assets.cli.progress import RunProgress
from augcon_assets.cli.promote import print_costs
from augcon_assets.cli.retirement import print_waiting, retirement_agreed
from augcon_assets.cli.summary import Outcome, print_summary, summarise
from augcon_assets.defs.jobs import document_making_job
from augcon_assets.instance.failures import report_failures
from augcon_assets.instance.processes import end_dead_runs
from augcon_assets.instance.retirements import report_retirements
from augcon_assets.instance.sync import documents_in_order, report_changes, sync_partitions
from augcon_assets.instance.workspace_instance import workspace_instance
from augcon_assets.session import Session
from augcon_lib.concurrency import rare_garbage_collection
from augcon_lib.errors import BudgetExceeded, SettingsError
from augcon_lib.model import check_connection, open_engine, validate_model_settings
from augcon_lib.pipeline import STAGE_NAMES, StageName, is_stage
from augcon_lib.settings import api_key
from augcon_lib.stages.promotion import activate, offered_versions, waiting_versions
from augcon_lib.stages.promotion_cost import promotion_cost
from augcon_lib.stages.retirement import agree_to
from augcon_lib.stages.sources import see_sources, stale_in
from augcon_lib.stages.stage_run import StageRun
from augcon_lib.staleness.run_plan import failed_in, next_runs, pending_documents
from augcon_lib.workspace import Workspace


def run_command(
    folder: Path | None,
    globs: Sequence[str],
    until: str,
    *,
    promote: bool = False,
    retire: str = "",
    yes: bool,
    as_json: bool,
) -> int:
    """Run, print a summary, and return the exit code.

    *retire* names a set of documents that may leave the dataset; *yes* does not consent to that.
    Raises ``RetirementHeld`` if other documents would leave and nobody can be asked.
    """
    if not is_stage(until):
        raise SettingsError(f"--until {until}: no such asset; name one of {', '.join(STAGE_NAMES)}")
    workspace = workspace_at(folder)
    validate_model_settings(workspace.settings)
    if retire:
        agree_to(StageRun(workspace), retire)
    if not retirement_agreed(workspace) or not (yes or _agreed(workspace, promote=promote)):
        error_console().print("nothing was done", markup=False)
        return EXIT_DONE
    with (
        rare_garbage_collection(),
        workspace_instance(workspace) as instance,
        RunProgress(error_console()) as progress,
    ):
        outcome = follow(workspace, instance, progress, globs, until, promote=promote)
    summary = summarise(outcome)
    if as_json:
        print_json(summary)
    else:
        print_summary(console(), outcome, summary)
    if isinstance(outcome.stopped_by, BudgetExceeded):
        error_console().print(f"stopped by the budget: {outcome.stopped_by}", markup=False)
        return EXIT_BUDGET
    if isinstance(outcome.stopped_by, RunInterrupted):
        error_console().print(str(outcome.stopped_by), markup=False)
        return EXIT_INTERRUPTED
    if outcome.stopped_by is not None:
        error_console().print(f"error: {outcome.stopped_by}", style="red", markup=False)
        return EXIT_BAD_INPUT
    print_waiting(error_console(), summary["retirements"])
    return EXIT_SOME_FAILED if summary["failures"] or summary["retirements"] else EXIT_DONE


def _agreed(workspace: Workspace, *, promote: bool) -> bool:
    """Show the calls to a real endpoint and ask whether to run them.

    Asks only in a terminal, never in a schedule or a script. With *promote*, also shows the cost
    of the versions that wait for promotion.
    """
    if workspace.settings.model.provider == "offline" or not at_terminal():
        return True
    run = StageRun(workspace)
    plan = collect_plan(run)
    waiting = waiting_versions(run) if promote else {}
    if not plan["stages"]["total"]["model_calls"]["high"] and not waiting:
        return True
    print_plan(error_console(), plan)
    if waiting:
        print_costs(error_console(), [promotion_cost(run, s, v) for s, v in waiting.items()])
    return typer.confirm("Call the model?", err=True)


def follow(
    workspace: Workspace,
    instance: dg.DagsterInstance,
    progress: RunProgress,
    globs: Sequence[str],
    until: StageName,
    *,
    promote: bool = False,
) -> Outcome:
    """Sync the store, then run what is ready until nothing is left that can run.

    With *promote*, promote a new scorer or few-shot choice as soon as it exists.
    """
    started = time.monotonic()
    session = Session(str(uuid.uuid4()), progress)
    run = StageRun(workspace, session_id=session.session_id)
    end_dead_runs(instance)
    store = sync_partitions(run, instance)
    stale = stale_in(run, store.sources)
    if not store.sources and not stale.unpartitioned:
        raise SettingsError(no_documents(run.settings.source.uri))
    only = _matching(store.sources, globs)
    outcome = Outcome(run, store, session, changed=_changed(store.added, pending_documents(stale)))
    sources = store.sources
    given_up: set[str] = set()
    considered: set[str] = set()
    while session.stopped_by is None:
        waiting = {s: v for s, v in stale.candidates.items() if v not in considered}
        if promote and waiting:
            considered |= set(waiting.values())
            _promote(run, waiting)
            stale = stale_in(run, sources)
        order = documents_in_order(instance)
        planned = next_runs(stale, order, until, given_up, only)
        if not planned:
            break
        if not outcome.run_ids and any(each.asks_model for each in planned):
            asyncio.run(_check_model(run))
        for each in planned:
            outcome.run_ids.append(execute(workspace, instance, session, each))
            if session.stopped_by is not None:
                break
        if any("raw_corpus" in each.assets for each in planned):
            # A document edited before it was read is used as read. One edited or deleted since is
            # left to the next command: a document that changes all the time must not loop here.
            sources = _as_they_are_now(run, sources)
            stale = stale_in(run, sources)
            given_up |= set(stale.documents["raw_corpus"])
        else:
            stale = stale_in(run, sources)
        given_up |= failed_in(planned, stale, order)
    report_changes(run, instance)
    report_failures(run.warehouse, instance, lambda document: True, document_making_job)
    report_retirements(run, instance)
    outcome.candidates = offered_versions(run)
    outcome.seconds = time.monotonic() - started
    return outcome


async def _check_model(run: StageRun) -> None:
    """Raise ``EndpointError`` now if the model could not be called later.

    An endpoint that is new to the workspace gets its one small test call here.
    """
    settings = run.settings
    await check_connection(settings)
    async with open_engine(
        settings,
        run.workspace.journal_path,
        api_key=api_key(settings.model),
        session_id=run.session_id,
    ) as engine:
        await engine.ready()


def _promote(run: StageRun, candidates: Mapping[StageName, str]) -> None:
    with run.exclusive():
        costs = [promotion_cost(run, s, v) for s, v in candidates.items()]
        print_costs(error_console(), costs)
        for cost in costs:
            if not cost.refused:
                activate(run, cost.stage, cost.candidate)


def _as_they_are_now(run: StageRun, sources: Mapping[str, str]) -> Mapping[str, str]:
    now = see_sources(run).source_hashes
    return {document: now[document] for document in sources if document in now}


def _matching(documents: Collection[str], globs: Sequence[str]) -> set[str] | None:
    if not globs:
        return None
    # A name that contains brackets or stars also matches itself literally.
    chosen = {d for d in documents if d in globs or any(fnmatch.fnmatchcase(d, g) for g in globs)}
    if not chosen:
        raise SettingsError(f"--documents {' '.join(globs)}: no document in the store matches")
    return chosen


def _changed(added: Sequence[str], pending: dict[str, list[str]]) -> list[str]:
    new = set(added)
    return [d for d, why in pending.items() if d not in new and "document changed" in why]
