"""``augcon ui`` on a workspace, in processes of its own, asked over GraphQL."""

import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.e2e.command_line import AUGCON, environment

START_SECONDS = 60
STOP_SECONDS = 90  # a busy machine; `dagster dev` itself waits for its servers

Query = Callable[[str], dict[str, Any]]


def ask(url: str, query: str) -> dict[str, Any]:
    body = json.dumps({"query": query}).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=20) as response:
        answer = json.load(response)
    assert "errors" not in answer, answer
    found: dict[str, Any] = answer["data"]
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(ready: Callable[[], bool], seconds: float, process: subprocess.Popen[bytes]) -> bool:
    """Poll until *ready* or *seconds* are over, or *process* ends."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        if ready():
            return True
        time.sleep(0.2)
    return ready()


def group_is_gone(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False


@contextmanager
def dagster_dev(
    workspace: Path, log: Path, env: Mapping[str, str] | None = None
) -> Iterator[tuple[Query, subprocess.Popen[bytes]]]:
    """``augcon ui`` on *workspace*, up; stopped as Ctrl-C stops it, without leftovers."""
    port = free_port()
    url = f"http://127.0.0.1:{port}/graphql"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [AUGCON, "ui", "--port", str(port)],
            cwd=workspace,
            env=environment(env),
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def is_up() -> bool:
        try:
            return len(ask(url, "{ assetNodes { id } }")["assetNodes"]) > 0
        except (urllib.error.URLError, ConnectionError, TimeoutError, AssertionError):
            return False

    try:
        assert wait_until(is_up, START_SECONDS, process), log.read_text()
        yield lambda query: ask(url, query), process
        os.killpg(process.pid, signal.SIGINT)
        process.wait(STOP_SECONDS)
        deadline = time.monotonic() + STOP_SECONDS
        while not group_is_gone(process.pid) and time.monotonic() < deadline:
            time.sleep(0.2)
        assert group_is_gone(process.pid), "processes of the UI are left over"
    finally:
        if not group_is_gone(process.pid):
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(STOP_SECONDS)
