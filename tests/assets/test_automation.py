"""``[automation] follow``: what runs unasked, and what does not."""

import json
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from augcon_assets.defs import automation, sensors
from augcon_assets.resources import WorkspaceResource
from augcon_lib.workspace import Workspace, open_workspace
from tests.support.workspaces import put

DEFAULTS = """
import json, sys
from augcon_assets.defs.sensors import daily_sync, follow_store, weekly_retrain
each = (follow_store, daily_sync, weekly_retrain)
json.dump([one.default_status.value for one in each], sys.stdout)
"""


def follow(workspace: Workspace, how: str) -> Workspace:
    settings = workspace.root / "augcon.toml"
    settings.write_text(settings.read_text("utf-8") + f'\n[automation]\nfollow = "{how}"\n')
    return open_workspace(workspace.root)


def defaults(root: Path) -> list[str]:
    """What the sensor and the schedules are in a process that loads the code of *root*."""
    done = subprocess.run(
        [sys.executable, "-c", DEFAULTS], cwd=root, capture_output=True, text=True, check=True
    )
    found: list[str] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("", ["STOPPED", "STOPPED", "STOPPED"]),
        ("ask", ["STOPPED", "STOPPED", "STOPPED"]),
        ("off", ["STOPPED", "STOPPED", "STOPPED"]),
        ("on", ["RUNNING", "RUNNING", "STOPPED"]),
        ("perhaps", ["STOPPED", "STOPPED", "STOPPED"]),
    ],
)
def test_sensor_and_schedule_run_unasked_only_where_the_workspace_says_so(
    tmp_path: Path, how: str, expected: list[str]
) -> None:
    section = f'[automation]\nfollow = "{how}"\n' if how else ""
    (tmp_path / "augcon.toml").write_text(section, "utf-8")
    assert defaults(tmp_path) == expected


def test_outside_of_a_workspace_nothing_runs_unasked(tmp_path: Path) -> None:
    assert defaults(tmp_path) == ["STOPPED", "STOPPED", "STOPPED"]


def test_off_requests_nothing_even_where_it_was_turned_on(
    workspace: Workspace, instance: dg.DagsterInstance
) -> None:
    put(workspace.root, "new.md", "# New\n\nA heron came. It stayed for a week.\n")
    resource = WorkspaceResource(root=str(follow(workspace, "off").root))
    tick = dg.build_sensor_context(instance=instance)
    day = dg.build_schedule_context(instance=instance)
    answers = [
        sensors.follow_store(tick, workspace=resource),
        *sensors.daily_sync(day, workspace=resource),  # type: ignore[misc]
        sensors.weekly_retrain(day, workspace=resource),
    ]
    assert [type(each) for each in answers] == [dg.SkipReason] * 3
    assert all('follow = "off"' in str(each.skip_message) for each in answers)  # type: ignore[union-attr]


def test_a_paused_workspace_follows_when_somebody_turns_the_sensor_on(
    workspace: Workspace, instance: dg.DagsterInstance
) -> None:
    put(workspace.root, "new.md", "# New\n\nA heron came. It stayed for a week.\n")
    assert automation.skipped_when_off(follow(workspace, "ask")) is None
    resource = WorkspaceResource(root=str(workspace.root))
    result = sensors.follow_store(dg.build_sensor_context(instance=instance), workspace=resource)
    assert isinstance(result, dg.SensorResult)
    assert result.run_requests
