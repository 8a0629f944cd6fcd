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
    return Warehouse(warehouse.path)


def test_its_rows_can_be_read(older: Warehouse) -> None:
    assert read_nodes(older, ["a.md"])["a.md"] == nodes("a.md")


def test_rows_can_be_added_to_it(older: Warehouse) -> None:
    replace_partitions(older, "raw_corpus", [output("b.md", [document("b.md")])], "run")
    replace_partitions(older, "cst_nodes", [output("b.md", nodes("b.md"))], "run")
    assert read_nodes(older, ["a.md", "b.md"])["b.md"] == nodes("b.md")
