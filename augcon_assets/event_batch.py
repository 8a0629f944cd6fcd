"""Storing materialization events many at a time.

Dagster's SQLite event log, its default, commits each event twice, to the log of the run and to the
index over all runs, on a connection opened anew each time: 28 ms an event, five minutes for a first
sync of ten thousand documents and as much again for each later stage. Its own switch for batches,
``DAGSTER_EVENT_BATCH_SIZE``, changes nothing there, because this storage takes a batch apart. Here
a thousand events share the two commits; what is stored is the same (a test compares the tables).
Other storages are given the batch and do with it what they can.
"""

import logging
from collections.abc import Iterable, Sequence
from itertools import islice
from os import getpid
from time import time

import dagster as dg
from dagster._core.events import DagsterEvent, DagsterEventType, StepMaterializationData
from dagster._core.events.log import EventLogEntry
from dagster._core.execution.context.system import StepExecutionContext
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.event_log.schema import SqlEventLogStorageTable

# SQLite binds at most 32,766 values in a statement; an event has seven.
EVENTS_PER_COMMIT = 1000


def log_materializations(
    context: dg.AssetExecutionContext, events: Iterable[dg.AssetMaterialization]
) -> None:
    """Store *events* in the run's log, as ``context.log_event`` does one by one."""
    storage = context.instance.event_log_storage
    remaining = iter(events)
    while batch := tuple(islice(remaining, EVENTS_PER_COMMIT)):
        if len(batch) == 1:
            context.log_event(batch[0])
            continue
        step = context.get_step_execution_context()
        entries = [_entry(step, event) for event in batch]
        if isinstance(storage, SqliteEventLogStorage):
            _store_in_sqlite(storage, entries)
        else:
            storage.store_event_batch(entries)


def _store_in_sqlite(storage: SqliteEventLogStorage, entries: Sequence[EventLogEntry]) -> None:
    insert = storage.prepare_insert_event_batch(entries)
    with storage.run_connection(entries[0].run_id) as connection:
        connection.execute(insert)
    with storage.index_connection() as connection:
        returned = connection.execute(insert.returning(SqlEventLogStorageTable.c.id))
        event_ids = sorted(row[0] for row in returned)
    storage.store_asset_event_tags(entries, event_ids)
    # The asset's own row tells of its latest event alone.
    storage.store_asset_event(entries[-1], event_ids[-1])


def _entry(step: StepExecutionContext, event: dg.AssetMaterialization) -> EventLogEntry:
    message = f"Materialized value {event.label}."
    return EventLogEntry(
        error_info=None,
        level=logging.DEBUG,
        user_message=message,
        run_id=step.run_id,
        timestamp=time(),
        step_key=step.step.key,
        job_name=step.job_name,
        dagster_event=DagsterEvent(
            event_type_value=DagsterEventType.ASSET_MATERIALIZATION.value,
            job_name=step.job_name,
            step_handle=step.step.handle,
            node_handle=step.step.node_handle,
            step_kind_value=step.step.kind.value,
            logging_tags=step.event_tags,
            event_specific_data=StepMaterializationData(event),
            message=message,
            pid=getpid(),
        ),
    )
