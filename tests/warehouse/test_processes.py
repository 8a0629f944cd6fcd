"""Several processes at one warehouse: turns are taken, and nobody sees half a transaction."""

import fcntl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from augcon_lib.errors import WarehouseError
from augcon_lib.warehouse import Warehouse
from tests.support.rows import ODD, table

OLD = [(ODD,), ("plain.md",)]


def start(warehouse: Warehouse, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.support.warehouse_process", warehouse.path, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@contextmanager
def holder(warehouse: Warehouse) -> Iterator[subprocess.Popen[str]]:
    with start(warehouse, "hold") as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == "asking\n"
            yield process
        finally:
            process.kill()


def documents(warehouse: Warehouse) -> list[tuple[object, ...]]:
    return table(warehouse, "raw_corpus", "document_id")


def finish(process: subprocess.Popen[str]) -> None:
    process.communicate("go on\n")
    assert process.returncode == 0


def is_free_to_read(warehouse: Warehouse) -> bool:
    with warehouse.path.with_name(warehouse.path.name + ".lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def test_readers_wait_for_a_transaction_and_then_see_all_of_it(filled: Warehouse) -> None:
    with holder(filled) as writer:
        assert writer.stdout
        assert writer.stdout.readline() == "in\n"
        assert not is_free_to_read(filled)
        finish(writer)
    assert is_free_to_read(filled)
    assert documents(filled) == [("new.md",)]


def test_a_writer_that_is_killed_in_its_transaction_leaves_the_old_state(
    filled: Warehouse,
) -> None:
    with holder(filled) as writer:
        assert writer.stdout
        assert writer.stdout.readline() == "in\n"
        writer.kill()
        writer.wait()
        assert documents(filled) == OLD


def test_readers_see_the_old_state_while_a_writer_waits_its_turn(filled: Warehouse) -> None:
    with ExitStack() as waiting:
        with filled.read() as connection:
            writer = waiting.enter_context(holder(filled))
            assert documents(filled) == OLD
            assert connection.execute("SELECT count(*) FROM raw_corpus").fetchone() == (2,)
        finish(writer)
    assert documents(filled) == [("new.md",)]


def test_writers_in_two_processes_lose_nothing(warehouse: Warehouse) -> None:
    with start(warehouse, "append", "a", "8") as one, start(warehouse, "append", "b", "8") as two:
        pass
    assert (one.returncode, two.returncode) == (0, 0)
    assert len(documents(warehouse)) == 16
    assert len(table(warehouse, "partition_state", "document_id")) == 16


def test_an_error_in_a_transaction_closes_connection_and_lock(filled: Warehouse) -> None:
    def fail() -> None:
        with filled.write() as connection:
            connection.execute("DELETE FROM raw_corpus")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert is_free_to_read(filled)
    assert documents(filled) == OLD


def test_a_reader_can_write_nothing_and_reach_nothing_outside(filled: Warehouse) -> None:
    with filled.read() as connection:
        for statement in (
            "DELETE FROM raw_corpus",
            "SET memory_limit = '1GB'",
            "SELECT * FROM read_csv('/etc/passwd')",
            "ATTACH ':memory:' AS other; COPY raw_corpus TO '/tmp/out.csv'",
        ):
            with pytest.raises(Exception, match=r"(?i)read-only|locked|disabled|configuration"):
                connection.execute(statement)
    assert documents(filled) == OLD


def test_a_file_that_is_no_warehouse_is_named_with_a_way_out(warehouse: Warehouse) -> None:
    warehouse.path.parent.mkdir()
    warehouse.path.write_bytes(b"no database" * 1000)
    with pytest.raises(
        WarehouseError, match=r"augcon\.duckdb is not a DuckDB file.*away and run: augcon run"
    ):
        documents(warehouse)
