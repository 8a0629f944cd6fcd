"""Runs that `augcon run` executes in its own process, and what is left of them after a kill.

Dagster's monitoring watches runs that its launcher started. A run in a command's own process
carries that process as a tag, so that the next command or tick can see that it is dead.
"""

import os
import socket
from pathlib import Path

import dagster as dg

PROCESS_TAG = "augcon/process"

ACTIVE_STATUSES = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def this_process() -> str:
    """Host, process id and start time: tells this process from a later one with its id."""
    return f"{socket.gethostname()}:{os.getpid()}:{_started_at(os.getpid())}"


def end_dead_runs(instance: dg.DagsterInstance) -> list[str]:
    """Mark runs of dead processes of this host as failed; their ids."""
    ended = []
    filters = dg.RunsFilter(statuses=ACTIVE_STATUSES)
    for run in instance.get_runs(filters):
        process = run.tags.get(PROCESS_TAG)
        if process and not _is_alive(process):
            instance.report_run_failed(
                run, "The process of this run was killed. What a model answered is kept."
            )
            ended.append(run.run_id)
    return ended


def _is_alive(process: str) -> bool:
    host, pid, started_at = process.rsplit(":", 2)
    if host != socket.gethostname():
        return True  # cannot be told from here
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return _started_at(int(pid)) == started_at


def _started_at(pid: int) -> str:
    """Start time of a process in clock ticks since boot; empty where ``/proc`` is not there."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return stat.rpartition(")")[2].split()[19]
