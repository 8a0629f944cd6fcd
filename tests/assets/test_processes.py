import os
import subprocess
import sys

import dagster as dg
import pytest

from augcon_assets.definitions import defs
from augcon_assets.instance.processes import PROCESS_TAG, end_dead_runs, this_process


def started_run(instance: dg.DagsterInstance, tags: dict[str, str]) -> str:
    job = defs.resolve_job_def("dataset")
    run = instance.create_run_for_job(job, tags=tags, status=dg.DagsterRunStatus.STARTED)
    return str(run.run_id)


def status(instance: dg.DagsterInstance, run_id: str) -> dg.DagsterRunStatus:
    run = instance.get_run_by_id(run_id)
    assert run is not None
    return run.status


def process_that_died() -> str:
    """The tag that a process wrote before it was killed."""
    code = "from augcon_assets.instance.processes import this_process; print(this_process())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def empty_instance() -> dg.DagsterInstance:
    return dg.DagsterInstance.ephemeral()


def test_a_run_whose_process_was_killed_is_marked_as_failed(
    empty_instance: dg.DagsterInstance,
) -> None:
    run_id = started_run(empty_instance, {PROCESS_TAG: process_that_died()})
    assert end_dead_runs(empty_instance) == [run_id]
    assert status(empty_instance, run_id) == dg.DagsterRunStatus.FAILURE
    assert end_dead_runs(empty_instance) == []


def test_a_later_process_with_the_same_id_does_not_keep_the_run_alive(
    empty_instance: dg.DagsterInstance,
) -> None:
    host, _, _ = this_process().rsplit(":", 2)
    run_id = started_run(empty_instance, {PROCESS_TAG: f"{host}:{os.getpid()}:1"})
    assert end_dead_runs(empty_instance) == [run_id]


def test_runs_of_living_processes_other_hosts_and_dagster_itself_are_left_alone(
    empty_instance: dg.DagsterInstance,
) -> None:
    for tags in (
        {PROCESS_TAG: this_process()},
        {PROCESS_TAG: "another-host:1:1"},
        {},
    ):
        run_id = started_run(empty_instance, tags)
        assert end_dead_runs(empty_instance) == []
        assert status(empty_instance, run_id) == dg.DagsterRunStatus.STARTED
