"""The commands, their options and exit codes; what they do lives in a module each.

Heavy imports happen inside the commands, so that ``augcon --help`` is quick.
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
from augcon_lib.errors import AugconError, BudgetExceeded

app = typer.Typer(
    help="Keeps a supervised-fine-tuning dataset in step with a changing document store.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

WorkspaceOption = Annotated[
    Path | None,
    typer.Option(
        "--workspace",
        metavar="DIR",
        help="Folder with augcon.toml (default: the nearest one upwards).",
    ),
]
journal_commands = typer.Typer(
    help="Keep the journal of model calls small.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(journal_commands, name="journal")
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print one JSON object on standard output.")
]


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"augcon {version('augcon')}")
        raise typer.Exit


@app.callback()
def options(
    show_version: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", callback=_show_version, is_eager=True),
    ] = False,
) -> None:
    """Keeps a supervised-fine-tuning dataset in step with a changing document store."""


AssetsArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="[query_scorer] [few_shot_examples]", help="Default: both."),
]


def main() -> None:
    """Run the command line; an error that augcon raises on purpose is one clear message."""
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
        error_console().print("interrupted; nothing that a model answered is lost", markup=False)
        sys.exit(EXIT_INTERRUPTED)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)


@app.command()
def init(directory: Annotated[Path, typer.Argument(metavar="DIR")]) -> None:
    """Make a workspace in DIR."""
    from augcon_assets.cli.init import init_workspace

    init_workspace(directory)


@app.command()
def plan(workspace: WorkspaceOption = None, json: JsonOption = False) -> None:
    """Show what would run and why, and what it would cost; calls nothing."""
    from augcon_assets.cli.plan import show_plan

    show_plan(workspace, as_json=json)


@app.command()
def run(
    workspace: WorkspaceOption = None,
    documents: Annotated[
        list[str] | None,
        typer.Option("--documents", metavar="GLOB", help="Only these documents; repeatable."),
    ] = None,
    until: Annotated[
        str, typer.Option("--until", metavar="ASSET", help="No further than this asset.")
    ] = "sft_dataset",
    promote: Annotated[
        bool,
        typer.Option("--promote", help="Follow a new scorer or few-shot choice at once."),
    ] = False,
    retire: Annotated[
        str,
        typer.Option(
            "--retire",
            metavar="SET_ID",
            help="Agree that exactly this set of documents leaves the dataset.",
        ),
    ] = "",
    yes: Annotated[
        bool, typer.Option("--yes", help="Do not ask before a run that costs; retires nothing.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Follow the store and make what is stale, as Dagster runs."""
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
    """Train the scorer or search the examples again; the new version waits for promotion."""
    from augcon_assets.cli.promote import retrain_command

    sys.exit(retrain_command(workspace, assets or [], as_json=json))


@app.command()
def promote(
    assets: AssetsArgument = None,
    version: Annotated[
        str | None, typer.Option("--version", metavar="V", help="An earlier version instead.")
    ] = None,
    workspace: WorkspaceOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="Promote without asking.")] = False,
    json: JsonOption = False,
) -> None:
    """Show what a new scorer or few-shot choice would cost, and let the dataset follow it."""
    from augcon_assets.cli.promote import promote_command

    promote_command(workspace, assets or [], version, yes=yes, as_json=json)


@app.command()
def versions(workspace: WorkspaceOption = None, json: JsonOption = False) -> None:
    """List dataset versions: rows added and removed, what caused them, what they cost."""
    from augcon_assets.cli.versions import show_versions

    show_versions(workspace, as_json=json)


@app.command()
def status(workspace: WorkspaceOption = None, json: JsonOption = False) -> None:
    """Show documents, nodes, queries, responses, rows, and what they cost."""
    from augcon_assets.cli.status import show_status

    show_status(workspace, as_json=json)


@app.command()
def spend(
    by: Annotated[
        str, typer.Option("--by", metavar="GROUP", help="document, stage, day or model.")
    ] = "stage",
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Show what all model calls have cost, by document, stage, day or model."""
    from augcon_assets.cli.journal import show_spend

    show_spend(workspace, by, as_json=json)


@journal_commands.command("compact")
def journal_compact(workspace: WorkspaceOption = None) -> None:
    """Give unused space of the journal back to the disk."""
    from augcon_assets.cli.journal import compact_journal

    compact_journal(workspace)


@journal_commands.command("prune")
def journal_prune(
    older_than: Annotated[
        float,
        typer.Option("--older-than", metavar="DAYS", help="Answers of that age are forgotten."),
    ],
    workspace: WorkspaceOption = None,
) -> None:
    """Forget old answers, and compact; one that is asked for again is paid for again."""
    from augcon_assets.cli.journal import prune_journal

    prune_journal(workspace, older_than)


@journal_commands.command("recover")
def journal_recover(workspace: WorkspaceOption = None) -> None:
    """Keep what can still be read of a damaged journal; the damaged file stays beside it."""
    from augcon_assets.cli.journal import recover_journal

    recover_journal(workspace)


@journal_commands.command("forget-batches")
def journal_forget_batches(workspace: WorkspaceOption = None) -> None:
    """Give up batches whose answers were not fetched; asked again, they are paid again."""
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
    version: Annotated[
        str | None, typer.Option("--version", metavar="V", help="A dataset version.")
    ] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Check the export in DIR; write nothing.")
    ] = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Write the dataset for a trainer, or check what was written."""
    from augcon_assets.cli.export import export_command, verify_command

    if verify:
        return verify_command(directory)
    export_command(workspace, directory, format_name, version)


@app.command()
def benchmark(
    file: Annotated[Path, typer.Argument(metavar="FILE.jsonl")],
    strategy: Annotated[
        list[str] | None,
        typer.Option("--strategy", metavar="S", help="One of those compared (default: all)."),
    ] = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Compare strategies on questions that people wrote about passages."""
    from augcon_assets.cli.benchmark import run_benchmark

    sys.exit(run_benchmark(workspace, file, strategy or [], as_json=json))


@app.command()
def evaluate(
    version: Annotated[
        str | None, typer.Option("--version", metavar="V", help="A dataset version.")
    ] = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Measure a dataset version: diversity, topics, granularity, splits, faithfulness, scorer."""
    from augcon_assets.cli.evaluate import evaluate_command

    evaluate_command(workspace, version, as_json=json)


@app.command()
def report(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[OUT.html]", help="Default: report.html in the workspace."),
    ] = None,
    version: Annotated[
        str | None, typer.Option("--version", metavar="V", help="A dataset version.")
    ] = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Write one page with plots and tables of a dataset version."""
    from augcon_assets.cli.report import write_report

    write_report(workspace, file, version)


@app.command()
def doctor(workspace: WorkspaceOption = None, json: JsonOption = False) -> None:
    """Check settings, store, endpoint, model and key, and say what to mend."""
    from augcon_assets.cli.doctor import run_doctor

    sys.exit(run_doctor(workspace, as_json=json))


@app.command()
def ui(
    workspace: WorkspaceOption = None,
    port: Annotated[int, typer.Option("--port", metavar="N")] = 3000,
) -> None:
    """Start Dagster's UI and daemon on this workspace, on loopback."""
    from augcon_assets.cli.ui import run_ui

    run_ui(workspace, port)
