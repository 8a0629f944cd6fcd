"""A tiny workspace, and all stages over what is stale in it: what Dagster does, in one loop."""

import json
from collections.abc import Mapping
from pathlib import Path

from augcon_lib.settings import (
    ModelSettings,
    ResponsesSettings,
    ScorerSettings,
    Settings,
    TreeSettings,
)
from augcon_lib.stages.run_all import run_stale_stages
from augcon_lib.stages.stage_run import StageReport, StageRun
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
    return run_stale_stages(StageRun(workspace, run_id="run", session_id="session"))
