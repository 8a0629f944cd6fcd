"""Dagster's event log in SQLite, writing many events at once.

Dagster's own SQLite storage commits each event twice, to the log of the run and to the index over
all runs, each time on a new connection: 28 ms per event. A run over a range of partitions has two
events for each partition and asset (planned, materialized). Following ten thousand new documents
would spend half an hour on them. Dagster can pass such events to the storage in batches, but its
SQLite storage then writes them one by one. The storage here writes a batch with a few commits.
Files and rows are the same (a test compares them), so a workspace may return to Dagster's own
storage at any time.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import dagster as dg
from dagster._core.events import (
    AssetMaterializationPlannedData,
    DagsterEventBatchMetadata,
    StepMaterializationData,
    generate_event_batch_id,
)
from dagster._core.instance.utils import RUNLESS_JOB_NAME, RUNLESS_RUN_ID
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.event_log.schema import (
    AssetCheckExecutionsTable,
    AssetEventTagsTable,
    DynamicPartitionsTable,
    SqlEventLogStorageTable,
)
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME
from dagster._serdes import ConfigurableClassData
from sqlalchemy.engine import Connection

from augcon_assets.instance.event_index import KEYS_PER_STATEMENT, delete_events
from augcon_lib.stages.document_pool import batches

# SQLite binds at most 32,766 values in a statement; an event has seven.
EVENTS_PER_BATCH = 1000
CHECK_OF_A_RUN = ("asset_key", "check_name", "run_id", "partition")
ASSET_EVENTS = (
    dg.DagsterEventType.ASSET_MATERIALIZATION,
    dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED,
)
TOGETHER = (*ASSET_EVENTS, dg.DagsterEventType.ASSET_CHECK_EVALUATION)

Event = TypeVar("Event", dg.AssetMaterialization, dg.AssetCheckEvaluation, str)


class BatchSqliteEventLogStorage(SqliteEventLogStorage):
    """Dagster's SQLite event log, storing a batch of asset events at once."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._idle: dict[str, sqlite3.Connection] = {}
        super().__init__(base_dir, inst_data)

    def register_instance(self, instance: dg.DagsterInstance) -> None:
        """Make *instance* collect events into batches.

        Dagster would read the batch size from the environment, which every child process inherits.
        """
        super().register_instance(instance)
        instance._get_event_batch_size = lambda: EVENTS_PER_BATCH  # type: ignore[method-assign]

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> "BatchSqliteEventLogStorage":
        """Return the storage below ``base_dir``, Dagster's home, where Dagster's own would be."""
        home = Path(config_value["base_dir"])
        return cls(str(home / "history" / "runs"), inst_data)

    def _connect(self, shard: str) -> AbstractContextManager[Connection]:  # type: ignore[override]
        """Open a connection as Dagster does, while an idle one stays open.

        SQLite checkpoints its log whenever the last connection is closed, 2 ms each time. An idle
        connection to the index and to the current run prevents that.
        """
        path = self.path_for_shard(shard)
        if shard not in self._idle and Path(path).exists():
            for other in self._idle.keys() - {INDEX_SHARD_NAME}:
                self._idle.pop(other).close()
            idle = sqlite3.connect(path, check_same_thread=False)
            idle.execute("SELECT count(*) FROM sqlite_master").fetchone()
            self._idle[shard] = idle
        return super()._connect(shard)

    def dispose(self) -> None:
        """Close the idle connections."""
        while self._idle:
            self._idle.popitem()[1].close()
        super().dispose()

    def store_event_batch(self, events: Sequence[dg.EventLogEntry]) -> None:
        """Store *events*, which all belong to one run."""
        together = [event for event in events if event.dagster_event_type in TOGETHER]
        for start in range(0, len(together), EVENTS_PER_BATCH):
            self._store_together(together[start : start + EVENTS_PER_BATCH])
        for event in events:
            if event.dagster_event_type not in TOGETHER:
                self.store_event(event)

    def _store_together(self, events: Sequence[dg.EventLogEntry]) -> None:
        """Store *events* as Dagster's ``store_event`` would: to the run's log, then the index."""
        insert = self.prepare_insert_event_batch(events)
        with self.run_connection(events[0].run_id) as connection:
            connection.execute(insert)
        with self.index_transaction() as connection:
            stored = connection.execute(insert.returning(SqlEventLogStorageTable.c.id))
            event_ids = sorted(row[0] for row in stored)
            numbered = list(zip(events, event_ids, strict=True))
            of_assets = [pair for pair in numbered if pair[0].dagster_event_type in ASSET_EVENTS]
            if of_assets:
                self._store_asset_event_tags(
                    connection, [e for e, _ in of_assets], [n for _, n in of_assets]
                )
            # The row of an asset refers to its latest event of each type only.
            latest = {
                (event.get_dagster_event().asset_key, event.dagster_event_type): (event, event_id)
                for event, event_id in of_assets
            }
            for event, event_id in latest.values():
                self._store_asset_event(connection, event, event_id)
            of_checks = [p for p in numbered if p[0].dagster_event_type not in ASSET_EVENTS]
            self._store_evaluations(connection, of_checks)

    def _store_evaluations(
        self, connection: Connection, events: Sequence[tuple[dg.EventLogEntry, int]]
    ) -> None:
        table = AssetCheckExecutionsTable
        rows = [self._check_row(event, event_id) for event, event_id in events]
        for row in rows:  # replace those of an earlier attempt of the same run
            named = [table.c[name] == row[name] for name in CHECK_OF_A_RUN]
            connection.execute(table.delete().where(*named))
        if rows:
            connection.execute(table.insert(), rows)

    def _check_row(self, event: dg.EventLogEntry, event_id: int) -> dict[str, Any]:
        evaluation = event.get_dagster_event().asset_check_evaluation_data
        target = evaluation.target_materialization_data
        status = "SUCCEEDED" if evaluation.passed else "FAILED"
        return {
            "asset_key": evaluation.asset_key.to_string(),
            "check_name": evaluation.check_name,
            "partition": evaluation.partition,
            "run_id": event.run_id,
            "execution_status": AssetCheckExecutionRecordStatus[status].value,
            "evaluation_event": dg.serialize_value(event),
            "evaluation_event_timestamp": self._event_insert_timestamp(event),  # type: ignore[no-untyped-call]
            "evaluation_event_storage_id": event_id,
            "materialization_event_storage_id": target.storage_id if target else None,
        }

    def store_asset_check_event(self, event: dg.EventLogEntry, event_id: int | None) -> None:
        """Store a single event of a check, except one that plans the check for many partitions.

        For that one, Dagster would write a row per partition of the range, each containing all
        keys of the range, and show partitions as skipped that the run does not work on.
        """
        dagster_event = event.get_dagster_event()
        planned = dagster_event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED
        if not planned or dagster_event.asset_check_planned_data.partitions_subset is None:
            super().store_asset_check_event(event, event_id)

    def add_dynamic_partitions(
        self, partitions_def_name: str, partition_keys: Sequence[str]
    ) -> None:
        """Add the missing keys, even if another process adds them meanwhile.

        Dagster checks first and then adds: with eight processes at once, one fails on a key that
        another added in between.
        """
        rows = [
            {"partitions_def_name": partitions_def_name, "partition": key}
            for key in dict.fromkeys(partition_keys)
        ]
        if rows:
            with self.index_transaction() as connection:
                connection.execute(DynamicPartitionsTable.insert().prefix_with("OR IGNORE"), rows)

    def wipe_asset(self, asset_key: dg.AssetKey) -> None:
        """Wipe the asset as Dagster does, and its event tags: later events reuse the ids."""
        super().wipe_asset(asset_key)
        tags = AssetEventTagsTable
        with self.index_connection() as connection:
            connection.execute(tags.delete().where(tags.c.asset_key == asset_key.to_string()))

    def wipe_asset_partitions(self, asset_key: dg.AssetKey, partition_keys: Sequence[str]) -> None:
        """Remove all events and checks of these partitions from the index."""
        checks = AssetCheckExecutionsTable
        for some in batches(partition_keys, KEYS_PER_STATEMENT):
            delete_events(self, asset_key, some)
            with self.index_connection() as connection:
                of_asset = checks.c.asset_key == asset_key.to_string()
                connection.execute(checks.delete().where(of_asset, checks.c.partition.in_(some)))
        self.wipe_asset_cached_status(asset_key)

    def delete_dynamic_partitions(self, name: str, keys: Sequence[str]) -> None:
        """Delete *keys* of the partitions *name*, many at once (one by one: 18 ms each)."""
        table = DynamicPartitionsTable
        for some in batches(keys, KEYS_PER_STATEMENT):
            these = [table.c.partitions_def_name == name, table.c.partition.in_(some)]
            with self.index_connection() as connection:
                connection.execute(table.delete().where(*these))


