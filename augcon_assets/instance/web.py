"""Dagster's web app, its daemon and the code server that both share, as ``dagster dev`` runs them.

Dagster has a command for each, but no public way to put something in front of the web app.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
from dagster._cli.proxy_server_manager import ProxyServerManager
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster_shared.ipc import (
    get_ipc_shutdown_pipe,
    open_ipc_subprocess,
    send_ipc_shutdown_message,
)
from dagster_webserver.app import create_app_from_workspace_process_context
from dagster_webserver.version import __version__ as webserver_version
from starlette.applications import Starlette

POLL_MILLISECONDS = 2000
STATEMENT_TIMEOUT_MILLISECONDS = 15_000
POOL_RECYCLE_SECONDS = 3600
POOL_MAX_OVERFLOW = 20
# The daemon reads the workspace file while it starts: the file must outlive it.
DAEMON_END_SECONDS = 10.0


@contextlib.contextmanager
def code_server(instance: dg.DagsterInstance, code: Path) -> Iterator[Path]:
    """Start the code servers that *code* names; a workspace file that points to them."""
    target = WorkspaceFileTarget([str(code)])
    with (
        ProxyServerManager(instance, target, code_server_log_level="WARNING") as servers,
        tempfile.TemporaryDirectory() as folder,
    ):
        path = Path(folder) / "workspace.yaml"
        path.write_text(json.dumps({"load_from": servers.get_code_server_specs()}), "utf-8")
        yield path


@contextlib.contextmanager
def daemon(shared: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Dagster's daemon on the code servers of *shared*; it is asked to end after the body."""
    reading, writing = get_ipc_shutdown_pipe()
    command = [sys.executable, "-m", "dagster._daemon", "run", "--workspace", str(shared)]
    process = open_ipc_subprocess([*command, "--shutdown-pipe", str(reading)], pass_fds=[reading])
    try:
        yield process
    finally:
        with contextlib.suppress(BrokenPipeError):  # it has ended already
            send_ipc_shutdown_message(writing)
        os.close(reading)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(DAEMON_END_SECONDS)


@contextlib.contextmanager
def web_app(instance: dg.DagsterInstance, shared: Path) -> Iterator[Starlette]:
    """Dagster's web app on the code servers of *shared*."""
    target = WorkspaceFileTarget([str(shared)])
    with WorkspaceProcessContext(instance, target, version=webserver_version) as context:
        instance.optimize_for_webserver(
            STATEMENT_TIMEOUT_MILLISECONDS, POOL_RECYCLE_SECONDS, POOL_MAX_OVERFLOW
        )
        yield create_app_from_workspace_process_context(context, "", POLL_MILLISECONDS)
