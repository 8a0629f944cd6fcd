"""Events that are stored many at a time are what Dagster stores one by one."""

import os
import re
import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.storage.event_log import SqliteEventLogStorage
from sqlalchemy import Engine, event

from augcon_assets.instance import event_log
from augcon_assets.instance.event_index import recorded_versions, withdraw
from augcon_assets.instance.event_log import (
    BatchSqliteEventLogStorage,
    delete_partitions,
    log_events,
    report_events,
)
from augcon_assets.instance.materializations import no_event_of_its_own
from augcon_assets.instance.workspace_instance import workspace_instance
from augcon_lib.workspace import Workspace

KEYS = [f"it's page {place}.md" for place in range(5)]
EVENTS = [
    dg.AssetMaterialization(
        "pages",
        partition=key,
        metadata={"rows": dg.MetadataValue.int(place)},
        tags={"dagster/data_version": f"v{place}", "dagster/code_version": "1"},
    )
    for place, key in enumerate(KEYS)
]
RANGE = {
    "dagster/asset_partition_range_start": KEYS[0],
    "dagster/asset_partition_range_end": KEYS[-1],
}

Log = Callable[[dg.AssetExecutionContext, Iterable[dg.AssetMaterialization]], None]


def one_by_one(
    context: dg.AssetExecutionContext, events: Iterable[dg.AssetMaterialization]
) -> None:
    for each in events:
        context.log_event(each)


def run(instance: dg.DagsterInstance, log: Log) -> str:
    @dg.asset(partitions_def=dg.DynamicPartitionsDefinition(name="pages"))
    def pages(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        log(context, EVENTS)
        return no_event_of_its_own()

    instance.add_dynamic_partitions("pages", KEYS)
    return dg.materialize([pages], instance=instance, tags=RANGE).run_id


def stored(home: Path, storage: str, log: Log) -> dict[str, list[str]]:
    """Asset events that a run leaves in the files of the log, without times and its own id."""
    overrides = {
        "event_log_storage": {
            "module": "augcon_assets.instance.event_log",
            "class": storage,
            "config": {"base_dir": str(home)},
        }
    }
    home.mkdir()
    with dg.DagsterInstance.local_temp(str(home), overrides) as instance:
        assert type(instance.event_log_storage).__name__ == storage
        run_id = run(instance, log)
    rows = {}
    for name, path in (("run", f"**/{run_id}.db"), ("index", "**/index.db")):
        (database,) = home.glob(path)
        connection = sqlite3.connect(database)
        events = "event_logs WHERE dagster_event_type LIKE 'ASSET_%' ORDER BY id"
        for table in (events, "asset_event_tags", "asset_keys"):
            read = connection.execute(f"SELECT * FROM {table}").fetchall()
            rows[f"{name} {table.split()[0]}"] = [
                timeless(str(row).replace(run_id, "RUN")) for row in read
            ]
        connection.close()
    return rows


def timeless(row: str) -> str:
    row = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?", "TIME", row)
    return re.sub(r"\b\d{10}(\.\d+)?\b", "TIME", row)


@pytest.mark.parametrize("batch_size", [2, 1000])
def test_a_batch_stores_what_single_events_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch_size: int
) -> None:
    expected = stored(tmp_path / "single", SqliteEventLogStorage.__name__, one_by_one)
    monkeypatch.setattr(event_log, "EVENTS_PER_BATCH", batch_size)
    found = stored(tmp_path / "batch", BatchSqliteEventLogStorage.__name__, log_events)
    assert len(expected["index event_logs"]) == 2 * len(EVENTS)
    assert len(expected["index asset_event_tags"]) == len(EVENTS)
    assert found == expected


