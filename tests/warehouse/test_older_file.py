"""A warehouse that an older version made, without the columns that have been added since."""

from pathlib import Path

import duckdb
import pytest

from augcon_lib.warehouse import Warehouse
from augcon_lib.warehouse.partitions import replace_partitions
from augcon_lib.warehouse.stages import read_nodes
from tests.support.rows import document, fill, nodes, output


@pytest.fixture
def older(tmp_path: Path) -> Warehouse:
    warehouse = Warehouse(tmp_path / "augcon.duckdb")
    fill(warehouse, ["a.md"])
    with duckdb.connect(str(warehouse.path)) as connection:
        connection.execute("ALTER TABLE cst_nodes DROP COLUMN answer")
        connection.execute("DROP VIEW sft_dataset")
        connection.execute("ALTER TABLE dataset_rows DROP COLUMN stale")
        connection.execute("CREATE VIEW sft_dataset AS SELECT row_id, query FROM dataset_rows")
    return Warehouse(warehouse.path)


def test_its_rows_can_be_read(older: Warehouse) -> None:
    assert read_nodes(older, ["a.md"])["a.md"] == nodes("a.md")


def test_rows_can_be_added_to_it(older: Warehouse) -> None:
    replace_partitions(older, "raw_corpus", [output("b.md", [document("b.md")])], "run")
    replace_partitions(older, "cst_nodes", [output("b.md", nodes("b.md"))], "run")
    assert read_nodes(older, ["a.md", "b.md"])["b.md"] == nodes("b.md")


def test_its_view_of_the_dataset_has_the_new_columns(older: Warehouse) -> None:
    with older.read() as connection:
        names = [column[0] for column in connection.execute("FROM sft_dataset").description or ()]
    assert {"dataset_version", "response", "stale"} <= set(names)
