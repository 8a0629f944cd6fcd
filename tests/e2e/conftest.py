from pathlib import Path
from typing import Any

import pytest

from tests.e2e.command_line import augcon_json, copy_workspace, new_workspace

SLOWEST = "test_following.py"  # waits for a daemon most of the time


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests here; begin with the slowest, which others can run beside."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.e2e)
    items.sort(key=lambda item: (item.path.name != SLOWEST, here not in item.path.parents))


@pytest.fixture(scope="session")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace that never ran; copied, never changed."""
    return new_workspace(tmp_path_factory.mktemp("fresh") / "workspace")


@pytest.fixture(scope="session")
def first_run(fresh: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A workspace after its first run with the offline provider, and what the run printed."""
    workspace = copy_workspace(fresh, tmp_path_factory.mktemp("first") / "workspace")
    return workspace, augcon_json(workspace, "run", code=1)


@pytest.fixture(scope="session")
def made(first_run: tuple[Path, dict[str, Any]]) -> Path:
    """The workspace after its first run."""
    return first_run[0]
