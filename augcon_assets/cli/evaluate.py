"""``augcon evaluate``: measure a dataset version, as a run of the job ``evaluate``."""

import uuid
from pathlib import Path
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from augcon_assets.cli.console import console, print_json, workspace_at
from augcon_assets.cli.execute import execute_job
from augcon_assets.defs.evaluation import EVALUATION, evaluate_job
from augcon_assets.instance.processes import end_dead_runs
from augcon_assets.instance.workspace_instance import workspace_instance
from augcon_assets.session import Session

if TYPE_CHECKING:
    from augcon_lib.evaluation.evaluate import Evaluation


def evaluate_command(folder: Path | None, version: str | None, *, as_json: bool) -> None:
    """Measure *version* and print the figures; raise the error that stopped the run."""
    from augcon_lib.evaluation.evaluate import figures

    workspace = workspace_at(folder)
    session = Session(str(uuid.uuid4()))
    ops = {EVALUATION: {"config": {"version": version or ""}}}
    with workspace_instance(workspace) as instance:
        end_dead_runs(instance)
        execute_job(workspace, instance, session, evaluate_job.name, [EVALUATION], ops=ops)
    if session.stopped_by is not None:
        raise session.stopped_by
    assert session.evaluation is not None  # the run succeeded in this process
    if as_json:
        print_json(figures(session.evaluation))
    else:
        _print(session.evaluation)


def _print(evaluation: "Evaluation") -> None:
    from augcon_lib.evaluation.tables import lines
    from augcon_lib.evaluation.topics import TopicCoverage

    out = console()
    out.print(
        f"dataset version {evaluation.dataset_version}, {evaluation.measured_rows:,} of "
        f"{evaluation.rows:,} rows measured in {evaluation.seconds:.1f} s",
        markup=False,
    )
    table = Table("", "measure", box=None)
    table.add_column("value", justify="right")
    table.add_column("what it says")
    table.add_column("measured on")
    section = ""
    for line in lines(evaluation):
        shown = line.section if line.section != section else ""
        table.add_row(shown, line.name, line.written, escape(line.says), line.of)
        section = line.section
    out.print(table)
    topics = evaluation.topics
    for topic in topics.uncovered if isinstance(topics, TopicCoverage) else ():
        out.print(
            f"no query: {', '.join(topic.terms)} ({topic.sentences} sentences, "
            f"{topic.document_id}: {topic.example[:80]})",
            markup=False,
        )