def delete_partitions(instance: dg.DagsterInstance, name: str, keys: Sequence[str]) -> None:
    """Delete *keys* of the dynamic partitions *name*, at once if the storage supports it."""
    storage = instance.event_log_storage
    if isinstance(storage, BatchSqliteEventLogStorage):
        storage.delete_dynamic_partitions(name, keys)
        return
    for key in keys:
        instance.delete_dynamic_partition(name, key)


def log_events(
    context: dg.AssetExecutionContext, events: Iterable[dg.AssetMaterialization]
) -> None:
    """Log *events* as ``context.log_event`` does, several of them in batches."""
    for event, place in _placed(events):
        if place is None:
            context.log_event(event)
        else:
            step = context.get_step_execution_context()
            dg.DagsterEvent.asset_materialization(step, event, place)


def log_evaluations(
    context: dg.AssetExecutionContext, evaluations: Iterable[dg.AssetCheckEvaluation]
) -> None:
    """Log *evaluations* of checks, several of them in batches."""
    step = context.get_step_execution_context()
    for evaluation, place in _placed(evaluations):
        passed = "passed" if evaluation.passed else "did not pass"
        dg.DagsterEvent.from_step(
            dg.DagsterEventType.ASSET_CHECK_EVALUATION,
            step,
            evaluation,
            f"Asset check '{evaluation.check_name}' {passed} for '{evaluation.partition}'.",
            place,
        )