def test_a_workspace_writes_events_in_batches_and_where_dagster_would(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches = []
    together = BatchSqliteEventLogStorage._store_together

    def noted(self: BatchSqliteEventLogStorage, events: list[object]) -> None:
        batches.append(len(events))
        together(self, events)  # type: ignore[arg-type]

    monkeypatch.setattr(BatchSqliteEventLogStorage, "_store_together", noted)
    with workspace_instance(workspace) as instance:
        run_id = run(instance, log_events)
    assert batches == [len(KEYS), len(KEYS)], "planned ones, and materializations"
    assert (workspace.dagster_home / "history" / "runs" / f"{run_id}.db").exists()


def test_a_storage_of_another_kind_is_given_the_events_too() -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        run(instance, log_events)
        found = instance.fetch_materializations(dg.AssetKey("pages"), limit=10).records
        assert [record.asset_materialization for record in found] == EVENTS[::-1]


def test_no_child_process_inherits_a_batch_size_and_no_other_instance_has_it(
    workspace: Workspace,
) -> None:
    with workspace_instance(workspace) as instance:
        assert instance._get_event_batch_size() == event_log.EVENTS_PER_BATCH
        assert "DAGSTER_EVENT_BATCH_SIZE" not in os.environ
        with dg.DagsterInstance.ephemeral() as other:
            assert other._get_event_batch_size() == 0


def deleted_together(instance: dg.DagsterInstance) -> None:
    for name in ("pages", "other"):
        instance.add_dynamic_partitions(name, KEYS)
    delete_partitions(instance, "pages", [*KEYS[:2], "never there", KEYS[4]])
    assert instance.get_dynamic_partitions("pages") == KEYS[2:4]
    assert instance.get_dynamic_partitions("other") == KEYS


def test_partitions_are_deleted_together_and_no_others(
    workspace: Workspace,
) -> None:
    with workspace_instance(workspace) as instance:
        deleted_together(instance)


def test_a_storage_of_another_kind_deletes_partitions_one_by_one() -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        deleted_together(instance)


def test_partitions_that_another_process_adds_meanwhile_are_there_once(
    workspace: Workspace,
) -> None:
    """The other one adds a key after this one has looked, as eight commands at once did."""
    with workspace_instance(workspace) as instance:
        storage = instance.event_log_storage
        assert isinstance(storage, BatchSqliteEventLogStorage)
        other = sqlite3.connect(storage.path_for_shard("index"), isolation_level=None)
        pending = [KEYS[1]]

        def add_first(connection: object, cursor: object, statement: str, *_: object) -> None:
            if statement.startswith("INSERT") and "dynamic_partitions" in statement and pending:
                row = ("pages", pending.pop())
                other.execute(
                    "INSERT INTO dynamic_partitions (partitions_def_name, partition) VALUES (?, ?)",
                    row,
                )

        event.listen(Engine, "before_cursor_execute", add_first)
        try:
            instance.add_dynamic_partitions("pages", KEYS)
        finally:
            event.remove(Engine, "before_cursor_execute", add_first)
            other.close()
        assert not pending
        assert sorted(instance.get_dynamic_partitions("pages")) == sorted(KEYS)


@pytest.mark.parametrize("keys", [KEYS[:2], KEYS], ids=["two partitions", "all partitions"])
def test_wiped_partitions_are_gone_with_their_tags_and_later_events_have_their_own(
    workspace: Workspace, keys: list[str]
) -> None:
    with workspace_instance(workspace) as instance:
        run(instance, log_events)
        instance.wipe_asset_partitions(dg.AssetKey("pages"), keys)
        left = {key: f"v{place}" for place, key in enumerate(KEYS) if key not in keys}
        assert recorded_versions(instance, ["pages"]) == {"pages": left}
        again = [replace_version(each) for each in EVENTS if each.partition in keys]
        report_events(instance, again)
        now = {str(each.partition): "another" for each in again}
        assert recorded_versions(instance, ["pages"]) == {"pages": left | now}


def test_events_after_the_wipe_of_an_asset_have_no_tags_of_those_before(
    workspace: Workspace,
) -> None:
    with workspace_instance(workspace) as instance:
        run(instance, log_events)
        instance.wipe_assets([dg.AssetKey("pages")])
        assert recorded_versions(instance, ["pages"]) == {"pages": {}}
        report_events(instance, map(replace_version, EVENTS))
        expected = dict.fromkeys(KEYS, "another")
        assert recorded_versions(instance, ["pages"]) == {"pages": expected}


def test_what_is_withdrawn_is_shown_as_never_made(workspace: Workspace) -> None:
    with workspace_instance(workspace) as instance:
        run(instance, log_events)
        withdraw(instance, "pages", KEYS[1:])
        assert recorded_versions(instance, ["pages"]) == {"pages": {KEYS[0]: "v0"}}
        assert instance.get_materialized_partitions(dg.AssetKey("pages")) == {KEYS[0]}


def replace_version(materialization: dg.AssetMaterialization) -> dg.AssetMaterialization:
    tags = {**(materialization.tags or {}), "dagster/data_version": "another"}
    return materialization._replace(tags=tags)
