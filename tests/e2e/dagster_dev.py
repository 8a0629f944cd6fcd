"""``augcon ui`` on a workspace, in processes of its own, asked over GraphQL."""

import json
import os
import re
import signal
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.e2e.command_line import AUGCON, environment

START_SECONDS = 90
STOP_SECONDS = 90  # a busy machine
SERVING = re.compile(r"serving (http://127\.0\.0\.1:\d+)/\?token=(\S+)")

Query = Callable[[str], dict[str, Any]]


def ask(base: str, token: str, query: str) -> dict[str, Any]:
    """The data that the UI at *base* gives for *query*."""
    body = json.dumps({"query": query}).encode()
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    request = urllib.request.Request(f"{base}/graphql", body, headers)
    with urllib.request.urlopen(request, timeout=60) as response:
        answer = json.load(response)
    assert "errors" not in answer, answer
    found: dict[str, Any] = answer["data"]
    return found


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


def ignore_interrupts() -> None:
    """What a shell does for a command in the background."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def started_ui(
    workspace: Path,
    log: Path,
    env: Mapping[str, str] | None = None,
    *,
    in_background: bool = False,
) -> Iterator[tuple[str, str, subprocess.Popen[bytes]]]:
    """``augcon ui`` on *workspace* as soon as it says that it serves: address, token, process.

    Its processes are a group of their own, of which none is left after the body.
    """
    with log.open("wb") as out:
        process = subprocess.Popen(
            [AUGCON, "ui", "--port", "0"],
            cwd=workspace,
            env=environment(env),
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=ignore_interrupts if in_background else None,
        )
    try:
        said = wait_until(lambda: bool(SERVING.search(log.read_text())), START_SECONDS, process)
        assert said, log.read_text()
        found = SERVING.search(log.read_text())
        assert found
        yield found[1], found[2], process
    finally:
        if not group_is_gone(process.pid):
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(STOP_SECONDS)


@contextmanager
def dagster_dev(
    workspace: Path, log: Path, env: Mapping[str, str] | None = None
) -> Iterator[tuple[Query, subprocess.Popen[bytes]]]:
    """``augcon ui`` on *workspace*, up; stopped as Ctrl-C stops it, without leftovers."""
    with started_ui(workspace, log, env) as (base, token, process):
        assert ask(base, token, "{ assetNodes { id } }")["assetNodes"]
        yield lambda query: ask(base, token, query), process
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(STOP_SECONDS) == 0, log.read_text()[-5000:]
        assert group_is_gone(process.pid), "processes of the UI are left over"
