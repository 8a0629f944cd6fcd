import shutil
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from augcon_assets.cli.summary import Outcome
from augcon_assets.instance.workspace_instance import workspace_instance
from augcon_lib.workspace import Workspace, open_workspace
from tests.support.workspaces import bring_up_to_date, make_workspace


def leave_clean(patch: pytest.MonkeyPatch) -> None:
    for name in ("AUGCON_WORKSPACE", "DAGSTER_HOME"):
        patch.setenv(name, "")
        patch.delenv(name)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What opening an instance leaves in the environment is gone after each test."""
    leave_clean(monkeypatch)


@pytest.fixture(scope="session")
def first_sync(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, Outcome]:
    """A workspace after its first sync; to look at, never to change."""
    with pytest.MonkeyPatch.context() as patch:
        leave_clean(patch)
        workspace = make_workspace(tmp_path_factory.mktemp("first") / "workspace")
        with workspace_instance(workspace) as instance:
            return workspace, bring_up_to_date(workspace, instance)


@pytest.fixture
def workspace(first_sync: tuple[Workspace, Outcome], tmp_path: Path) -> Workspace:
    """A copy of the synced workspace, to be changed at will."""
    shutil.copytree(first_sync[0].root, tmp_path / "copy")
    return open_workspace(tmp_path / "copy")


@pytest.fixture
def instance(workspace: Workspace) -> Iterator[dg.DagsterInstance]:
    """The instance of ``workspace``."""
    with workspace_instance(workspace) as opened:
        yield opened


@pytest.fixture
def first_instance(first_sync: tuple[Workspace, Outcome]) -> Iterator[dg.DagsterInstance]:
    """The instance after the first sync; to look at, never to change."""
    with workspace_instance(first_sync[0]) as opened:
        yield opened
