"""Opening the warehouse: a lock of our own, one transaction per connection, hardened settings.

DuckDB lets one process in at a time, so connections are short and the lock file decides whose
turn it is: ``flock`` on ``<warehouse>.lock``, exclusive to write, shared to read. The database
file must never be opened in any other way by a process that holds it.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from augcon_lib.errors import WarehouseError
from augcon_lib.warehouse.schema import (
    SFT_DATASET,
    SFT_DATASET_VIEW,
    TABLES,
    add_column,
    create_tables,
)

MEMORY_LIMIT = "512MB"
THREADS = 2


class Warehouse:
    """The warehouse file at *path*; opens nothing until asked."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._has_tables = False

    @contextmanager
    def write(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """One exclusive transaction: committed at the end, rolled back when the body raises."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._unusable(error) from error
        with self._lock(fcntl.LOCK_EX), self._connect(read_only=False) as connection:
            connection.execute("BEGIN")
            try:
                _make_tables(connection)
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")
            # Closing would do it, and keep other threads from running meanwhile.
            connection.execute("CHECKPOINT")

    @contextmanager
    def read(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A read-only look at the last committed state; many readers at once."""
        if not self.path.exists() or not self._is_complete():
            with self.write():
                pass
        with self._lock(fcntl.LOCK_SH), self._connect(read_only=True) as connection:
            yield connection

    @contextmanager
    def still(self) -> Iterator["Warehouse"]:
        """The warehouse as it is now: whatever is read from it in the body belongs together.

        Writers wait until the body ends, so it must be short, and can't write itself.
        """
        with self.read() as connection:
            yield _StillWarehouse(self.path, connection)

    def _is_complete(self) -> bool:
        """Are all tables and columns there?

        Not where the process that made the file was killed meanwhile, or was an older version.
        """
        if not self._has_tables:
            with self._lock(fcntl.LOCK_SH), self._connect(read_only=True) as connection:
                names = {table for table, _ in _columns(connection)}
                self._has_tables = SFT_DATASET in names and not _missing_columns(connection)
        return self._has_tables

    @contextmanager
    def _lock(self, kind: int) -> Iterator[None]:
        try:
            lock = self.path.with_name(self.path.name + ".lock").open("a")
        except OSError as error:
            raise self._unusable(error) from error
        with lock:
            fcntl.flock(lock, kind)
            yield

    def _unusable(self, error: OSError) -> WarehouseError:
        return WarehouseError(
            f"{self.path} cannot be written ({error.strerror}: {error.filename}); mend the rights "
            "of its folder, or set [storage] warehouse"
        )

    @contextmanager
    def _connect(self, *, read_only: bool) -> Iterator[duckdb.DuckDBPyConnection]:
        try:
            connection = duckdb.connect(
                str(self.path),
                read_only=read_only,
                config={
                    "memory_limit": MEMORY_LIMIT,
                    "threads": THREADS,
                    "enable_external_access": False,
                    "autoinstall_known_extensions": False,
                    "autoload_known_extensions": False,
                    "lock_configuration": True,
                },
            )
        except duckdb.Error as error:
            raise WarehouseError(
                f"{self.path} cannot be opened: {error}. If another program holds it, close that "
                "program; if the file is damaged, move it away: the next run rebuilds it from "
                "the journal without asking the model again."
            ) from error
        try:
            yield connection
        finally:
            connection.close()


class _StillWarehouse(Warehouse):
    """Reads over one connection, which keeps writers out."""

    def __init__(self, path: Path, connection: duckdb.DuckDBPyConnection) -> None:
        super().__init__(path)
        self._connection = connection

    @contextmanager
    def read(self) -> Iterator[duckdb.DuckDBPyConnection]:
        yield self._connection

    @contextmanager
    def write(self) -> Iterator[duckdb.DuckDBPyConnection]:
        raise WarehouseError(f"{self.path} cannot be written while it is kept still")
        yield self._connection


def _columns(connection: duckdb.DuckDBPyConnection) -> set[tuple[str, str]]:
    """(table, column) of every column there is."""
    found = connection.execute("SELECT table_name, column_name FROM information_schema.columns")
    return {(table, column) for table, column in found.fetchall()}


def _missing_columns(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    wanted = [(table, column) for table, columns in TABLES.items() for column in columns]
    found = _columns(connection)
    return [pair for pair in wanted if pair not in found]


def _make_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Tables and view; those of an older version are brought up to date: new columns have NULL."""
    for statement in create_tables():
        connection.execute(statement)
    missing = _missing_columns(connection)
    if missing:
        connection.execute(f"DROP VIEW IF EXISTS {SFT_DATASET}")  # it may lack them, too
    for table, column in missing:
        connection.execute(add_column(table, column))
    connection.execute(SFT_DATASET_VIEW)
