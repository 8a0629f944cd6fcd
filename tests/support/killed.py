"""A process that brings a workspace up to date, and kills itself right after a write.

Each write has a name: the function that stores rows, or the asset whose events are stored. A
process is given the names at which others have died, and dies at the first write that has another.
So the writes are found, not listed.
"""

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
from dagster._core.storage.event_log import SqliteEventLogStorage

from augcon_assets.instance.event_log import BatchSqliteEventLogStorage
from augcon_assets.instance.workspace_instance import workspace_instance
from augcon_lib.warehouse import Warehouse
from augcon_lib.workspace import open_workspace
from tests.support.workspaces import bring_up_to_date

PROCESS_SECONDS = 300
SHOWN = dg.DagsterEventType.ASSET_MATERIALIZATION

Reached = Callable[[str], None]


def die_at_a_new_write(root: Path, died_at: set[str]) -> str | None:
    """Where a process died that followed the store of *root*; ``None``: at the end, in peace."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["augcon_assets.definitions", "augcon_assets.cli.run"])
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_follow, args=(root, died_at, sender))
    process.start()
    sender.close()
    try:
        written: str | None = receiver.recv()
    except EOFError as error:
        raise AssertionError("the process died at no write") from error
    process.join(PROCESS_SECONDS)
    assert process.exitcode == (0 if written is None else -signal.SIGKILL), process.exitcode
    return written


def _follow(root: Path, died_at: set[str], sender: Connection) -> None:
    def reached(write: str) -> None:
        if write not in died_at:
            sender.send(write)
            os.kill(os.getpid(), signal.SIGKILL)

    watch_writes(reached)
    workspace = open_workspace(root)
    with workspace_instance(workspace) as instance:
        outcome = bring_up_to_date(workspace, instance)
    assert outcome.stopped_by is None, outcome.stopped_by
    sender.send(None)


def watch_writes(reached: Reached) -> None:
    """Call *reached* with the name of each write of this process, after it."""
    write = Warehouse.write

    @contextmanager
    def watched_write(self: Warehouse) -> Iterator[duckdb.DuckDBPyConnection]:
        caller = sys._getframe(2)
        name = f"rows: {caller.f_code.co_name} {caller.f_locals.get('stage', '')}".strip()
        with write(self) as connection:
            yield connection
        reached(name)

    Warehouse.write = watched_write  # type: ignore[method-assign]
    storage = BatchSqliteEventLogStorage
    together, one = storage._store_together, SqliteEventLogStorage.store_event
    index_transaction = storage.index_transaction
    add = storage.add_dynamic_partitions
    storing: list[str] = []

    @contextmanager
    def watched_index(self: Any) -> Iterator[Any]:
        if storing:
            reached("events: in the log of the run, not in the index")
        with index_transaction(self) as connection:
            yield connection

    def stored(self: Any, events: Any, store: Callable[[], None]) -> None:
        shown = [e for e in events if e.dagster_event_type == SHOWN]
        if not shown:
            store()
            return
        storing.append(f"events: {shown[0].get_dagster_event().asset_key.to_user_string()}")
        store()
        reached(storing.pop())

    def watched_together(self: Any, events: Any) -> None:
        stored(self, events, lambda: together(self, events))

    def watched_one(self: Any, event: Any) -> None:
        stored(self, [event], lambda: one(self, event))

    def watched_add(self: Any, name: str, keys: Any) -> None:
        add(self, name, keys)
        reached(f"partitions: {name}")

    storage._store_together = watched_together  # type: ignore[method-assign]
    storage.store_event = watched_one  # type: ignore[method-assign]
    storage.index_transaction = watched_index  # type: ignore[method-assign]
    storage.add_dynamic_partitions = watched_add  # type: ignore[method-assign]
