"""Options and arguments that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

WorkspaceOption = Annotated[
    Path | None,
    typer.Option(
        "--workspace",
        metavar="DIR",
        help="Folder with augcon.toml (default: AUGCON_WORKSPACE, else the nearest one upwards).",
    ),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print one JSON object on standard output.")
]
DatasetVersionOption = Annotated[
    str | None,
    typer.Option("--version", metavar="V", help="Dataset version (default: the current one)."),
]
AssetsArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="[query_scorer] [few_shot_examples]", help="Default: both."),
]
