"""Workspaces that released versions made, opened by the present code.

Data files of an export and ``lineage.jsonl`` are byte for byte what they were; a later version may
write further files beside them.
"""

import hashlib
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from augcon_assets.cli.app import app
from tests.e2e.command_line import augcon_json

OLDER = Path(__file__).parents[1] / "data" / "older_workspaces"
RELEASES = sorted(path.parent for path in OLDER.glob("*/workspace.tar.gz"))
SOME_DOCUMENT_FAILED = 1  # the broken one


@pytest.fixture(scope="module", params=RELEASES, ids=lambda folder: folder.name)
def release(request: pytest.FixtureRequest) -> Path:
    """The folder of a release."""
    return Path(request.param)


@pytest.fixture(scope="module")
def expected(release: Path) -> dict[str, Any]:
    """What that release said of its workspace."""
    found: dict[str, Any] = json.loads((release / "expected.json").read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def opened(release: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of its workspace, which no command has opened yet."""
    folder = tmp_path_factory.mktemp("older")
    with tarfile.open(release / "workspace.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    return folder / "workspace"


@pytest.fixture(scope="module")
def status(opened: Path) -> dict[str, Any]:
    """The first command: what the present code finds."""
    return augcon_json(opened, "status")


@pytest.fixture(scope="module")
def plan(opened: Path, status: dict[str, Any]) -> dict[str, Any]:
    """The second command."""
    return augcon_json(opened, "plan")


@pytest.fixture(scope="module")
def run(opened: Path, plan: dict[str, Any]) -> dict[str, Any]:
    """The third command."""
    return augcon_json(opened, "run", "--yes", code=SOME_DOCUMENT_FAILED)


def test_it_opens_with_its_dataset(status: dict[str, Any], expected: dict[str, Any]) -> None:
    assert status["dataset_version"] == expected["dataset_versions"][-1]


def test_what_is_planned_calls_no_model(plan: dict[str, Any]) -> None:
    assert plan["stages"]["total"]["model_calls"] == {"low": 0, "high": 0}
    assert plan["deleted"] == []


def test_a_run_calls_no_model_and_makes_the_same_dataset(
    run: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert run["model_calls"]["issued"] == 0
    assert run["dataset_version"] == expected["dataset_versions"][-1]
    assert (run["rows"]["added"], run["rows"]["removed"]) == (0, 0)


def test_what_was_promoted_stays_so_and_nothing_new_waits(
    opened: Path, run: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert expected["promoted"]
    assert augcon_json(opened, "promote")["promotions"] == []


def test_a_second_run_has_nothing_to_do(opened: Path, run: dict[str, Any]) -> None:
    planned = augcon_json(opened, "plan")
    assert planned["stale"] == {}
    assert planned["unpartitioned"] == {}


def test_exports_are_byte_identical_before_and_after_the_run(
    release: Path, opened: Path, run: dict[str, Any], expected: dict[str, Any], tmp_path: Path
) -> None:
    assert len(expected["dataset_versions"]) > 1
    with tarfile.open(release / "workspace.tar.gz") as archive:
        archive.extractall(tmp_path, filter="data")
    for workspace in (tmp_path / "workspace", opened):
        for name, files in expected["exports_sha256"].items():
            format_name, _, version = name.partition(" of ")
            target = tmp_path / f"{workspace.parent.name} {name}"
            asked = ["export", str(target), "--format", format_name, "--workspace", str(workspace)]
            done = CliRunner().invoke(app, [*asked, *(["--version", version] if version else [])])
            assert done.exit_code == 0, done.output
            found = {
                file: hashlib.sha256((target / file).read_bytes()).hexdigest() for file in files
            }
            assert found == files, name
