"""Open the Dagster instance of a workspace, for commands that run in their own process."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
from sqlalchemy.exc import DBAPIError

from augcon_lib.errors import LineageError
from augcon_lib.workspace import Workspace


@contextmanager
def workspace_instance(workspace: Workspace) -> Iterator[dg.DagsterInstance]:
    """Open the instance in the workspace's ``dagster_home``; create it if it is missing.

    Raises ``LineageError`` if its files cannot be used.
    """
    home = workspace.dagster_home
    home.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("AUGCON_WORKSPACE", str(workspace.root))
    # dagster.yaml reads it.
    os.environ["DAGSTER_HOME"] = str(home)
    try:
        with _alone(home):
            opened = dg.DagsterInstance.from_config(str(home))
        with opened as instance:
            yield instance
    except DBAPIError as error:
        raise _unusable(home, error.orig) from error


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """Wait until no other process opens the instance: the first one creates its tables."""
    try:
        lock = (home / "instance.lock").open("a")
    except OSError as error:
        raise _unusable(home, error) from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _unusable(home: Path, problem: object) -> LineageError:
    return LineageError(
        f"Dagster's records in {home} cannot be read or written: {problem}. The stored results are "
        "safe in the warehouse. Free disk space or fix the permissions of that folder, then run "
        "augcon again to record what is missing"
    )
