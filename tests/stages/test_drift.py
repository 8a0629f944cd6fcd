"""The scorer follows the corpus once enough of its content has changed, and not before."""

from pathlib import Path

import pytest

from augcon_lib.settings import ScorerSettings
from augcon_lib.stages.cst_nodes import run_cst_nodes
from augcon_lib.stages.drift import corpus_drift
from augcon_lib.stages.sources import list_sources, stale_in
from augcon_lib.stages.stage_run import StageRun
from augcon_lib.warehouse.partitions import load_states
from augcon_lib.workspace import Workspace
from tests.support.whole_run import MILL, SETTINGS, TEA, make_workspace, run_all

PLACES = ("Bristol", "Leith", "Whitby", "Penzance", "Harwich", "Oban")
DOCUMENTS = {f"{place}.md": f"{MILL} {TEA}".replace("Bristol", place) for place in PLACES}
FOLLOWING = SETTINGS.model_copy(
    update={"scorer": ScorerSettings(pairs_per_negative_kind=30, retrain_drift=0.5)}
)


def drift(workspace: Workspace) -> float:
    run = StageRun(workspace)
    return corpus_drift(run, load_states(run.warehouse))


def retrains(workspace: Workspace) -> bool:
    run = StageRun(workspace)
    return "query_scorer" in stale_in(run, list_sources(run).source_hashes).unpartitioned


def write(workspace: Workspace, name: str, text: str) -> None:
    (workspace.root / "documents" / name).write_text(text, encoding="utf-8")


def make_trees(workspace: Workspace) -> None:
    run_all(Workspace(workspace.root, SETTINGS.model_copy(update={"scorer": FREE})))


FREE = ScorerSettings(pairs_per_negative_kind=30, retrain_drift=0)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    made = make_workspace(tmp_path, DOCUMENTS, FOLLOWING)
    run_all(made)
    assert drift(made) == 0
    return made


def test_a_backfill_that_changes_nothing_is_no_drift(workspace: Workspace) -> None:
    run_cst_nodes(StageRun(workspace, run_id="backfill"), sorted(DOCUMENTS))
    assert drift(workspace) == 0
    write(workspace, "Leith.md", DOCUMENTS["Leith.md"].replace("Two men", "Three men"))
    make_trees(workspace)
    assert 0 < drift(workspace) < 0.5
    assert not retrains(workspace)


def test_content_that_is_rewritten_is_drift_and_taken_back_it_is_none(
    workspace: Workspace,
) -> None:
    for place in PLACES[:4]:
        write(workspace, f"{place}.md", f"The ferry of {place} was sold in spring. " * 6)
    make_trees(workspace)
    assert drift(workspace) >= 0.5
    assert retrains(workspace)
    for place in PLACES[:4]:
        write(workspace, f"{place}.md", DOCUMENTS[f"{place}.md"])
    make_trees(workspace)
    assert drift(workspace) == 0
    assert not retrains(workspace)


def test_documents_that_are_added_are_drift_too(workspace: Workspace) -> None:
    for number in range(12):
        text = f"{MILL} {TEA}".replace("Bristol", f"Port {number}")
        write(workspace, f"new-{number}.md", text)
    make_trees(workspace)
    assert drift(workspace) == pytest.approx(2 / 3, abs=0.1)
