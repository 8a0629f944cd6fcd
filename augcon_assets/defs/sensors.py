"""The sensor that follows the store, and the daily and weekly schedules.

The sensor and the daily schedule are level-triggered: a tick compares the expected state with the
stored one and requests the missing runs. It keeps no memory of changes. So the next tick also sees
an edit that was reverted, or one that arrives while its document is being processed.
"""

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import dagster as dg

from augcon_assets.defs.automation import schedule_status, sensor_status, skipped_when_off
from augcon_assets.defs.jobs import (
    choices_job,
    dataset_job,
    document_making_job,
    documents_job,
    job_name,
)
from augcon_assets.instance.failures import report_failures
from augcon_assets.instance.processes import ACTIVE_STATUSES, end_dead_runs
from augcon_assets.instance.retirements import in_words
from augcon_assets.instance.sync import (
    documents_in_order,
    report_changes,
    run_tags,
    sync_partitions,
)
from augcon_assets.instance.turn import Turn
from augcon_assets.resources import SESSION_TAG, WorkspaceResource
from augcon_lib.fingerprints import FAILED_BEFORE, fingerprint
from augcon_lib.model.endpoints.periods import PeriodSpend, period_spend, utc
from augcon_lib.pipeline import DOCUMENT_STAGES
from augcon_lib.stages.retirement import waiting_retirements
from augcon_lib.stages.sources import see_sources, stale_in
from augcon_lib.stages.stage_run import StageRun
from augcon_lib.staleness.expected import Expectation
from augcon_lib.staleness.partitions import Staleness
from augcon_lib.staleness.run_plan import failed_before, failed_in, next_runs
from augcon_lib.warehouse.partitions import load_states
from augcon_lib.workspace import Workspace

MAX_ATTEMPTS = 3
TICK_SECONDS = 30
# Limits of a tick after the listing: seconds for updating Dagster's records, and runs to request.
# A tick may take 60 seconds in all under Dagster, 300 under `augcon ui`. The next tick continues.
WORK_SECONDS = 20
MAX_RUNS_PER_TICK = 25

# By document: the fingerprint that was tried, and the number of retries.
Attempts = Mapping[str, tuple[str, int]]


@dg.sensor(
    name="follow_store",
    jobs=[documents_job, choices_job, dataset_job],
    minimum_interval_seconds=TICK_SECONDS,
    default_status=sensor_status(),
    description="Discovers documents and requests runs for what is stale.",
)
def follow_store(
    context: dg.SensorEvaluationContext, workspace: WorkspaceResource
) -> dg.SensorResult | dg.SkipReason:
    """Request the missing runs; a document that fails is retried at most three times."""
    run = StageRun(workspace.open())
    if skipped := skipped_when_off(run.workspace):
        return skipped
    if _active_runs(context.instance):
        see_sources(run)
        turn = new_turn()
        report_changes(run, context.instance, turn)
        waits = "a run of an earlier tick or command is still in progress"
        return dg.SkipReason(f"{waits}; {_left(turn)}" if turn.left else waits)
    attempts = json.loads(context.cursor or "{}")
    missing = _missing_runs(context.instance, run, attempts)
    cursor = json.dumps(missing.attempts)
    if missing.waits:
        return dg.SensorResult(skip_reason=missing.waits, cursor=cursor)
    if not missing.requests:
        given_up = sum(count >= MAX_ATTEMPTS for _, count in missing.attempts.values())
        message = f"everything is fresh; {given_up} documents failed {MAX_ATTEMPTS} times"
        held = in_words(waiting_retirements(run))
        told = "; ".join([message, held, *(each.summary for each in _periods(run.workspace))])
        return dg.SensorResult(skip_reason=told, cursor=cursor)
    return dg.SensorResult(run_requests=missing.requests, cursor=cursor)