def report_planned(
    instance: dg.DagsterInstance, run: dg.DagsterRun, asset: dg.AssetKey, keys: Sequence[str]
) -> None:
    """Store that *run* planned to materialize the partitions *keys* of *asset*."""
    for key, place in _placed(keys):
        planned = AssetMaterializationPlannedData(asset, partition=key)
        event = dg.DagsterEvent.build_asset_materialization_planned_event(
            run.job_name, asset.to_user_string(), planned
        )
        instance.report_dagster_event(event, run_id=run.run_id, batch_metadata=place)


def report_events(instance: dg.DagsterInstance, events: Iterable[dg.AssetMaterialization]) -> None:
    """Store *events* without a run, as ``report_runless_asset_event`` does, in batches."""
    for event, place in _placed(events):
        if place is None:
            instance.report_runless_asset_event(event)
            continue
        dagster_event = dg.DagsterEvent(
            event_type_value=dg.DagsterEventType.ASSET_MATERIALIZATION.value,
            job_name=RUNLESS_JOB_NAME,
            event_specific_data=StepMaterializationData(event),
        )
        instance.report_dagster_event(dagster_event, run_id=RUNLESS_RUN_ID, batch_metadata=place)


def _placed(events: Iterable[Event]) -> Iterator[tuple[Event, DagsterEventBatchMetadata | None]]:
    """Yield *events* with their places in batches; a single event has none."""
    remaining = iter(events)
    while batch := list(islice(remaining, EVENTS_PER_BATCH)):
        batch_id = generate_event_batch_id()  # type: ignore[no-untyped-call]
        last = len(batch) - 1
        for number, event in enumerate(batch):
            is_end = number == last
            yield event, DagsterEventBatchMetadata(batch_id, is_end=is_end) if last else None
