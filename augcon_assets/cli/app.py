"""The commands, their options and exit codes. Each command is implemented in its own module, which
is imported when the command runs, so that ``augcon --help`` is quick.
"""

import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from augcon_assets.cli.console import (
    EXIT_BAD_INPUT,
    EXIT_BUDGET,
    EXIT_INTERRUPTED,
    error_console,
    print_json,
)
from augcon_assets.cli.options import (
    AssetsArgument,
    DatasetVersionOption,
    JsonOption,
    WorkspaceOption,
)
from augcon_lib.errors import AugconError, BudgetExceeded

app = typer.Typer(
    help="Keep a supervised fine-tuning dataset up to date with a changing document store.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
journal_commands = typer.Typer(
    help="Maintain the journal of model calls.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(journal_commands, name="journal")


def _show_version(requested: bool) -> None:
    if requested:
        typer.echo(f"augcon {version('augcon')}")
        raise typer.Exit


@app.callback()
def options(
    show_version: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", callback=_show_version, is_eager=True),
    ] = False,
) -> None:
    """Keep a supervised fine-tuning dataset up to date with a changing document store."""


def main() -> None:
    """Run the command line; print an ``AugconError`` as one message, without a traceback."""
    try:
        app()
    except BudgetExceeded as error:
        error_console().print(f"stopped by the budget: {error}", style="yellow", markup=False)
        sys.exit(EXIT_BUDGET)
    except AugconError as error:
        error_console().print(f"error: {error}", style="red", markup=False)
        if "--json" in sys.argv:
            print_json({"error": {"kind": type(error).__name__, "message": str(error)}})
        sys.exit(EXIT_BAD_INPUT)
    except KeyboardInterrupt:
        error_console().print("interrupted; all model answers are kept", markup=False)
        sys.exit(EXIT_INTERRUPTED)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)


@app.command()
def init(directory: Annotated[Path, typer.Argument(metavar="DIR")]) -> None:
    """Create a workspace in DIR."""
    from augcon_assets.cli.init import init_workspace

    init_workspace(directory)


@app.command()
def plan(workspace: WorkspaceOption = None, json: JsonOption = False) -> None:
    """Show what would run, why, and what it would cost. Calls no model and changes nothing."""
    from augcon_assets.cli.plan import show_plan

    show_plan(workspace, as_json=json)


@app.command()
def run(
    workspace: WorkspaceOption = None,
    documents: Annotated[
        list[str] | None,
        typer.Option(
            "--documents", metavar="GLOB", help="Process only matching documents; repeatable."
        ),
    ] = None,
    until: Annotated[
        str, typer.Option("--until", metavar="ASSET", help="Stop after this asset.")
    ] = "sft_dataset",
    promote: Annotated[
        bool,
        typer.Option("--promote", help="Promote a new scorer or few-shot choice at once."),
    ] = False,
    retire: Annotated[
        str,
        typer.Option(
            "--retire",
            metavar="SET_ID",
            help="Consent to retire exactly this set of documents from the dataset.",
        ),
    ] = "",
    yes: Annotated[
        bool,
        typer.Option("--yes", help="Run without asking; this is no consent to retire documents."),
    ] = False,
    json: JsonOption = False,
) -> None:
    """Follow the store and materialize what is stale. Executes Dagster runs in this process."""
    from augcon_assets.cli.run import run_command

    code = run_command(
        workspace,
        documents or [],
        until,
        promote=promote,
        retire=retire,
        yes=yes,
        as_json=json,
    )
    sys.exit(code)


