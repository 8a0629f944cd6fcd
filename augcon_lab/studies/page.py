"""The result of a study: a page of Markdown, with its pictures in a folder next to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from augcon_lab.studies.inputs import StudyInputs
from augcon_lab.studies.spent import Spent
from augcon_lib.benchmark.comparison import OFFLINE_NOTE
from augcon_lib.model import model_identity

PICTURES = "pictures"

Cell = str | int | float


@dataclass(frozen=True, slots=True)
class Table:
    """Columns and rows; whole numbers get thousands separators, others three decimals."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]


@dataclass(frozen=True, slots=True)
class Picture:
    """A plot as PNG bytes; ``alt`` describes it in a sentence, for readers who cannot see it."""

    png: bytes
    caption: str
    alt: str


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, and texts, tables and pictures below it."""

    heading: str
    blocks: Sequence[str | Table | Picture]


@dataclass(frozen=True, slots=True)
class WhatWasRun:
    """How the figures were produced.

    ``model_calls`` and ``output_tokens`` are what the study needs, including answers from the
    journal; ``seconds`` is the time of this run.
    """

    corpora: Sequence[str]
    model: str
    offline: bool
    settings: Mapping[str, Cell]
    seed: int
    seconds: float
    model_calls: int
    output_tokens: int


@dataclass(frozen=True, slots=True)
class StudyPage:
    """A whole page; ``findings`` are sentences generated from the figures."""

    name: str
    title: str
    question: str
    what_was_run: WhatWasRun
    findings: Sequence[str]
    sections: Sequence[Section] = field(default_factory=tuple)


def what_was_run(
    inputs: StudyInputs,
    settings: Mapping[str, Cell],
    spent: Spent,
) -> WhatWasRun:
    """Return the facts that every page states: inputs, relevant *settings* and *spent*."""
    model = inputs.workspace.settings.model
    return WhatWasRun(
        corpora=[corpus.described for corpus in inputs.opened],
        model=model_identity(model),
        offline=model.provider == "offline",
        settings=settings,
        seed=inputs.seed,
        seconds=spent.seconds,
        model_calls=spent.model_calls,
        output_tokens=spent.output_tokens,
    )


def write_page(page: StudyPage, folder: Path) -> list[Path]:
    """Write ``<folder>/<name>.md`` and its pictures; return the paths, the page first.

    Removes pictures of an earlier page of that name that are no longer used. The same page gives
    the same bytes.
    """
    pictures = _pictures(page)
    (folder / PICTURES).mkdir(parents=True, exist_ok=True)
    for old in (folder / PICTURES).glob(f"{page.name}-*.png"):
        if old.stem.removeprefix(f"{page.name}-").isdecimal() and old.name not in pictures:
            old.unlink()
    for name, picture in pictures.items():
        (folder / PICTURES / name).write_bytes(picture.png)
    path = folder / f"{page.name}.md"
    path.write_text(page_markdown(page), encoding="utf-8")
    return [path, *(folder / PICTURES / name for name in pictures)]


def page_markdown(page: StudyPage) -> str:
    """Return the page as Markdown; pictures are links to ``pictures/<name>-<k>.png``."""
    files = iter(_pictures(page))
    parts = [f"# {page.title}", page.question, "## Findings"]
    if page.what_was_run.offline:
        parts.append(f"**{OFFLINE_NOTE}**")
    parts.append("\n".join(f"- {finding}" for finding in page.findings))
    for section in page.sections:
        parts.append(f"## {section.heading}")
        for block in section.blocks:
            if isinstance(block, Picture):
                parts += [f"![{block.alt}]({PICTURES}/{next(files)})", f"*{block.caption}*"]
            else:
                parts.append(block if isinstance(block, str) else _table(block))
    parts += ["## What was run", _what_was_run(page)]
    return "\n\n".join(parts) + "\n"


def _what_was_run(page: StudyPage) -> str:
    run = page.what_was_run
    settings = ", ".join(f"`{name}` {_cell(value)}" for name, value in run.settings.items())
    facts = [
        *(f"Corpus {corpus}" for corpus in run.corpora),
        f"Model `{run.model}`: {run.model_calls:,} calls, {run.output_tokens:,} output tokens "
        "(answers found in the journal count, too)",
        *([f"Settings: {settings}"] if settings else []),
        f"Seed {run.seed}; {run.seconds:.0f} s, including what the journal gave",
        f"Job `study_{page.name}`; the command is in [README.md](README.md)",
    ]
    return "\n".join(f"- {fact}" for fact in facts)


def _pictures(page: StudyPage) -> dict[str, Picture]:
    """Return the pictures by file name, in the order of the page."""
    found = [b for section in page.sections for b in section.blocks if isinstance(b, Picture)]
    return {f"{page.name}-{number}.png": each for number, each in enumerate(found, start=1)}


def _table(table: Table) -> str:
    numeric = [
        all(not isinstance(row[place], str) for row in table.rows)
        for place in range(len(table.columns))
    ]
    lines = [
        list(table.columns),
        ["--:" if each else "---" for each in numeric],
        *([_cell(value) for value in row] for row in table.rows),
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(value: Cell) -> str:
    if isinstance(value, bool | str):
        return str(value).replace("|", "\\|").replace("\n", " ")
    if isinstance(value, int):
        return f"{value:,}"
    return "–" if value != value else f"{value:.3f}"
