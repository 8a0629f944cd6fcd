"""A tiny workspace, and all stages over what is stale in it: what Dagster does, in one loop."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from augcon_lib.settings import (
    ModelSettings,
    ResponsesSettings,
    ScorerSettings,
    Settings,
    TreeSettings,
)
from augcon_lib.stages.cst_nodes import run_cst_nodes
from augcon_lib.stages.few_shot_examples import run_few_shot_examples
from augcon_lib.stages.query_scorer import run_query_scorer
from augcon_lib.stages.raw_corpus import run_raw_corpus
from augcon_lib.stages.responses import run_responses
from augcon_lib.stages.scored_queries import run_scored_queries
from augcon_lib.stages.sft_dataset import run_sft_dataset
from augcon_lib.stages.stage_run import StageReport, StageRun
from augcon_lib.stages.store import stale_at, stale_in, sync_sources
from augcon_lib.workspace import Workspace

TEA = (
    "Green tea is brewed at eighty degrees. It stands for two minutes and is poured off at once. "
    "Black tea needs boiling water and stands for four minutes."
)
MILL = (
    "The mill at the harbour ran at night, when the pond was full. Two men kept the sluice. "
    "A sack of flour weighed 280 pounds and went to Bristol by boat."
)
SETTINGS = Settings().model_copy(
    update={
        "model": ModelSettings(max_concurrency=8),
        "tree": TreeSettings(max_context_chars=200, min_context_chars=60, max_rounds=2),
        "scorer": ScorerSettings(pairs_per_negative_kind=3, retrain_drift=0),
        "responses": ResponsesSettings(few_shot_count=1, search_trials=2),
    }
)
EXAMPLES = [
    {"context": "Salt melts ice.", "question": "What melts ice?", "answer": "Salt."},
    {"context": "Oil floats on water.", "question": "What floats on water?", "answer": "Oil."},
]


def make_workspace(
    root: Path, documents: Mapping[str, str], settings: Settings = SETTINGS
) -> Workspace:
    """A workspace at *root* with *documents* in its store."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "principles.md").write_text("Answer from the passage alone.", encoding="utf-8")
    lines = "".join(f"{json.dumps(example)}\n" for example in EXAMPLES)
    (root / "examples.jsonl").write_text(lines, encoding="utf-8")
    for name, text in documents.items():
        path = root / "documents" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return Workspace(root, settings)


def run_all(workspace: Workspace) -> dict[str, StageReport]:
    """Run each stage on what is stale at it; the reports of the stages that ran."""
    run = StageRun(workspace, run_id="run", session_id="session")
    listing, _ = sync_sources(run)
    sources = {entry.document_id: entry.source_sha256 for entry in listing.entries}
    stale = stale_in(run, sources).documents["raw_corpus"]
    reports: dict[str, StageReport] = {}
    entries = [entry for entry in listing.entries if entry.document_id in stale]
    if entries:
        reports["raw_corpus"] = run_raw_corpus(run, entries)

    def partitions(stage: str, function: Callable[[StageRun, list[str]], StageReport]) -> None:
        ids = stale_at(stage, run, list(sources))
        if ids:
            reports[stage] = function(run, ids)

    def whole(stage: str, function: Callable[[StageRun], StageReport]) -> None:
        if stage in stale_in(run, sources).unpartitioned:
            reports[stage] = function(run)

    partitions("cst_nodes", run_cst_nodes)
    whole("query_scorer", run_query_scorer)
    partitions("scored_queries", run_scored_queries)
    whole("few_shot_examples", run_few_shot_examples)
    partitions("responses", run_responses)
    whole("sft_dataset", run_sft_dataset)
    return reports