@app.command()
def retrain(
    assets: AssetsArgument = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Train the scorer or search the examples again. The new version waits for promotion."""
    from augcon_assets.cli.promote import retrain_command

    sys.exit(retrain_command(workspace, assets or [], as_json=json))


@app.command()
def promote(
    assets: AssetsArgument = None,
    version: Annotated[
        str | None,
        typer.Option(
            "--version", metavar="V", help="Promote version V, for example an earlier one."
        ),
    ] = None,
    workspace: WorkspaceOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="Promote without asking.")] = False,
    json: JsonOption = False,
) -> None:
    """Show the cost of a new scorer or few-shot choice; promote it. The next run applies it."""
    from augcon_assets.cli.promote import promote_command

    promote_command(workspace, assets or [], version, yes=yes, as_json=json)


@app.command()
def versions(workspace: WorkspaceOption = None, json: JsonOption = False) -> None:
    """List dataset versions: rows added and removed, cause, cost."""
    from augcon_assets.cli.versions import show_versions

    show_versions(workspace, as_json=json)


@app.command()
def status(workspace: WorkspaceOption = None, json: JsonOption = False) -> None:
    """Show what is stored, stale or failed, and what it has cost."""
    from augcon_assets.cli.status import show_status

    show_status(workspace, as_json=json)


@app.command()
def spend(
    by: Annotated[
        str,
        typer.Option("--by", metavar="GROUP", help="Group by document, stage, day or model."),
    ] = "stage",
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Show the cost of model calls by document, stage, day or model."""
    from augcon_assets.cli.journal import show_spend

    show_spend(workspace, by, as_json=json)


@journal_commands.command("compact")
def journal_compact(workspace: WorkspaceOption = None) -> None:
    """Return unused space of the journal to the disk."""
    from augcon_assets.cli.journal import compact_journal

    compact_journal(workspace)


@journal_commands.command("prune")
def journal_prune(
    older_than: Annotated[
        float,
        typer.Option("--older-than", metavar="DAYS", help="Delete answers older than this."),
    ],
    workspace: WorkspaceOption = None,
) -> None:
    """Delete old answers and compact the journal. Answers needed again are paid for again."""
    from augcon_assets.cli.journal import prune_journal

    prune_journal(workspace, older_than)


@journal_commands.command("recover")
def journal_recover(workspace: WorkspaceOption = None) -> None:
    """Recover what is readable of a damaged journal. The damaged file is kept next to it."""
    from augcon_assets.cli.journal import recover_journal

    recover_journal(workspace)


@journal_commands.command("forget-batches")
def journal_forget_batches(workspace: WorkspaceOption = None) -> None:
    """Forget batches whose answers were not fetched. Requests sent again are paid for again."""
    from augcon_assets.cli.journal import forget_open_batches

    forget_open_batches(workspace)


@app.command()
def explain(row_id: str, workspace: WorkspaceOption = None, json: JsonOption = False) -> None:
    """Trace a row of the dataset back to the characters it came from."""
    from augcon_assets.cli.explain import show_lineage

    show_lineage(workspace, row_id, as_json=json)


@app.command()
def diff(
    old: Annotated[str | None, typer.Argument(help="Default: the version before NEW.")] = None,
    new: Annotated[str | None, typer.Argument(help="Default: the current version.")] = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Show rows added, kept and removed between two dataset versions."""
    from augcon_assets.cli.diff import show_diff

    show_diff(workspace, old, new, as_json=json)


@app.command()
def export(
    directory: Annotated[Path, typer.Argument(metavar="DIR")],
    format_name: Annotated[
        str,
        typer.Option(
            "--format", help="chat, alpaca, sharegpt, parquet, hf, text, or one of a package."
        ),
    ] = "chat",
    version: DatasetVersionOption = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Verify the export in DIR; write nothing.")
    ] = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Write the dataset for a trainer, or verify an export."""
    from augcon_assets.cli.export import export_command, verify_command

    if verify:
        return verify_command(directory)
    export_command(workspace, directory, format_name, version)


@app.command()
def benchmark(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE.jsonl", help="Rows with context, question and answers."),
    ],
    strategy: Annotated[
        list[str] | None,
        typer.Option(
            "--strategy", metavar="S", help="Compare only this strategy; repeatable (default: all)."
        ),
    ] = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Compare strategies on questions that people wrote."""
    from augcon_assets.cli.benchmark import run_benchmark

    sys.exit(run_benchmark(workspace, file, strategy or [], as_json=json))


@app.command()
def evaluate(
    version: DatasetVersionOption = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Measure a dataset version.

    Measures diversity, topics, granularity, splits, faithfulness and the scorer.
    """
    from augcon_assets.cli.evaluate import evaluate_command

    evaluate_command(workspace, version, as_json=json)


@app.command()
def report(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[OUT.html]", help="Default: report.html in the workspace."),
    ] = None,
    version: DatasetVersionOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Write an HTML page with plots and tables of a dataset version."""
    from augcon_assets.cli.report import write_report

    write_report(workspace, file, version)


@app.command()
def doctor(workspace: WorkspaceOption = None, json: JsonOption = False) -> None:
    """Check settings, store, endpoint, model and key. Print what to fix."""
    from augcon_assets.cli.doctor import run_doctor

    sys.exit(run_doctor(workspace, as_json=json))


@app.command()
def ui(
    workspace: WorkspaceOption = None,
    port: Annotated[
        int, typer.Option("--port", metavar="N", help="Port to listen on; 0 picks a free one.")
    ] = 3000,
) -> None:
    """Start Dagster's UI and daemon for this workspace, on loopback."""
    from augcon_assets.cli.ui import run_ui

    run_ui(workspace, port)
