"""Dagster's instance of a workspace, for commands that run in their own process."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from augcon_lib.workspace import Workspace


@contextmanager
def workspace_instance(workspace: Workspace) -> Iterator[dg.DagsterInstance]:
    """The instance in the workspace's ``dagster_home``; made where it is missing."""
    home = workspace.dagster_home
    home.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("AUGCON_WORKSPACE", str(workspace.root))
    # The settings of the instance ask for it.
    os.environ["DAGSTER_HOME"] = str(home)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        yield instance
