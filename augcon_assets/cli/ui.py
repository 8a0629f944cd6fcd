"""``augcon ui``: serve Dagster's UI and daemon for this workspace, on loopback."""

from pathlib import Path

from rich.console import Console

from augcon_assets.cli.console import error_console, workspace_at
from augcon_assets.cli.plan import collect_plan, print_plan
from augcon_lib.errors import AugconError
from augcon_lib.stages.stage_run import StageRun
from augcon_lib.workspace import Workspace

FOLLOWING = {
    "on": "sensor and schedules are running and call the model without asking",
    "ask": "sensor and schedules are paused until you turn them on (Automation, in the UI)",
    "off": "sensor and schedules request no runs",
}


def run_ui(folder: Path | None, port: int) -> None:
    """Show what is pending, then serve until a signal stops it."""
    from augcon_assets.ui.server import listen, serve, stopping_on_signals

    workspace = workspace_at(folder)
    out = error_console()

    def ready(address: str) -> None:
        out.print(f"serving {address}", markup=False)
        out.print("anyone with this address can use the UI; stop with Ctrl-C", markup=False)

    with stopping_on_signals():
        try:
            listening = listen(port)
            show_pending(out, workspace)
            out.print("starting Dagster ...", markup=False)
            serve(workspace, listening, ready)
        except KeyboardInterrupt:
            out.print("stopped", markup=False)


def show_pending(out: Console, workspace: Workspace) -> None:
    """Print what following the store would do and cost now, and whether it starts by itself.

    A workspace that cannot be planned can still be viewed: print the error instead.
    """
    out.print("pending:", markup=False)
    try:
        print_plan(out, collect_plan(StageRun(workspace)))
    except AugconError as error:
        out.print(f"error: {error}", style="red", markup=False)
    follow = workspace.settings.automation.follow
    out.print(f'[automation] follow = "{follow}": {FOLLOWING[follow]}', markup=False)