@dg.schedule(
    name="daily_sync",
    cron_schedule="0 3 * * *",
    job=documents_job,
    default_status=schedule_status(),
    description="Once a day, retries documents that the sensor no longer retries.",
)
def daily_sync(
    context: dg.ScheduleEvaluationContext, workspace: WorkspaceResource
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """Request runs for stale documents, including failed ones."""
    run = StageRun(workspace.open())
    if skipped := skipped_when_off(run.workspace):
        yield skipped
        return
    if _active_runs(context.instance):
        yield dg.SkipReason("a run is still in progress; the sensor requests what is left after it")
        return
    missing = _missing_runs(context.instance, run, {})
    wanted = [each for each in missing.requests if each.job_name == documents_job.name]
    if missing.waits:
        yield dg.SkipReason(missing.waits)
    elif wanted:
        yield from wanted
    else:
        yield dg.SkipReason("all documents are fresh")


@dg.schedule(
    name="weekly_retrain",
    cron_schedule="0 4 * * 0",
    job=choices_job,
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description="Once a week, trains the scorer and searches the examples again; new versions wait "
    "for promotion. Stopped until it is turned on.",
)
def weekly_retrain(
    context: dg.ScheduleEvaluationContext, workspace: WorkspaceResource
) -> dg.RunRequest | dg.SkipReason:
    """Request a run of both choices."""
    opened = workspace.open()
    if skipped := skipped_when_off(opened):
        return skipped
    reached = [each for each in _periods(opened) if each.is_reached]
    return dg.SkipReason(_waiting(0, reached)) if reached else dg.RunRequest()


@dataclass(frozen=True, slots=True)
class Missing:
    """The runs to request, and the number of retries of each document with the same inputs.

    ``waits``, if set, is the reason why nothing is requested: work is left for the next tick, or
    waits for the budget of the next day or month.
    """

    requests: list[dg.RunRequest]
    attempts: Attempts
    waits: str = ""


def _missing_runs(instance: dg.DagsterInstance, run: StageRun, attempts: Attempts) -> Missing:
    """Return the missing runs, given the *attempts* so far.

    The retries of a document are forgotten once it succeeds or its inputs change. Nothing is
    requested while Dagster's records are incomplete: the events of a run refer to the events of
    its inputs.
    """
    turn = new_turn()
    store = sync_partitions(run, instance, hold=True, turn=turn)
    if turn.left:
        return Missing([], attempts, _left(turn))
    stale = stale_in(run, store.sources)
    tried = _tried_inputs(run, stale)
    before = {d: attempts[d][1] for d, f in tried.items() if attempts.get(d, ("", 0))[0] == f}
    given_up = {document for document, count in before.items() if count >= MAX_ATTEMPTS}
    report_failures(run.warehouse, instance, given_up.__contains__, document_making_job, turn)
    if turn.left:
        return Missing([], attempts, _left(turn))
    order = documents_in_order(instance)
    planned = next_runs(stale, order, given_up=given_up)
    reached = [each for each in _periods(run.workspace) if each.is_reached]
    if reached and any(each.asks_model for each in planned):
        return Missing(
            [],
            {d: (f, before.get(d, 0)) for d, f in tried.items()},
            _waiting(sum(each.documents for each in planned), reached),
        )
    planned = planned[:MAX_RUNS_PER_TICK]
    session_id = str(uuid.uuid4())
    requests = [
        dg.RunRequest(
            job_name=job_name(each.assets),
            asset_selection=[dg.AssetKey(asset) for asset in each.assets],
            tags=run_tags(each, session_id),
        )
        for each in planned
    ]
    again = failed_in(planned, stale, order)
    return Missing(requests, {d: (f, before.get(d, 0) + (d in again)) for d, f in tried.items()})


def new_turn() -> Turn:
    """Return the time limit of one tick's work."""
    return Turn(WORK_SECONDS)


def _left(turn: Turn) -> str:
    return (
        f"Dagster's records of {turn.left:,} documents or more are not up to date; the next tick "
        "continues, and requests runs when all are done (augcon run does all at once)"
    )


def _periods(workspace: Workspace) -> list[PeriodSpend]:
    return period_spend(workspace.settings.budget, workspace.journal_path)


def _waiting(documents: int, reached: Sequence[PeriodSpend]) -> str:
    last = max(reached, key=lambda each: each.resets_at)
    what = (
        f"{documents:,} documents wait" if documents else "the choice of scorer or examples waits"
    )
    return (
        f"{what}; {last.summary}; continues at {utc(last.resets_at)}, or when the limit is raised"
    )


def _tried_inputs(run: StageRun, stale: Staleness) -> dict[str, str]:
    """Return the fingerprint of the current inputs of each failed document, by document id."""
    failed = failed_before(stale)
    expectation = Expectation(run.settings, run.versions(), load_states(run.warehouse, failed))
    return {
        document: fingerprint(stage, expectation.inputs(stage, document))
        for stage in DOCUMENT_STAGES
        for document, why in stale.documents[stage].items()
        if FAILED_BEFORE in why
    }


def _active_runs(instance: dg.DagsterInstance) -> bool:
    end_dead_runs(instance)
    runs = instance.get_runs(dg.RunsFilter(statuses=ACTIVE_STATUSES), limit=100)
    return any(SESSION_TAG in run.tags for run in runs)
