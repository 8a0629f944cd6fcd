"""``augcon benchmark``: compare strategies on questions that people wrote."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.table import Table

from augcon_assets.cli.console import (
    EXIT_DONE,
    EXIT_SOME_FAILED,
    console,
    error_console,
    print_json,
    workspace_at,
)
from augcon_assets.cli.progress import RunProgress
from augcon_lib.benchmark.comparison import compare
from augcon_lib.benchmark.measures import QUESTION_MEASURES


def run_benchmark(
    folder: Path | None, file: Path, strategies: Sequence[str], *, as_json: bool
) -> int:
    """Generate and measure, print the result, and return the exit code."""

    def progress_of(name: str) -> RunProgress:
        error_console().print(f"strategy {name}", markup=False)
        return RunProgress(error_console())

    report = compare(workspace_at(folder), file, strategies, progress_of)
    if as_json:
        print_json(report)
    else:
        _print_table(report)
    failed = any(result["failed_documents"] for result in report["strategies"].values())
    return EXIT_SOME_FAILED if failed else EXIT_DONE


def _print_table(report: dict[str, Any]) -> None:
    out = console()
    out.print(
        f"{report['file']}: {report['questions']:,} questions on {report['passages']:,} passages, "
        f"model {report['model']}, {report['seconds']:.0f} s; 95 % intervals over passages",
        markup=False,
    )
    columns = ("strategy", *QUESTION_MEASURES, "distinct_2", "rows", "model_calls", "output_tokens")
    table = Table(*columns, box=None)
    for name, result in report["strategies"].items():
        shown = []
        for each in QUESTION_MEASURES:
            low, high = result["ci95"][each]
            shown.append(f"{result[each]:.3f} ({low:.3f}-{high:.3f})")
        counts = (f"{result[key]:,}" for key in ("rows", "model_calls", "output_tokens"))
        table.add_row(name, *shown, f"{result['distinct_2']:.3f}", *counts)
    out.print(table)
    if "note" in report:
        out.print(report["note"], markup=False)
