"""The names that ``dagster.yaml`` of a workspace has for runs and schedules; they stay."""

from augcon_assets.instance.sqlite_storage import WaitingRunStorage, WaitingScheduleStorage

__all__ = ["WaitingRunStorage", "WaitingScheduleStorage"]
