"""Every SQLite file of the instance is waited for as long as Dagster waits for its event log."""

import dagster as dg
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from sqlalchemy import text

from augcon_assets.instance.event_index import KEYS_PER_STATEMENT
from augcon_assets.instance.event_log import EVENTS_PER_BATCH
from augcon_assets.instance.turn import DOCUMENTS_PER_PIECE
from augcon_lib.workspace import Workspace


def test_each_storage_waits_for_other_writers(
    workspace: Workspace, instance: dg.DagsterInstance
) -> None:
    connections = {
        "history/runs.db": instance.run_storage.connect(),  # type: ignore[attr-defined]
        "schedules/schedules.db": instance.schedule_storage.connect(),  # type: ignore[union-attr]
        "history/runs/index.db": instance.event_log_storage.index_connection(),  # type: ignore[attr-defined]
    }
    for name, connecting in connections.items():
        with connecting as connection:
            waits = connection.execute(text("PRAGMA busy_timeout")).scalar()
            (path,) = [row[2] for row in connection.execute(text("PRAGMA database_list"))]
        assert waits == SQLITE_BUSY_TIMEOUT_SECONDS * 1000, name
        assert path == str((workspace.dagster_home / name).resolve())


def test_a_piece_of_a_tick_is_one_transaction_for_each_asset() -> None:
    assert min(EVENTS_PER_BATCH, KEYS_PER_STATEMENT) >= DOCUMENTS_PER_PIECE
