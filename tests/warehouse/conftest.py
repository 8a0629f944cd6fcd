import shutil
from pathlib import Path

import pytest

from augcon_lib.warehouse import Warehouse
from tests.support.rows import ODD, fill


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(tmp_path / "state" / "augcon.duckdb")


@pytest.fixture(scope="session")
def filled_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("filled") / "augcon.duckdb"
    fill(Warehouse(path), ["plain.md", ODD])
    return path


@pytest.fixture
def filled(filled_once: Path, warehouse: Warehouse) -> Warehouse:
    """A warehouse with ``plain.md`` and the odd document, of a test's own."""
    warehouse.path.parent.mkdir()
    shutil.copy(filled_once, warehouse.path)
    return warehouse
