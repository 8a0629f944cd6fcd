"""Dagster's instance of a workspace, for commands that run in their own process."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
from sqlalchemy.exc import DBAPIError

from augcon_lib.errors import LineageError
from augcon_lib.workspace import Workspace


@contextmanager
def workspace_instance(workspace: Workspace) -> Iterator[dg.DagsterInstance]:
    """The instance in the workspace's ``dagster_home``; made where it is missing.

    Raises ``LineageError`` where its files cannot be used.
    """
    home = workspace.dagster_home
    home.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("AUGCON_WORKSPACE", str(workspace.root))
    # The settings of the instance ask for it.
    os.environ["DAGSTER_HOME"] = str(home)
    try:
        with dg.DagsterInstance.from_config(str(home)) as instance:
            yield instance
    except DBAPIError as error:
        raise LineageError(
            f"Dagster's records in {home} cannot be read or written: {error.orig}; what was made "
            "is in the warehouse. Free space or fix the rights of that folder, then run augcon "
            "again: it records what is missing"
        ) from error
