"""Dagster's event log in SQLite, written many events at a time.

Dagster's own SQLite storage commits each event twice, to the log of the run and to the index over
all runs, on a connection opened anew each time: 28 ms an event. A run over a range of partitions
has two events for each partition and asset (planned, materialized), so that following ten thousand
new documents would spend half an hour here. Dagster collects such events into batches where
``DAGSTER_EVENT_BATCH_SIZE`` is set, and hands them to the storage, but this storage takes them
apart again. The one here stores a batch with a handful of commits; files and rows are the same (a
test compares them), so a workspace may go back to Dagster's own at any time.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.events import (
    DagsterEvent,
    DagsterEventBatchMetadata,
    DagsterEventType,
    StepMaterializationData,
    generate_event_batch_id,
)
from dagster._core.events.log import EventLogEntry
from dagster._core.instance.utils import RUNLESS_JOB_NAME, RUNLESS_RUN_ID
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.event_log.schema import DynamicPartitionsTable, SqlEventLogStorageTable
from dagster._serdes import ConfigurableClassData

# SQLite binds at most 32,766 values in a statement; an event has seven.
EVENTS_PER_BATCH = 1000
KEYS_PER_STATEMENT = 10_000
TOGETHER = (DagsterEventType.ASSET_MATERIALIZATION, DagsterEventType.ASSET_MATERIALIZATION_PLANNED)


class BatchSqliteEventLogStorage(SqliteEventLogStorage):
    """Dagster's SQLite event log, which stores a batch of asset events at once."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(base_dir, inst_data)
        # Wherever this storage is opened, batches are worth making.
        os.environ.setdefault("DAGSTER_EVENT_BATCH_SIZE", str(EVENTS_PER_BATCH))

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> "BatchSqliteEventLogStorage":
        """The storage below ``base_dir``, Dagster's home, where Dagster's own would be."""
        home = Path(config_value["base_dir"])
        return cls(str(home / "history" / "runs"), inst_data)

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Store *events*, which all belong to one run."""
        together = [event for event in events if event.dagster_event_type in TOGETHER]
        for start in range(0, len(together), EVENTS_PER_BATCH):
            self._store_together(together[start : start + EVENTS_PER_BATCH])
        for event in events:
            if event.dagster_event_type not in TOGETHER:
                self.store_event(event)

    def _store_together(self, events: Sequence[EventLogEntry]) -> None:
        insert = self.prepare_insert_event_batch(events)
        with self.run_connection(events[0].run_id) as connection:
            connection.execute(insert)
        with self.index_connection() as connection:
            stored = connection.execute(insert.returning(SqlEventLogStorageTable.c.id))
            event_ids = sorted(row[0] for row in stored)
        self.store_asset_event_tags(events, event_ids)
        # An asset's own row tells of its latest event of each type alone.
        latest = {
            (event.get_dagster_event().asset_key, event.dagster_event_type): (event, event_id)
            for event, event_id in zip(events, event_ids, strict=True)
        }
        for event, event_id in latest.values():
            self.store_asset_event(event, event_id)

    def delete_dynamic_partitions(self, name: str, keys: Sequence[str]) -> None:
        """Delete *keys* of the partitions *name* at once; one by one each takes 18 ms."""
        table = DynamicPartitionsTable
        with self.index_connection() as connection:
            for start in range(0, len(keys), KEYS_PER_STATEMENT):
                some = keys[start : start + KEYS_PER_STATEMENT]
                connection.execute(
                    table.delete().where(
                        table.c.partitions_def_name == name, table.c.partition.in_(some)
                    )
                )


def delete_partitions(instance: dg.DagsterInstance, name: str, keys: Sequence[str]) -> None:
    """Delete *keys* of the dynamic partitions *name*, at once where the storage can."""
    storage = instance.event_log_storage
    if isinstance(storage, BatchSqliteEventLogStorage):
        storage.delete_dynamic_partitions(name, keys)
        return
    for key in keys:
        instance.delete_dynamic_partition(name, key)


def log_events(
    context: dg.AssetExecutionContext, events: Iterable[dg.AssetMaterialization]
) -> None:
    """Log *events* as ``context.log_event`` does one by one, in batches where there are several."""
    for batch in _batches(events):
        for event, place in batch:
            if place is None:
                context.log_event(event)
            else:
                step = context.get_step_execution_context()
                DagsterEvent.asset_materialization(step, event, place)


def report_events(instance: dg.DagsterInstance, events: Iterable[dg.AssetMaterialization]) -> None:
    """Store *events* that belong to no run, as ``report_runless_asset_event`` does one by one."""
    for batch in _batches(events):
        for event, place in batch:
            if place is None:
                instance.report_runless_asset_event(event)
                continue
            dagster_event = DagsterEvent(
                event_type_value=DagsterEventType.ASSET_MATERIALIZATION.value,
                job_name=RUNLESS_JOB_NAME,
                event_specific_data=StepMaterializationData(event),
            )
            instance.report_dagster_event(
                dagster_event, run_id=RUNLESS_RUN_ID, batch_metadata=place
            )


def _batches(
    events: Iterable[dg.AssetMaterialization],
) -> Iterator[list[tuple[dg.AssetMaterialization, DagsterEventBatchMetadata | None]]]:
    """*events* with their places in batches of their own; a lone one has none."""
    remaining = iter(events)
    while batch := list(islice(remaining, EVENTS_PER_BATCH)):
        batch_id = generate_event_batch_id()
        last = len(batch) - 1
        yield [
            (event, DagsterEventBatchMetadata(batch_id, is_end=n == last) if last else None)
            for n, event in enumerate(batch)
        ]
