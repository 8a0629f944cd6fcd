"""Detect runs whose process was killed, among those that `augcon run` executes itself.

Dagster monitors only runs that its launcher started. A run in a command's own process has a tag
that names the process, so that the next command or tick can see that it is dead.
"""

import socket

import dagster as dg
import psutil

PROCESS_TAG = "augcon/process"
# A start time is relative to the clock, which may be adjusted meanwhile.
CLOCK_STEP_SECONDS = 60

ACTIVE_STATUSES = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def this_process() -> str:
    """Return host, process id and start time in seconds, which identify this process uniquely."""
    process = psutil.Process()
    return f"{socket.gethostname()}:{process.pid}:{process.create_time():.0f}"


def end_dead_runs(instance: dg.DagsterInstance) -> list[str]:
    """Mark runs of dead processes on this host as failed; return their ids."""
    ended = []
    filters = dg.RunsFilter(statuses=ACTIVE_STATUSES)
    for run in instance.get_runs(filters):
        process = run.tags.get(PROCESS_TAG)
        if process and not _is_alive(process):
            instance.report_run_failed(
                run, "The process of this run was killed. All model answers are kept."
            )
            ended.append(run.run_id)
    return ended


def _is_alive(process: str) -> bool:
    host, pid, started_at = process.rsplit(":", 2)
    if host != socket.gethostname():
        return True  # unknown: the process is on another host
    try:
        started = psutil.Process(int(pid)).create_time()
    except psutil.NoSuchProcess:
        return False
    return bool(abs(started - float(started_at)) <= CLOCK_STEP_SECONDS)
