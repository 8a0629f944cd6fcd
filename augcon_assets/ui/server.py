"""Serve Dagster's web app, its daemon and a shared code server for one workspace.

The web app runs in this process, behind :mod:`augcon_assets.ui.guard`; the daemon and the code
server are its children, as under ``dagster dev``. SIGINT or SIGTERM ends all of them, and every run
that they started.
"""

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator

import uvicorn
from starlette.applications import Starlette

from augcon_assets.instance.web import code_server, daemon, web_app
from augcon_assets.instance.workspace_instance import workspace_instance
from augcon_assets.ui.children import Children
from augcon_assets.ui.guard import TOKEN_PARAMETER, guarded
from augcon_lib.errors import AugconError, SettingsError
from augcon_lib.workspace import Workspace

HOST = "127.0.0.1"
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
        with (
            workspace_instance(workspace) as instance,
            code_server(instance, code) as shared,
            daemon(shared) as process,
            web_app(instance, shared) as app,
        ):
            try:
                _serve_app(app, listening, process, on_ready)
            finally:
                children.remember()
    finally:
        children.end()


def _serve_app(
    app: Starlette,
    listening: socket.socket,
    daemon: "subprocess.Popen[bytes]",
    on_ready: Callable[[str], None],
) -> None:
    token, port = secrets.token_urlsafe(32), listening.getsockname()[1]
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
