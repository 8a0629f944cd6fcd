"""Events that are stored many at a time are what Dagster stores one by one."""

import re
import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path

import dagster as dg
import pytest

from augcon_assets import event_batch
from augcon_assets.event_batch import log_materializations
from augcon_assets.events import no_event_of_its_own

EVENTS = [
    dg.AssetMaterialization(
        "pages",
        partition=f"it's page {place}.md",
        metadata={"rows": dg.MetadataValue.int(place)},
        tags={"dagster/data_version": f"v{place}", "dagster/code_version": "1"},
    )
    for place in range(5)
]

Log = Callable[[dg.AssetExecutionContext, Iterable[dg.AssetMaterialization]], None]


def one_by_one(
    context: dg.AssetExecutionContext, events: Iterable[dg.AssetMaterialization]
) -> None:
    for event in events:
        context.log_event(event)


def stored(home: Path, log: Log) -> dict[str, list[str]]:
    """All rows that a run leaves in the event log, without times and the run's own id."""
    home.mkdir()

    @dg.asset
    def pages(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        log(context, EVENTS)
        return no_event_of_its_own()

    with dg.DagsterInstance.local_temp(str(home)) as instance:
        run_id = dg.materialize([pages], instance=instance).run_id
    rows = {}
    for name, database in (("run", run_id), ("index", "index")):
        connection = sqlite3.connect(home / "history" / "runs" / f"{database}.db")
        materializations = "event_logs WHERE dagster_event_type = 'ASSET_MATERIALIZATION'"
        for table in (materializations, "asset_event_tags", "asset_keys"):
            read = connection.execute(f"SELECT * FROM {table}").fetchall()
            rows[f"{name} {table.split()[0]}"] = [
                timeless(str(row).replace(run_id, "RUN")) for row in read
            ]
        connection.close()
    return rows


def timeless(row: str) -> str:
    row = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?", "TIME", row)
    return re.sub(r"\b\d{10}\.\d+|\d+(\.\d+)?m?s\b", "TIME", row)


@pytest.mark.parametrize("events_per_commit", [2, 1000])
def test_a_batch_stores_what_single_events_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, events_per_commit: int
) -> None:
    monkeypatch.setattr(event_batch, "EVENTS_PER_COMMIT", events_per_commit)
    expected = stored(tmp_path / "single", one_by_one)
    found = stored(tmp_path / "batch", log_materializations)
    assert len(expected["index event_logs"]) == len(EVENTS)
    assert len(expected["index asset_event_tags"]) == len(EVENTS)
    assert found == expected


def test_a_storage_of_another_kind_is_given_the_events_too() -> None:
    @dg.asset
    def pages(context: dg.AssetExecutionContext) -> None:
        log_materializations(context, EVENTS)

    with dg.DagsterInstance.ephemeral() as instance:
        dg.materialize([pages], instance=instance)
        found = instance.fetch_materializations(dg.AssetKey("pages"), limit=10).records
        kept = [r.asset_materialization for r in found if r.partition_key]
    assert kept == EVENTS[::-1]
