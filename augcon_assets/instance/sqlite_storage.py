"""Dagster's SQLite storages of runs and schedules, which wait for their turn as its event log does.

Dagster lets a connection to the event log wait 30 seconds for other writers, but one to the runs,
where the daemon's heartbeats are, the 5 seconds of Python's default: on a busy machine they fail
with "database is locked". Files and rows are the same.
"""

from collections.abc import Mapping
from typing import Any

from dagster._core.storage.runs import SqliteRunStorage
from dagster._core.storage.schedules import SqliteScheduleStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._serdes import ConfigurableClassData

_WAIT = f"?timeout={SQLITE_BUSY_TIMEOUT_SECONDS}"


class WaitingRunStorage(SqliteRunStorage):
    """Dagster's own; ``base_dir`` is Dagster's home."""

    def __init__(self, conn_string: str, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(conn_string + _WAIT, inst_data)

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> "WaitingRunStorage":
        """The storage where Dagster's own would be."""
        return cls.from_local(f"{config_value['base_dir']}/history", inst_data)


class WaitingScheduleStorage(SqliteScheduleStorage):
    """Dagster's own; ``base_dir`` is Dagster's home."""

    def __init__(self, conn_string: str, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(conn_string + _WAIT, inst_data)

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> "WaitingScheduleStorage":
        """The storage where Dagster's own would be."""
        found = cls.from_local(f"{config_value['base_dir']}/schedules", inst_data)
        assert isinstance(found, cls)
        return found
