"""Who may start work unasked: ``[automation] follow``, as the sensor and the schedules read it."""

import dagster as dg

from augcon_assets.resources import WorkspaceResource
from augcon_lib.errors import AugconError
from augcon_lib.workspace import Workspace


def starts_running() -> bool:
    """Whether sensor and schedules run without being turned on.

    Dagster asks when it loads the code, before any tick. Paused where the workspace cannot be
    read: a wrong key of ``augcon.toml`` must not start work that costs.
    """
    try:
        return WorkspaceResource().open().settings.automation.follow == "on"
    except AugconError:
        return False


def sensor_status() -> dg.DefaultSensorStatus:
    """What the sensor is until somebody turns it on or off in the UI."""
    states = dg.DefaultSensorStatus
    return states.RUNNING if starts_running() else states.STOPPED


def schedule_status() -> dg.DefaultScheduleStatus:
    """What a schedule is until somebody turns it on or off in the UI."""
    states = dg.DefaultScheduleStatus
    return states.RUNNING if starts_running() else states.STOPPED


def skipped_when_off(workspace: Workspace) -> dg.SkipReason | None:
    """Why nothing is requested, whatever was turned on; None: it may be."""
    if workspace.settings.automation.follow != "off":
        return None
    return dg.SkipReason('[automation] follow = "off": nothing is requested; use: augcon run')
