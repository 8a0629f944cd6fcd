"""Execute a planned run in the command's own process, without its log on the terminal."""

import contextlib
import logging
from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from augcon_assets.instance.processes import PROCESS_TAG, this_process
from augcon_assets.instance.sync import run_tags
from augcon_assets.session import Session, open_session
from augcon_lib.errors import AugconError
from augcon_lib.staleness.run_plan import PlannedRun
from augcon_lib.workspace import Workspace

INTERRUPTION = "DagsterExecutionInterruptedError"


def execute(
    workspace: Workspace, instance: dg.DagsterInstance, session: Session, planned: PlannedRun
) -> str:
    """Execute *planned* in this process and return the run id.

    An error that stopped the run is stored in ``session.stopped_by``.
    """
    from augcon_assets.defs.jobs import job_name

    tags = run_tags(planned, session.session_id)
    name = job_name(planned.assets)
    return execute_job(workspace, instance, session, name, planned.assets, tags=tags)


def execute_job(
    workspace: Workspace,
    instance: dg.DagsterInstance,
    session: Session,
    name: str,
    assets: Sequence[str],
    *,
    tags: Mapping[str, str] | None = None,
    ops: Mapping[str, Any] | None = None,
) -> str:
    """Execute *assets* of the job *name* in this process and return the run id.

    *ops* is the configuration of the assets.
    """
    from augcon_assets.definitions import defs

    job = defs.resolve_job_def(name)
    root = str(workspace.root)
    with open_session(session), _quiet_dagster():
        result = job.execute_in_process(
            instance=instance,
            asset_selection=[dg.AssetKey(asset) for asset in assets],
            tags={**(tags or {}), PROCESS_TAG: this_process()},
            run_config={
                "resources": {"workspace": {"config": {"root": root}}},
                # The command prints a failure once, as a message; the event log has the traceback.
                "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
                "ops": dict(ops or {}),
            },
            raise_on_error=False,
        )
    if not result.success and session.stopped_by is None:
        session.stopped_by = _stopped_by(result)
    return str(result.run_id)


class RunFailed(AugconError):
    """A Dagster run failed for a reason that augcon does not handle."""


class RunInterrupted(AugconError):
    """Ctrl-C or a termination request arrived while a step was running."""


def _stopped_by(result: Any) -> AugconError:
    failures = [e.step_failure_data.error for e in result.all_events if e.is_step_failure]
    if any(error and error.cls_name == INTERRUPTION for error in failures):
        return RunInterrupted("interrupted; all model answers are kept")
    return RunFailed(_failure(result))


def _failure(result: Any) -> str:
    for event in result.all_events:
        if event.is_step_failure:
            error = event.step_failure_data.error
            while error is not None and error.cause is not None:
                error = error.cause
            return f"run {result.run_id}, step {event.step_key}: {error.message.strip()}"
        checks = event.event_type_value == "ASSET_CHECK_EVALUATION"
        if checks and not event.asset_check_evaluation_data.passed:
            evaluation = event.asset_check_evaluation_data
            if evaluation.blocking:
                first = evaluation.metadata.get("first")
                return (
                    f"run {result.run_id}: check {evaluation.check_name} of "
                    f"{evaluation.asset_key.to_user_string()} failed: "
                    f"{first.value if first else 'see the run in: augcon ui'}"
                )
    return f"run {result.run_id} failed; see its log in: augcon ui"


@contextlib.contextmanager
def _quiet_dagster() -> Any:
    """Keep the run's log off the terminal; the instance stores it and the UI shows it."""
    logger = logging.getLogger("dagster")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)
