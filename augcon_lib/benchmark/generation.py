"""Generate in a separate workspace, next to the warehouse, for benchmarks and studies.

Each trial has its own warehouse; all share one journal, so that equal requests are paid for once,
and a stopped trial continues where it was.
"""

import filecmp
import json
import os
import shutil
from collections.abc import Collection, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from augcon_lib.benchmark.gold import GoldQuestion
from augcon_lib.model.endpoints.stats import CallStats
from augcon_lib.model.journal import Journal
from augcon_lib.pipeline import StageName
from augcon_lib.queries.linear_scorer import Scorer
from augcon_lib.records import content_id
from augcon_lib.settings import Settings, SourceSettings, StorageSettings
from augcon_lib.stages.run_all import run_stale_stages
from augcon_lib.stages.stage_run import Progress, StageReport, StageRun, no_progress
from augcon_lib.strategies import ChooseStrategy, strategy_for
from augcon_lib.warehouse.datasets import read_dataset
from augcon_lib.workspace import Workspace

PASSAGES = "passages.jsonl"


@dataclass(frozen=True, slots=True)
class GeneratedRow:
    """A row of the dataset made from the passages."""

    passage_id: str
    query: str
    response: str


@dataclass(frozen=True, slots=True)
class Generated:
    """The rows of a trial, and the answers that it needs, from the journal or not.

    ``output_tokens`` are those of the answers.
    """

    rows: tuple[GeneratedRow, ...]
    model_calls: int
    output_tokens: int
    issued_calls: int
    failed_documents: int


@dataclass(frozen=True)
class Trial:
    """Stages that were run in a separate warehouse: the run, and their reports by name."""

    run: StageRun
    reports: Mapping[StageName, StageReport]

    @property
    def model_calls(self) -> int:
        """Answers that the trial needs by itself, from the journal or not."""
        return sum(each.needed_calls for each in self._calls)

    @property
    def output_tokens(self) -> int:
        """Tokens of those answers."""
        return sum(each.needed_output_tokens for each in self._calls)

    @property
    def issued_calls(self) -> int:
        """Calls that were made now, because they were not in the journal."""
        return sum(each.issued for each in self._calls)

    @property
    def failed_documents(self) -> int:
        """The number of failed documents in the stage with most failures."""
        return max((report.failed for report in self.reports.values()), default=0)

    @property
    def _calls(self) -> list[CallStats]:
        return [report.calls for report in self.reports.values() if report.calls]


def passages_workspace(workspace: Workspace, gold: Sequence[GoldQuestion]) -> Workspace:
    """A workspace for the passages of *gold*, the same one for the same passages."""
    passages = {each.passage_id: each.passage for each in gold}
    name = content_id("benchmark", *(part for item in passages.items() for part in item))
    source = SourceSettings(uri=PASSAGES, text_column="text", id_column="id")
    own = trial_workspace(workspace, name, source)
    lines = (
        json.dumps({"id": passage_id, "text": text}, ensure_ascii=False)
        for passage_id, text in passages.items()
    )
    (own.root / PASSAGES).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return own


def trial_workspace(workspace: Workspace, name: str, source: SourceSettings) -> Workspace:
    """A workspace of *source*, with the settings, prompts and files of *workspace*.

    Its folder lies beside the warehouse and is called *name*.
    """
    root = workspace.warehouse_path.parent / "benchmark" / name
    root.mkdir(parents=True, exist_ok=True)
    own = Workspace(root, workspace.settings.model_copy(update={"source": source}))
    for file in (workspace.principles_path, workspace.examples_path):
        _mirror(file, root / file.name)
    written = {path.relative_to(workspace.prompts_dir) for path in _files(workspace.prompts_dir)}
    for path in written:
        _mirror(workspace.prompts_dir / path, own.prompts_dir / path)
    for path in _files(own.prompts_dir):
        if path.relative_to(own.prompts_dir) not in written:
            path.unlink()
    return own


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def _mirror(file: Path, copy: Path) -> None:
    """Make *copy* equal *file* in one step: another study may be reading it."""
    if copy.is_file() and filecmp.cmp(file, copy, shallow=False):
        return
    copy.parent.mkdir(parents=True, exist_ok=True)
    made = copy.with_name(f".{copy.name}.{os.getpid()}")
    shutil.copyfile(file, made)
    made.replace(copy)


def run_trial(
    workspace: Workspace,
    name: str,
    settings: Settings,
    session_id: str,
    progress: Progress = no_progress,
    *,
    until: StageName = "sft_dataset",
    documents: Collection[str] | None = None,
    choose_strategy: ChooseStrategy = strategy_for,
    scorer: Scorer | None = None,
) -> Trial:
    """Run the stages up to *until* in *workspace* from scratch, except for the journal.

    *workspace* is one of :func:`trial_workspace`; its warehouse is called after *name* and has
    the source of *workspace*, else *settings*. Trials of one workspace wait for each other.
    Raises ``SettingsError``, ``EndpointError`` and ``BudgetExceeded``.
    """
    warehouse = workspace.root.parent / f"{workspace.root.name}-{name}.duckdb"
    storage = StorageSettings(warehouse=str(warehouse.resolve()))
    changes = {"source": workspace.settings.source, "storage": storage}
    own = Workspace(workspace.root, settings.model_copy(update=changes))
    run = StageRun(own, run_id=name, session_id=session_id, progress=progress)
    with run.exclusive():
        for leftover in (own.warehouse_path, Path(f"{own.warehouse_path}.wal")):
            leftover.unlink(missing_ok=True)
        with closing(Journal(own.journal_path)) as journal:
            journal.forget_choices()  # those of the trial before
        reports = run_stale_stages(
            run, until=until, documents=documents, choose_strategy=choose_strategy, scorer=scorer
        )
        return Trial(run, reports)


def generate(
    workspace: Workspace,
    name: str,
    settings: Settings,
    session_id: str,
    progress: Progress = no_progress,
) -> Generated:
    """Make a whole dataset by :func:`run_trial`, and read it."""
    return generated(run_trial(workspace, name, settings, session_id, progress))


def generated(trial: Trial) -> Generated:
    """Return the dataset of *trial*, which ran all stages."""
    return Generated(
        rows=rows_of(trial),
        model_calls=trial.model_calls,
        output_tokens=trial.output_tokens,
        issued_calls=trial.issued_calls,
        failed_documents=trial.failed_documents,
    )


def rows_of(trial: Trial) -> tuple[GeneratedRow, ...]:
    """Return the rows of the dataset of *trial*."""
    rows = read_dataset(trial.run.warehouse).select("document_id", "query", "response").iter_rows()
    return tuple(
        GeneratedRow(passage_of(document_id), query, response)
        for document_id, query, response in rows
    )


def passage_of(document_id: str) -> str:
    """Return the passage in a document of a trial; for other stores the document itself."""
    name, _, passage_id = document_id.partition("#")
    return passage_id if name == PASSAGES else document_id
