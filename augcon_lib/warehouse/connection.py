"""Open the warehouse: a lock file, one transaction per connection, hardened settings.

DuckDB allows one process at a time, so connections are short and the lock file decides whose turn
it is: ``flock`` on ``<warehouse>.lock``, exclusive to write, shared to read. A process that has
the database file open must never open it in any other way.
"""

import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb

from augcon_lib.errors import WarehouseError
from augcon_lib.warehouse.damage import error_in_words
from augcon_lib.warehouse.migrations import SCHEMA_VERSION, bring_up_to_date, stored_version

MOST_THREADS = 8  # a connection is short: starting more takes longer than they save
LEAST_MEGABYTES = 512
MEMORY_SHARE = 0.25

# A wrong statement is a fault of the program, and says nothing about the file.
_OF_THE_CODE = (duckdb.ProgrammingError, duckdb.IntegrityError, duckdb.NotSupportedError)
_log = logging.getLogger(__name__)


class Warehouse:
    """The warehouse file at *path*; opens nothing until needed.

    A connection takes up to *memory_megabytes* and *threads*; 0: as the machine has them. All
    errors of DuckDB about the file (no space, damage, another version) are raised as
    ``WarehouseError``.
    """

    def __init__(self, path: Path, memory_megabytes: int = 0, threads: int = 0) -> None:
        self.path = path
        self.memory_megabytes = memory_megabytes or _memory_megabytes()
        self.threads = threads or min(MOST_THREADS, os.cpu_count() or 1)

    @contextmanager
    def write(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open one exclusive transaction: committed at the end, rolled back if the body raises."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._unusable(error) from error
        with self._lock(fcntl.LOCK_EX), self._connect(read_only=False) as connection:
            connection.execute("BEGIN")
            try:
                with self._named():
                    bring_up_to_date(connection)
                yield connection
            except BaseException:
                with suppress(
                    duckdb.Error
                ):  # the original error matters, and closing rolls back, too
                    connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")
            self._checkpoint(connection)

    def _checkpoint(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Move committed changes from the log next to the file into it.

        Closing would do it, but would keep other threads from running meanwhile. If it fails, the
        write is still done, and the next one tries again.
        """
        try:
            connection.execute("CHECKPOINT")
        except duckdb.Error as error:
            _log.warning("%s", error_in_words(self.path, error))

    @contextmanager
    def read(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open the last committed state read-only; many readers at once."""
        while True:
            with self._reader() as connection:
                if connection is not None:
                    yield connection
                    return
            with self.write():  # creates the tables, or migrates those of an older version
                pass

    @contextmanager
    def _reader(self) -> Iterator[duckdb.DuckDBPyConnection | None]:
        """Return ``None`` if the file does not exist, or is not up to date."""
        if not self.path.exists():
            yield None
            return
        with self._lock(fcntl.LOCK_SH), self._connect(read_only=True) as connection:
            with self._named():
                ready = stored_version(connection) == SCHEMA_VERSION
            yield connection if ready else None

    @contextmanager
    def still(self) -> Iterator["Warehouse"]:
        """Keep the warehouse unchanged, so that everything read in the body belongs together.

        Writers wait until the body ends, so it must be short, and can't write itself.
        """
        with self.read() as connection:
            yield _StillWarehouse(self.path, connection)

    @contextmanager
    def _lock(self, kind: int) -> Iterator[None]:
        try:
            lock = self.path.with_name(self.path.name + ".lock").open("a")
        except OSError as error:
            raise self._unusable(error) from error
        with lock:
            fcntl.flock(lock, kind)
            yield

    @contextmanager
    def _named(self) -> Iterator[None]:
        """Name the file in errors of the body."""
        try:
            yield
        except WarehouseError as error:
            raise WarehouseError(f"{self.path} cannot be used: {error}") from error

    def _unusable(self, error: OSError) -> WarehouseError:
        return WarehouseError(
            f"{self.path} cannot be written ({error.strerror}: {error.filename}); fix the "
            "permissions of its folder, or set [storage] warehouse to another file"
        )

    @contextmanager
    def _connect(self, *, read_only: bool) -> Iterator[duckdb.DuckDBPyConnection]:
        try:
            connection = duckdb.connect(
                str(self.path),
                read_only=read_only,
                config={
                    "memory_limit": f"{self.memory_megabytes}MB",
                    "threads": self.threads,
                    "enable_external_access": False,
                    "autoinstall_known_extensions": False,
                    "autoload_known_extensions": False,
                    "lock_configuration": True,
                },
            )
        except duckdb.Error as error:
            raise error_in_words(self.path, error) from error
        try:
            yield connection
        except _OF_THE_CODE:
            raise
        except duckdb.Error as error:
            raise error_in_words(self.path, error) from error
        finally:
            connection.close()


class _StillWarehouse(Warehouse):
    """Reads through one connection, which blocks writers."""

    def __init__(self, path: Path, connection: duckdb.DuckDBPyConnection) -> None:
        super().__init__(path)
        self._connection = connection

    @contextmanager
    def read(self) -> Iterator[duckdb.DuckDBPyConnection]:
        yield self._connection

    @contextmanager
    def write(self) -> Iterator[duckdb.DuckDBPyConnection]:
        raise WarehouseError(f"{self.path} cannot be written while it is kept unchanged")
        yield self._connection


def _memory_megabytes() -> int:
    """Return a quarter of the machine's memory, but enough for any one write."""
    try:
        found = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (OSError, ValueError):
        found = 0
    return max(LEAST_MEGABYTES, int(found * MEMORY_SHARE) // 1_000_000)
