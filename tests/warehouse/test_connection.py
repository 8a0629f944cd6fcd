from pathlib import Path

import pytest

from augcon_lib.errors import WarehouseError
from augcon_lib.warehouse import Warehouse
from augcon_lib.warehouse.counts import totals


@pytest.mark.parametrize("place", ["file/augcon.duckdb", "file/deeper/augcon.duckdb"])
def test_a_place_that_cannot_be_written_is_one_clear_error(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(WarehouseError, match=r"cannot be written .*\[storage\] warehouse"):
        totals(Warehouse(tmp_path / place))


def test_a_lock_that_cannot_be_taken_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "augcon.duckdb.lock").mkdir()
    with pytest.raises(WarehouseError, match="cannot be written"):
        totals(Warehouse(tmp_path / "augcon.duckdb"))
