"""What the assets that are partitioned by document have in common."""

import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import dagster as dg

from augcon_assets import checks
from augcon_assets.event_log import log_materializations
from augcon_assets.events import document_events, no_event_of_its_own
from augcon_assets.partitions import document_id, documents_partitions
from augcon_assets.resources import SESSION_TAG, WorkspaceResource
from augcon_assets.session import current_session
from augcon_lib.errors import AugconError, BudgetExceeded
from augcon_lib.fingerprints import CODE_VERSIONS
from augcon_lib.stages.stage_run import StageReport, StageRun
from augcon_lib.warehouse.partitions import load_states

# Dagster still calls the policy beta; it is pinned, and the tests cover what is used of it.
warnings.filterwarnings("ignore", "Parameter `backfill_policy`", dg.BetaWarning)

OWNERS = ["team:augcon"]
# One group: the UI shows a lone group's assets at once, and folds several.
GROUP = "augcon"
Results = Iterator[dg.MaterializeResult | dg.AssetCheckResult]
Stage = Callable[[StageRun, Sequence[str]], StageReport]
OnlyStale = Callable[[StageRun, Sequence[str]], Sequence[str]]


def asset_options(name: str, kinds: set[str]) -> dict[str, Any]:
    """Name, group, kinds, owners, code version and checks of an asset."""
    return {
        "name": name,
        "group_name": GROUP,
        "kinds": kinds,
        "owners": OWNERS,
        "code_version": CODE_VERSIONS[name],
        "check_specs": checks.specs(name),
    }


def document_options(name: str, kinds: set[str]) -> dict[str, Any]:
    """:func:`asset_options`, one partition per document, many of them in one run."""
    return {
        **asset_options(name, kinds),
        "partitions_def": documents_partitions,
        "backfill_policy": dg.BackfillPolicy.single_run(),
    }


def materialize_documents(
    context: dg.AssetExecutionContext,
    workspace: WorkspaceResource,
    stage: Stage,
    upstream: Sequence[str],
    only_stale: OnlyStale,
) -> Results:
    """Run *stage* on the run's documents and report one materialization for each.

    A run that augcon planned works on the stale ones alone; any other does what it was told.
    """
    run = workspace.stage_run(context)
    ids: Sequence[str] = [document_id(key) for key in context.partition_keys]
    planned = SESSION_TAG in context.op_execution_context.run_tags
    with run.exclusive():
        report = guarded(lambda: stage(run, only_stale(run, ids) if planned else ids))
    states = load_states(run.warehouse, [p.document_id for p in report.partitions])
    log_materializations(context, document_events(context, report, upstream, states))
    log_report(context, report)
    yield no_event_of_its_own()
    yield from checks.results(run, report)


def guarded(work: Callable[[], StageReport]) -> StageReport:
    """Run *work*; an error that augcon raises on purpose fails the step once, without retries."""
    session = current_session()
    try:
        report = work()
    except AugconError as error:
        if session:
            session.stopped_by = error
        resumable = isinstance(error, BudgetExceeded)
        hint = "; what was answered is kept, the next run goes on from here" if resumable else ""
        raise dg.Failure(f"{error}{hint}", allow_retries=False) from error
    if session:
        session.reports.append(report)
    return report


def log_report(context: dg.AssetExecutionContext, report: StageReport) -> None:
    """One line for the run's log, and one for each document that is not all right."""
    calls = report.calls
    asked = f", {calls.issued} model calls, {calls.from_journal} replayed" if calls else ""
    context.log.info(f"{report.stage}: {len(report.partitions)} documents{asked}")
    for partition in report.partitions:
        if partition.status != "ok":
            context.log.warning(f"{partition.document_id}: {partition.status}: {partition.reason}")
