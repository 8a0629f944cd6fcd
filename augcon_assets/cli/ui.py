"""``augcon ui``: Dagster's UI and daemon on this workspace, on loopback."""

import os
import sys
from pathlib import Path
from typing import NoReturn

from augcon_assets.cli.console import error_console, workspace_at


def run_ui(folder: Path | None, port: int) -> NoReturn:
    """Become ``dagster dev``, so that signals reach it and its exit code is ours."""
    workspace = workspace_at(folder)
    workspace.dagster_home.mkdir(parents=True, exist_ok=True)
    environment = {
        **os.environ,
        "DAGSTER_HOME": str(workspace.dagster_home),
        "AUGCON_WORKSPACE": str(workspace.root),
    }
    # Dagster recommends `dg dev` in its place, which wants a project of its own around it.
    quiet = ["-W", "ignore:Function `dev_command` is superseded"]
    command = [sys.executable, *quiet, "-m", "dagster", "dev"]
    command += ["--workspace", str(workspace.root / "workspace.yaml")]
    command += ["--host", "127.0.0.1", "--port", str(port)]
    error_console().print(f"Dagster on http://127.0.0.1:{port} (stop with Ctrl-C)", markup=False)
    os.chdir(workspace.root)
    os.execve(sys.executable, command, environment)
