"""``[automation] follow``: whether the sensor and the schedules may start runs by themselves."""

import dagster as dg

from augcon_assets.resources import WorkspaceResource
from augcon_lib.errors import AugconError
from augcon_lib.workspace import Workspace


def starts_running() -> bool:
    """Whether sensor and schedules run without being turned on in the UI.

    Dagster evaluates this when it loads the code, before any tick. ``False`` if the workspace
    cannot be read: a wrong key in ``augcon.toml`` must not start work that costs.
    """
    try:
        return WorkspaceResource().open().settings.automation.follow == "on"
    except AugconError:
        return False


def sensor_status() -> dg.DefaultSensorStatus:
    """Return the default status of the sensor, until it is turned on or off in the UI."""
    states = dg.DefaultSensorStatus
    return states.RUNNING if starts_running() else states.STOPPED


def schedule_status() -> dg.DefaultScheduleStatus:
    """Return the default status of a schedule, until it is turned on or off in the UI."""
    states = dg.DefaultScheduleStatus
    return states.RUNNING if starts_running() else states.STOPPED


def skipped_when_off(workspace: Workspace) -> dg.SkipReason | None:
    """Return the reason to skip every tick, or ``None`` if runs may be requested."""
    if workspace.settings.automation.follow != "off":
        return None
    return dg.SkipReason('[automation] follow = "off": no runs are requested; use: augcon run')
