"""The import paths of run and schedule storage in existing ``dagster.yaml`` files; keep them."""

from augcon_assets.instance.sqlite_storage import WaitingRunStorage, WaitingScheduleStorage

__all__ = ["WaitingRunStorage", "WaitingScheduleStorage"]
