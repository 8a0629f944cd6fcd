"""Warehouses of each released schema, of a newer one, and of a migration that was cut off."""

import re
from pathlib import Path

import duckdb
import pytest

from augcon_lib.errors import WarehouseError
from augcon_lib.warehouse import Warehouse, migrations
from augcon_lib.warehouse.audits import invalid_rows
from augcon_lib.warehouse.datasets import read_dataset
from augcon_lib.warehouse.migrations import MIGRATIONS, SCHEMA_VERSION
from augcon_lib.warehouse.partitions import load_states, replace_partitions
from augcon_lib.warehouse.stage_rows import read_nodes
from augcon_lib.warehouse.versions import dataset_versions
from tests.support.rows import document, fill, nodes, output
from tests.support.states import SETTINGS

RELEASED = sorted(Path(__file__).with_name("released_schemas").glob("schema_*.sql"))
Columns = dict[tuple[str, str], str]


@pytest.fixture(params=RELEASED, ids=lambda path: path.stem)
def released(request: pytest.FixtureRequest, tmp_path: Path) -> Warehouse:
    return filled_from(request.param, tmp_path / "augcon.duckdb")


@pytest.fixture
def newest_released(tmp_path: Path) -> Warehouse:
    return filled_from(RELEASED[-1], tmp_path / "augcon.duckdb")


def filled_from(dump: Path, path: Path) -> Warehouse:
    with duckdb.connect(str(path)) as connection:
        connection.execute(dump.read_text(encoding="utf-8"))
    return Warehouse(path)


def columns(warehouse: Warehouse) -> Columns:
    with warehouse.read() as connection:
        found = connection.execute(
            "SELECT table_name, column_name, data_type FROM information_schema.columns"
        )
        return {(table, column): kind for table, column, kind in found.fetchall()}


def rows(path: Path) -> dict[str, list[dict[str, str | None]]]:
    """All rows by table, values as text (a NaN is equal to another), read without the product."""
    with duckdb.connect(str(path), read_only=True) as connection:
        tables = connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()
        found = {}
        for (table,) in tables:
            cursor = connection.execute(f'FROM "{table}"')
            names = [column[0] for column in cursor.description or ()]
            found[table] = [
                {n: None if v is None else str(v) for n, v in zip(names, row, strict=True)}
                for row in cursor.fetchall()
            ]
        return found


def test_there_is_a_step_for_every_number() -> None:
    assert sorted(MIGRATIONS) == list(range(2, SCHEMA_VERSION + 1))


def test_an_older_schema_becomes_the_one_of_a_new_file(released: Warehouse, tmp_path: Path) -> None:
    assert columns(released) == columns(Warehouse(tmp_path / "new.duckdb"))


def test_an_older_schema_keeps_every_value(released: Warehouse) -> None:
    before = rows(released.path)
    with released.write():
        pass
    after = rows(released.path)
    assert sum(map(len, before.values())) > 20
    for table, old in before.items():
        assert len(after[table]) == len(old)
        for row, kept in zip(old, after[table], strict=True):
            assert row.items() <= kept.items()
            assert all(kept[name] is None for name in kept.keys() - row.keys())


def test_the_dataset_of_an_older_schema_can_be_read_and_added_to(released: Warehouse) -> None:
    (version,) = dataset_versions(released)
    dataset = read_dataset(released)
    assert dataset["dataset_version"].to_list() == [version.dataset_version] * len(dataset)
    assert set(dataset["document_id"]) == {"tea.md"}
    assert invalid_rows(released, (), SETTINGS) == []
    assert load_states(released)["raw_corpus", "tea.md"].output_hash
    assert read_nodes(released, ["tea.md"])["tea.md"]
    replace_partitions(released, "raw_corpus", [output("b.md", [document("b.md")])], "run")
    replace_partitions(released, "cst_nodes", [output("b.md", nodes("b.md"))], "run")
    assert read_nodes(released, ["b.md"])["b.md"] == nodes("b.md")


@pytest.mark.parametrize("how", ["read", "write"])
def test_a_newer_schema_is_refused_by_name_and_version(tmp_path: Path, how: str) -> None:
    warehouse = Warehouse(tmp_path / "augcon.duckdb")
    fill(warehouse, ["a.md"])
    newer = SCHEMA_VERSION + 1
    with warehouse.write() as connection:
        connection.execute("INSERT INTO schema_version VALUES (?, '9.9.9')", [newer])
    before = rows(warehouse.path)
    said = rf"augcon\.duckdb .*augcon 9\.9\.9 .*schema {newer}; .*up to {SCHEMA_VERSION}\. Install"
    with pytest.raises(WarehouseError, match=said), getattr(warehouse, how)():
        pass
    assert rows(warehouse.path) == before


def test_a_process_that_goes_on_refuses_a_file_that_was_migrated_meanwhile(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path / "augcon.duckdb")
    fill(warehouse, ["a.md"])
    assert dataset_versions(warehouse)
    with duckdb.connect(str(warehouse.path)) as connection:
        connection.execute("INSERT INTO schema_version VALUES (99, '9.9.9')")
    with pytest.raises(WarehouseError, match=re.escape("9.9.9")):
        dataset_versions(warehouse)


def test_a_migration_that_is_cut_off_leaves_the_older_schema(
    newest_released: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = rows(newest_released.path)
    broken = {**MIGRATIONS, SCHEMA_VERSION: (*MIGRATIONS[SCHEMA_VERSION], "SELECT no_such_column")}
    with monkeypatch.context() as patched:
        patched.setattr(migrations, "MIGRATIONS", broken)
        with pytest.raises(Exception, match="no_such_column"):
            dataset_versions(newest_released)
    assert rows(newest_released.path) == before
    assert len(dataset_versions(newest_released)) == 1
