"""``augcon run`` at a limit of the day: exit code 3, the time at which it goes on, no call more."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from augcon_assets.cli.app import app
from augcon_lib import clock
from tests.assets.conftest import leave_clean
from tests.support.fault_server import KEY
from tests.support.served import served
from tests.support.workspaces import SETTINGS, TIDES, make_workspace

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC).timestamp()
LIMIT = 6


def test_runs_stop_at_the_limit_of_the_day_and_say_when_it_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave_clean(monkeypatch)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    now = NOON
    with served() as endpoint, clock.reading(lambda: now):
        model = {"provider": "openai", "base_url": endpoint.server.url, "name": "tiny"}
        settings = {**SETTINGS, "model": model, "budget": {"max_calls_per_day": LIMIT}}
        workspace = make_workspace(tmp_path / "workspace", {"tides.md": TIDES}, settings)
        calls = []
        for minute in range(3):
            now = NOON + 60 * minute
            done = CliRunner().invoke(app, ["run", "--yes", "--workspace", str(workspace.root)])
            assert done.exit_code == 3, done.output
            said = " ".join(done.output.split())
            assert f"max_calls_per_day = {LIMIT} is reached" in said
            assert "it resets at 2026-12-01 00:00 UTC" in said
            calls.append(endpoint.server.calls)
    # A call that was set aside and never sent is left for the run after it.
    assert LIMIT - 1 <= calls[0] <= LIMIT
    assert calls[1:] == [LIMIT, LIMIT]
