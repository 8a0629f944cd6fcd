"""What Dagster's own tools say of the repository."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.command_line import REPOSITORY, SCRIPTS, environment

# What `dagster definitions validate` says of itself, whatever it validates.
SUPERSEDED = "ignore:Function `definitions_validate_command` is superseded"


def tool(*command: str, env: dict[str, str]) -> str:
    done = subprocess.run(
        command,
        cwd=REPOSITORY,
        env=environment(env),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def dagster_home(tmp_path: Path) -> str:
    """A new instance with the repository's own settings."""
    shutil.copy(REPOSITORY / "dagster_home" / "dagster.yaml", tmp_path)
    return str(tmp_path)


@pytest.mark.parametrize("module", [(), ("-m", "augcon_lab.definitions")])
def test_dagster_validates_the_definitions_without_a_warning(
    dagster_home: str, module: tuple[str, ...]
) -> None:
    said = tool(
        sys.executable,
        *("-W", "always::DeprecationWarning:augcon_assets", "-W", SUPERSEDED),
        *("-m", "dagster", "definitions", "validate", *module),
        env={"DAGSTER_HOME": dagster_home},
    )
    assert "All code locations passed validation" in said
    assert "warning" not in said.lower()


def test_dg_checks_the_definitions_without_a_warning(dagster_home: str) -> None:
    env = {
        "DAGSTER_HOME": dagster_home,
        "VIRTUAL_ENV": sys.prefix,
        "DG_CLI_CONFIG": str(Path(dagster_home) / "dg.toml"),
    }
    said = tool(str(SCRIPTS / "dg"), "check", "defs", env=env)
    assert "All definitions loaded successfully" in said
    assert "warning" not in said.lower()
