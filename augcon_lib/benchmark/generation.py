"""Generating from the passages alone, in a workspace of its own for the whole benchmark.

Each variant has its own warehouse; the journal is shared, so that what two variants ask alike is
paid for once, and a benchmark that was stopped goes on where it was.
"""

import json
import shutil
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from augcon_lib.benchmark.gold import GoldQuestion
from augcon_lib.benchmark.variants import variant_settings
from augcon_lib.model.journal import Journal
from augcon_lib.records import content_id
from augcon_lib.settings import SourceSettings, StorageSettings
from augcon_lib.stages.in_order import run_stale_stages
from augcon_lib.stages.stage_run import Progress, StageRun, no_progress
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
    """What a variant made, and what it needs for it, from the journal or not.

    ``output_tokens`` are those of the answers.
    """

    rows: tuple[GeneratedRow, ...]
    model_calls: int
    output_tokens: int
    issued_calls: int
    failed_documents: int


def benchmark_workspace(workspace: Workspace, gold: Sequence[GoldQuestion]) -> Workspace:
    """A workspace for the passages of *gold*, with the prompts and files of *workspace*.

    It lies beside the warehouse, and is the same one for the same passages.
    """
    passages = {each.passage_id: each.passage for each in gold}
    name = content_id("benchmark", *(part for item in passages.items() for part in item))
    root = workspace.warehouse_path.parent / "benchmark" / name
    root.mkdir(parents=True, exist_ok=True)
    lines = (
        json.dumps({"id": passage_id, "text": text}, ensure_ascii=False)
        for passage_id, text in passages.items()
    )
    (root / PASSAGES).write_text("\n".join(lines) + "\n", encoding="utf-8")
    for source in (workspace.principles_path, workspace.examples_path):
        shutil.copyfile(source, root / source.name)
    shutil.rmtree(root / "prompts", ignore_errors=True)
    if workspace.prompts_dir.is_dir():
        shutil.copytree(workspace.prompts_dir, root / "prompts")
    source_settings = SourceSettings(uri=PASSAGES, text_column="text", id_column="id")
    return Workspace(root, workspace.settings.model_copy(update={"source": source_settings}))


def generate(
    workspace: Workspace, variant: str, session_id: str, progress: Progress = no_progress
) -> Generated:
    """Make the dataset of *variant* in *workspace*, anew but for what the journal holds.

    Raises ``SettingsError``, ``EndpointError`` and ``BudgetExceeded``.
    """
    storage = StorageSettings(warehouse=f"state/{variant}.duckdb")
    settings = variant_settings(workspace.settings, variant)
    own = Workspace(workspace.root, settings.model_copy(update={"storage": storage}))
    for leftover in (own.warehouse_path, Path(f"{own.warehouse_path}.wal")):
        leftover.unlink(missing_ok=True)
    with closing(Journal(own.journal_path)) as journal:
        journal.forget_choices()  # those of the variant before
    run = StageRun(own, run_id=variant, session_id=session_id, progress=progress)
    with run.exclusive():
        reports = run_stale_stages(run)
    calls = [report.calls for report in reports.values() if report.calls]
    rows = read_dataset(run.warehouse).select("document_id", "query", "response").iter_rows()
    return Generated(
        rows=tuple(
            GeneratedRow(document_id.split("#", 1)[1], query, response)
            for document_id, query, response in rows
        ),
        model_calls=sum(each.answered + each.from_journal for each in calls),
        output_tokens=sum(each.output_tokens + each.replayed_output_tokens for each in calls),
        issued_calls=sum(each.issued for each in calls),
        failed_documents=max((report.failed for report in reports.values()), default=0),
    )
