"""Serve Dagster's web app, its daemon and a shared code server for one workspace.

The web app runs in this process, behind :mod:`augcon_assets.ui.guard`; the daemon and the code
server are its children, as under ``dagster dev``. SIGINT or SIGTERM ends all of them, and every run
that they started.
"""

import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import uvicorn
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

from augcon_assets.instance.workspace_instance import workspace_instance
from augcon_assets.ui.children import Children
from augcon_assets.ui.guard import TOKEN_PARAMETER, guarded
from augcon_lib.errors import AugconError, SettingsError
from augcon_lib.workspace import Workspace

HOST = "127.0.0.1"
POLL_MILLISECONDS = 2000
STATEMENT_TIMEOUT_MILLISECONDS = 15_000
POOL_RECYCLE_SECONDS = 3600
POOL_MAX_OVERFLOW = 20
FINISH_SECONDS = 5  # for open requests after a request to stop
# Dagster drops a tick after 60 seconds by default; ticks of augcon end long before 300.
TICK_TIMEOUTS = {
    "DAGSTER_SENSOR_GRPC_TIMEOUT_SECONDS": "300",
    "DAGSTER_SCHEDULE_GRPC_TIMEOUT_SECONDS": "300",
}


class DaemonEnded(AugconError):
    """Dagster's daemon ended unexpectedly, and the UI with it."""


def listen(port: int) -> socket.socket:
    """Open a socket at *port* on loopback; 0 picks a free port. Raises ``SettingsError``."""
    opened = socket.socket()
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        opened.bind((HOST, port))
    except (OSError, OverflowError) as error:
        opened.close()
        raise SettingsError(f"--port {port}: {error}; choose another port") from None
    return opened


@contextlib.contextmanager
def stopping_on_signals() -> Iterator[None]:
    """Make SIGINT and SIGTERM raise ``KeyboardInterrupt`` in the body.

    This also works if the shell started the process with SIGINT ignored, as in the background. The
    children would inherit that and never end.
    """

    def stop(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = {each: signal.signal(each, stop) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def serve(workspace: Workspace, listening: socket.socket, on_ready: Callable[[str], None]) -> None:
    """Serve until a signal stops it (``KeyboardInterrupt``); leave no process behind.

    Calls *on_ready* with the address, including the token, once the address answers. Raises
    ``SettingsError`` if ``workspace.yaml`` is missing, and ``DaemonEnded``.
    """
    code = workspace.root / "workspace.yaml"
    if not code.is_file():
        raise SettingsError(
            f"{code} does not exist; Dagster needs it to load the code. Create a workspace with "
            "augcon init DIR and copy the file from there"
        )
    os.environ["AUGCON_WORKSPACE"] = str(workspace.root)
    os.environ["DAGSTER_IS_DEV_CLI"] = "1"  # as under `dagster dev`
    for name, seconds in TICK_TIMEOUTS.items():
        os.environ.setdefault(name, seconds)
    os.chdir(workspace.root)
    children = Children()
    try:
        with workspace_instance(workspace) as instance:
            target = WorkspaceFileTarget([str(code)])
            with (
                ProxyServerManager(instance, target, code_server_log_level="WARNING") as servers,
                _workspace_file(servers) as shared,
                _daemon(shared) as daemon,
                WorkspaceProcessContext(
                    instance, WorkspaceFileTarget([str(shared)]), version=webserver_version
                ) as context,
            ):
                try:
                    _serve_app(instance, context, listening, daemon, on_ready)
                finally:
                    children.remember()
    finally:
        children.end()


def _serve_app(
    instance: dg.DagsterInstance,
    context: WorkspaceProcessContext,
    listening: socket.socket,
    daemon: "subprocess.Popen[bytes]",
    on_ready: Callable[[str], None],
) -> None:
    instance.optimize_for_webserver(
        STATEMENT_TIMEOUT_MILLISECONDS, POOL_RECYCLE_SECONDS, POOL_MAX_OVERFLOW
    )
    token, port = secrets.token_urlsafe(32), listening.getsockname()[1]
    app = create_app_from_workspace_process_context(context, "", POLL_MILLISECONDS)
    address = f"http://{HOST}:{port}/?{TOKEN_PARAMETER}={token}"
    server = _Server(guard_app(app, port, token), lambda: on_ready(address))
    threading.Thread(target=_stop_with, args=(daemon, server), daemon=True).start()
    server.run(sockets=[listening])
    if daemon.poll() is not None:
        raise DaemonEnded(
            f"Dagster's daemon ended unexpectedly (exit code {daemon.returncode}); see its output "
            "above, then start augcon ui again"
        )


def guard_app(app: Starlette, port: int, token: str) -> Starlette:
    """Return *app* behind the guard."""
    for middleware in reversed(guarded(port, token)):  # the last one added runs first
        app.add_middleware(middleware.cls, *middleware.args, **middleware.kwargs)
    return app


class _Server(uvicorn.Server):
    """A server that calls *on_ready* once it answers."""

    def __init__(self, app: Starlette, on_ready: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                log_level="warning",
                access_log=False,  # the first request of a browser contains the token
                proxy_headers=False,
                timeout_graceful_shutdown=FINISH_SECONDS,
            )
        )
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_ready()


def _stop_with(daemon: "subprocess.Popen[bytes]", server: uvicorn.Server) -> None:
    daemon.wait()
    server.should_exit = True


@contextlib.contextmanager
def _workspace_file(servers: ProxyServerManager) -> Iterator[Path]:
    """Write a workspace file that names the code servers, for the web app and the daemon."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "workspace.yaml"
        path.write_text(json.dumps({"load_from": servers.get_code_server_specs()}), "utf-8")
        yield path


@contextlib.contextmanager
def _daemon(shared: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Start Dagster's daemon; request its shutdown after the body."""
    reading, writing = get_ipc_shutdown_pipe()
    command = [sys.executable, "-m", "dagster._daemon", "run", "--workspace", str(shared)]
    try:
        yield open_ipc_subprocess([*command, "--shutdown-pipe", str(reading)], pass_fds=[reading])
    finally:
        with contextlib.suppress(BrokenPipeError):  # it has ended already
            send_ipc_shutdown_message(writing)
        os.close(reading)
