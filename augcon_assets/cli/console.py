"""Exit codes, consoles and JSON output that all commands share."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from augcon_assets.cli.safe_console import SafeConsole
from augcon_lib.settings import workspace_folder
from augcon_lib.text.printable import printable_json
from augcon_lib.workspace import Workspace, find_workspace, open_workspace

EXIT_DONE = 0
EXIT_SOME_FAILED = 1
EXIT_BAD_INPUT = 2
EXIT_BUDGET = 3
EXIT_INTERRUPTED = 130

PLAIN_WIDTH = 140


def console() -> Console:
    """Return a console for standard output: plain text and fixed table width if redirected."""
    width = None if sys.stdout.isatty() else PLAIN_WIDTH
    return SafeConsole(highlight=False, soft_wrap=True, width=width)


def error_console() -> Console:
    """Return a console for standard error, which shows progress and messages."""
    width = None if sys.stderr.isatty() else PLAIN_WIDTH
    return SafeConsole(stderr=True, highlight=False, soft_wrap=True, width=width)


def at_terminal() -> bool:
    """Whether a person can be asked: neither input nor messages are redirected."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def print_json(value: Any) -> None:
    """Print *value* as one JSON object on standard output, safe for a terminal."""
    text = json.dumps(value, ensure_ascii=False, indent=2, default=str)
    sys.stdout.write(printable_json(text) + "\n")


def print_unmatched(out: Console, patterns: Sequence[str]) -> None:
    """Print a line for each include pattern that matches no file."""
    for pattern in patterns:
        out.print(f"[source] include: {pattern} matches no file", style="yellow", markup=False)


def workspace_at(folder: Path | None) -> Workspace:
    """Open the workspace that a command works on; raises ``SettingsError``."""
    return open_workspace(find_workspace(folder or workspace_folder()))
