"""Opening Dagster's instance of a workspace."""

import multiprocessing
from pathlib import Path

import pytest

from augcon_assets.instance.workspace_instance import workspace_instance
from augcon_lib.errors import LineageError
from augcon_lib.workspace import open_workspace
from tests.support.workspaces import make_workspace

COMMANDS = 8


def test_commands_that_begin_at_once_in_a_new_workspace_make_its_tables_once(
    tmp_path: Path,
) -> None:
    root = make_workspace(tmp_path / "new").root
    assert not (root / "dagster_home/history").exists()
    fork = multiprocessing.get_context("fork")  # nothing is imported again: all are there at once
    start = fork.Barrier(COMMANDS)
    commands = [fork.Process(target=_open, args=(root, start)) for _ in range(COMMANDS)]
    for command in commands:
        command.start()
    for command in commands:
        command.join()
    assert [command.exitcode for command in commands] == [0] * COMMANDS


def test_a_home_that_takes_no_file_is_named(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path / "new")
    (workspace.dagster_home / "instance.lock").mkdir()
    with (
        pytest.raises(LineageError, match=r"instance\.lock.*run augcon again"),
        workspace_instance(workspace),
    ):
        pass


def _open(root: Path, start: "multiprocessing.synchronize.Barrier") -> None:
    start.wait()
    with workspace_instance(open_workspace(root)) as instance:
        instance.get_runs_count()
