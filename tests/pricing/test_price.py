import shutil
from pathlib import Path

import pytest

from augcon_lib.pricing import Price, price
from augcon_lib.pricing.estimate import Estimate
from augcon_lib.settings import ModelSettings
from augcon_lib.stages.sources import list_sources, stale_in
from augcon_lib.stages.stage_run import StageReport, StageRun
from augcon_lib.workspace import Workspace
from tests.support.rows import everything
from tests.support.whole_run import MILL, SETTINGS, TEA, make_workspace, run_all

DOCUMENTS = {"it's tea.md": TEA, "mill.md": MILL}


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace in which all stages have run once. Not to be changed."""
    workspace = make_workspace(tmp_path_factory.mktemp("done"), DOCUMENTS)
    run_all(workspace)
    return workspace


@pytest.fixture
def workspace(done: Workspace, tmp_path: Path) -> Workspace:
    """A copy of it, of a test's own."""
    shutil.copytree(done.root, tmp_path, dirs_exist_ok=True)
    return Workspace(tmp_path, done.settings)


def priced(workspace: Workspace) -> Price:
    run = StageRun(workspace)
    listing = list_sources(run)
    stale = stale_in(run, listing.source_hashes)
    reasons: dict[str, list[str]] = {}
    for of_stage in stale.documents.values():
        for document, why in of_stage.items():
            reasons.setdefault(document, why)
    return price(run, stale, listing, reasons)


def issued(reports: dict[str, StageReport]) -> int:
    return sum(report.calls.issued for report in reports.values() if report.calls)


def test_a_first_plan_covers_the_run_and_writes_nothing(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path, DOCUMENTS)
    before = sorted(path for path in tmp_path.rglob("*") if path.is_file())
    found = priced(workspace)
    assert not workspace.journal_path.exists()
    assert before == sorted(
        path
        for path in tmp_path.rglob("*")
        if path.is_file() and not path.name.startswith("augcon.duckdb")
    )
    calls = issued(run_all(workspace))
    assert found.total.calls.low <= calls <= found.total.calls.high
    assert found.documents == {"new document": 2}


def test_nothing_stale_costs_nothing(workspace: Workspace) -> None:
    assert priced(workspace).total == Estimate()


def test_white_space_alone_costs_nothing(workspace: Workspace) -> None:
    (workspace.root / "documents" / "mill.md").write_text(f"\n\n{MILL}\n\n", encoding="utf-8")
    found = priced(workspace)
    assert found.documents == {"document changed": 1}
    assert found.total.calls.high == 0
    assert issued(run_all(workspace)) == 0


def test_an_edit_is_priced_by_what_the_journal_does_not_hold(workspace: Workspace) -> None:
    text = MILL.replace("Two men", "Three men")
    (workspace.root / "documents" / "mill.md").write_text(text, encoding="utf-8")
    run = StageRun(workspace)
    before = everything(run.warehouse)
    found = priced(workspace)
    assert everything(run.warehouse) == before
    calls = issued(run_all(workspace))
    assert calls > 0
    assert found.reasons["document changed"] == found.total
    assert found.total.calls.low <= calls <= found.total.calls.high


def test_an_edit_taken_back_costs_nothing(workspace: Workspace) -> None:
    mill = workspace.root / "documents" / "mill.md"
    mill.write_text(MILL.replace("Two men", "Three men"), encoding="utf-8")
    run_all(workspace)
    mill.write_text(MILL, encoding="utf-8")
    assert priced(workspace).total.calls.high == 0


def test_each_reason_has_its_own_price(workspace: Workspace) -> None:
    documents = workspace.root / "documents"
    (documents / "mill.md").write_text(MILL.replace("Two men", "Three men"), encoding="utf-8")
    (documents / "new.md").write_text(TEA.replace("tea", "coffee"), encoding="utf-8")
    found = priced(workspace)
    assert found.documents == {"document changed": 1, "new document": 1}
    assert sum(found.reasons.values(), Estimate()).calls == found.total.calls
    assert found.reasons["new document"].calls.middle > found.reasons["document changed"].calls.low


def test_another_answer_temperature_asks_for_the_answers_alone(workspace: Workspace) -> None:
    responses = SETTINGS.responses.model_copy(update={"temperature": 0.9})
    changed = Workspace(workspace.root, SETTINGS.model_copy(update={"responses": responses}))
    found = priced(changed)
    assert found.stages["cst_nodes"].calls.high == 0
    reason = "setting responses.temperature changed"
    assert found.documents == {reason: 2}
    reports = run_all(changed)
    calls = reports["responses"].calls
    assert calls is not None
    assert found.reasons[reason].calls.middle == pytest.approx(calls.issued, abs=1)


def test_another_model_asks_for_everything(workspace: Workspace) -> None:
    model = ModelSettings(name="another", max_concurrency=8)
    changed = Workspace(workspace.root, SETTINGS.model_copy(update={"model": model}))
    found = priced(changed)
    assert set(found.documents) == {"model changed"}
    trees = run_all(changed)["cst_nodes"].calls
    assert trees is not None
    bounds = found.stages["cst_nodes"].calls
    assert bounds.low <= trees.issued <= bounds.high


def test_a_scorer_that_will_be_trained_again_is_in_the_price(workspace: Workspace) -> None:
    scorer = SETTINGS.scorer.model_copy(update={"retrain_drift": 0.5})
    drifting = Workspace(workspace.root, SETTINGS.model_copy(update={"scorer": scorer}))
    text = MILL.replace("Two men", "Three men")
    (workspace.root / "documents" / "mill.md").write_text(text, encoding="utf-8")
    reasons = set(priced(drifting).reasons)
    assert any(reason.startswith("query_scorer") for reason in reasons)
    assert "query_scorer" in run_all(drifting)
