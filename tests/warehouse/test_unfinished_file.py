"""A warehouse whose maker was killed between making the file and its tables."""

from pathlib import Path

import duckdb

from augcon_lib.warehouse import Warehouse
from augcon_lib.warehouse.counts import totals
from augcon_lib.warehouse.partitions import load_states


def test_a_reader_finds_all_tables_in_a_file_that_was_left_without(tmp_path: Path) -> None:
    path = tmp_path / "state" / "augcon.duckdb"
    path.parent.mkdir()
    duckdb.connect(str(path)).close()
    assert load_states(Warehouse(path)) == {}
    assert totals(Warehouse(path))["documents"] == 0
