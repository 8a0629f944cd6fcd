"""Workspaces with tiny documents, and the way to bring them up to date without the command line."""

import shutil
from collections.abc import Mapping
from importlib.resources import as_file, files
from pathlib import Path

import dagster as dg
from rich.console import Console

from augcon_assets.cli.progress import RunProgress
from augcon_assets.cli.run import follow
from augcon_assets.cli.summary import Outcome
from augcon_lib.workspace import Workspace, open_workspace

TIDES = """# Tides

The mill by the tide ran at night, because the pond behind the dam was full by then. Two men kept
the sluice, and one of them wrote down when the water turned. The book is in the museum of the town.

Flour from the mill went to Bristol by boat. A sack weighed 280 pounds and cost eleven shillings in
1843. The boat took nine hours with the wind and two days without it.
"""
ODD = """# Bees

A hive of bees holds about forty thousand workers in June. They fly three kilometres for heather and
come back with a load of half their own weight. In winter the colony shrinks to a ball round its
queen and lives on twenty kilograms of honey.
"""
EGGS = """# 鸡蛋羹

把两个鸡蛋打散，加入一点盐和温水搅匀。水的量是蛋液的一倍半，太少会老，太多会散。
撇去表面的泡沫，盖上盘子，用中火蒸十分钟。出锅以后淋上香油和酱油，趁热吃。
"""
BROKEN_PDF = b"%PDF-1.4\nthis is no document\n"

DOCUMENTS: Mapping[str, str | bytes] = {
    "tides.md": TIDES,
    'it\'s "odd" and... 100%.md': ODD,
    "recipes/鸡蛋羹.md": EGGS,
    "broken.pdf": BROKEN_PDF,
}
GOOD = ('it\'s "odd" and... 100%.md', "recipes/鸡蛋羹.md", "tides.md")
BAD = "broken.pdf"

SETTINGS: Mapping[str, Mapping[str, object]] = {
    "tree": {"min_context_chars": 60, "max_rounds": 2},
    "scorer": {"pairs_per_negative_kind": 3},
    "responses": {"few_shot_count": 1, "search_trials": 2},
}


def make_workspace(
    root: Path,
    documents: Mapping[str, str | bytes] = DOCUMENTS,
    settings: Mapping[str, Mapping[str, object]] = SETTINGS,
) -> Workspace:
    """A workspace at *root* from the packaged template, with few and small model calls."""
    with as_file(files("augcon_assets").joinpath("template")) as template:
        shutil.copytree(template, root)
    (root / "augcon.toml").write_text(toml(settings), encoding="utf-8")
    for name, content in documents.items():
        put(root, name, content)
    return open_workspace(root)


def put(root: Path, name: str, content: str | bytes) -> None:
    """Write a document into the store of the workspace at *root*."""
    path = root / "documents" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def toml(settings: Mapping[str, Mapping[str, object]]) -> str:
    """*settings*, whose values are numbers and plain strings, as TOML."""

    def line(name: str, value: object) -> str:
        return f'{name} = "{value}"' if isinstance(value, str) else f"{name} = {value}"

    return "\n".join(
        "\n".join([f"[{section}]", *(line(*item) for item in values.items())])
        for section, values in settings.items()
    )


def bring_up_to_date(
    workspace: Workspace, instance: dg.DagsterInstance, until: str = "sft_dataset", *globs: str
) -> Outcome:
    """What ``augcon run`` does, without its output."""
    with RunProgress(Console(quiet=True)) as progress:
        return follow(workspace, instance, progress, globs, until)
