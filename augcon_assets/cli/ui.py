"""``augcon ui``: Dagster's UI and daemon on this workspace, on loopback."""

import os
import subprocess
import sys
from pathlib import Path

from augcon_assets.cli.console import error_console, workspace_at


def run_ui(folder: Path | None, port: int) -> int:
    """Run ``dagster dev`` until it is stopped; its exit code."""
    workspace = workspace_at(folder)
    workspace.dagster_home.mkdir(parents=True, exist_ok=True)
    environment = {
        **os.environ,
        "DAGSTER_HOME": str(workspace.dagster_home),
        "AUGCON_WORKSPACE": str(workspace.root),
    }
    command = [sys.executable, "-m", "dagster", "dev", "--module-name", "augcon_assets.definitions"]
    command += ["--host", "127.0.0.1", "--port", str(port)]
    error_console().print(f"Dagster on http://127.0.0.1:{port} (stop with Ctrl-C)", markup=False)
    try:
        return subprocess.run(command, env=environment, cwd=workspace.root, check=False).returncode
    except KeyboardInterrupt:
        return 0
