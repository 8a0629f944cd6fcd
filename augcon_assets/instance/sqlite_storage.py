"""Dagster's SQLite storages for runs and schedules, with the busy timeout of its event log.

In Dagster, a connection to the event log waits 30 seconds for other writers. A connection to the
runs, which include the daemon's heartbeats, waits only Python's default of 5 seconds: on a busy
machine they fail with "database is locked". Files and rows are the same.
"""

from collections.abc import Mapping
from typing import Any

from dagster._core.storage.runs import SqliteRunStorage
from dagster._core.storage.schedules import SqliteScheduleStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._serdes import ConfigurableClassData

_WAIT = f"?timeout={SQLITE_BUSY_TIMEOUT_SECONDS}"


class WaitingRunStorage(SqliteRunStorage):
    """Dagster's run storage with a longer wait; ``base_dir`` is Dagster's home."""

    def __init__(self, conn_string: str, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(conn_string + _WAIT, inst_data)

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> "WaitingRunStorage":
        """Return the storage, located where Dagster's own would be."""
        return cls.from_local(f"{config_value['base_dir']}/history", inst_data)


class WaitingScheduleStorage(SqliteScheduleStorage):
    """Dagster's schedule storage with a longer wait; ``base_dir`` is Dagster's home."""

    def __init__(self, conn_string: str, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(conn_string + _WAIT, inst_data)

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> "WaitingScheduleStorage":
        """Return the storage, located where Dagster's own would be."""
        found = cls.from_local(f"{config_value['base_dir']}/schedules", inst_data)
        assert isinstance(found, cls)
        return found
