"""``augcon ui`` as a process: when it says that it serves, and how it ends."""

import signal
import socket
from pathlib import Path

import pytest

from tests.e2e.command_line import augcon, copy_workspace, environment
from tests.e2e.dagster_dev import STOP_SECONDS, ask, group_is_gone, started_ui


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_ui_in_the_background_and_all_of_its_processes(
    made: Path, tmp_path: Path, number: signal.Signals
) -> None:
    workspace = copy_workspace(made, tmp_path / "workspace")
    log = tmp_path / "log"
    with started_ui(workspace, log, in_background=True) as (base, token, process):
        # The first question, and no second one: what is said to be served is served.
        assert ask(base, token, "{ assetNodes { id } }")["assetNodes"]
        process.send_signal(number)
        assert process.wait(STOP_SECONDS) == 0, log.read_text()
        assert group_is_gone(process.pid)
    assert log.read_text().rstrip().endswith("stopped")
    assert "Traceback" not in log.read_text()


def test_it_says_what_is_pending_before_it_serves(made: Path, tmp_path: Path) -> None:
    workspace = copy_workspace(made, tmp_path / "workspace")
    (workspace / "documents" / "new.md").write_text("# New\n\nA heron came, and it stayed.\n")
    log = tmp_path / "log"
    with started_ui(workspace, log) as (_, _, process):
        process.send_signal(signal.SIGTERM)
        process.wait(STOP_SECONDS)
    before, _, _ = log.read_text().partition("serving ")
    assert "1 document: new document" in before
    assert "model calls" in before
    assert '[automation] follow = "ask"' in before


def test_a_port_that_is_taken_is_named_at_once(made: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        done = augcon(made, "ui", "--port", port, env=environment())
    assert done.returncode == 2
    assert f"--port {port}" in done.stderr
    assert "Traceback" not in done.stderr
