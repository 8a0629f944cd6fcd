"""All measures from a warehouse, on a workspace that was really made."""

import json
from pathlib import Path

import pytest

from augcon_lib.errors import WarehouseError
from augcon_lib.evaluation.evaluate import Evaluation, evaluate, figures
from augcon_lib.evaluation.numbers import NotMeasured
from augcon_lib.evaluation.pictures import pictures
from augcon_lib.evaluation.report import report_html
from augcon_lib.evaluation.tables import lines
from augcon_lib.stages.run_all import run_stale_stages
from augcon_lib.stages.sources import sync_sources
from augcon_lib.stages.stage_run import StageRun
from augcon_lib.warehouse import Warehouse
from augcon_lib.warehouse.datasets import read_dataset
from augcon_lib.workspace import Workspace
from tests.support.workspaces import TIDES, make_workspace, put


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    workspace = make_workspace(tmp_path_factory.mktemp("made") / "workspace")
    follow(workspace)
    return workspace


def follow(workspace: Workspace) -> None:
    run = StageRun(workspace)
    sync_sources(run)
    run_stale_stages(run)


def measured(workspace: Workspace, version: str | None = None) -> Evaluation:
    return evaluate(Warehouse(workspace.warehouse_path), workspace.settings, version)


def test_every_section_is_measured_and_is_json(made: Workspace) -> None:
    found = measured(made)
    rows = read_dataset(Warehouse(made.warehouse_path))
    assert (found.rows, found.measured_rows, found.rows_with_node) == (len(rows),) * 3
    assert found.documents == rows["document_id"].n_unique()
    assert found.diversity.queries == len(rows)
    assert not isinstance(found.granularity, NotMeasured)
    shares = found.granularity
    total = shares.detail_share + shares.concept_share + shares.macro_share
    assert total == pytest.approx(1.0)
    assert not isinstance(found.split_independence, NotMeasured)
    assert found.split_independence.means.parent_coverage > 0.5
    assert not isinstance(found.faithfulness, NotMeasured)
    assert found.faithfulness.grounded_share == 1.0
    shown = json.loads(json.dumps(figures(found), allow_nan=False))
    assert shown["faithfulness"]["judged_faithful_share"]["not_measured"]
    assert "values" not in shown["diversity"]["across_corpus"]


def test_the_same_version_gives_the_same_figures(made: Workspace) -> None:
    first, second = figures(measured(made)), figures(measured(made))
    del first["seconds"], second["seconds"]
    assert first == second


def test_tables_pictures_and_page_show_what_was_measured(made: Workspace) -> None:
    found = measured(made)
    shown = {(line.section, line.name): line for line in lines(found)}
    assert shown["dataset", "rows"].written == str(found.rows)
    assert shown["diversity", "distinct-2"].written == f"{found.diversity.distinct_2:.3f}"
    unjudged = shown["faithfulness", "judged faithful"]
    assert (unjudged.written, unjudged.is_measured) == ("–", False)
    assert "judge_faithfulness" in unjudged.says
    assert len({line.key for line in shown.values()}) == len(shown)
    drawn = pictures(found)
    assert {each.section for each in drawn} <= {section for section, _ in shown}
    assert all(each.png.startswith(b"\x89PNG") for each in drawn)
    sample = [{"document_id": "<b>.md", "query": "<script>", "response": "a & b"}]
    page = report_html(found, {"rows": "3 <"}, sample)
    assert page.count("<img ") == len(drawn)
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "http://" not in page
    assert "https://" not in page
    assert page == report_html(found, {"rows": "3 <"}, sample)


def test_an_older_version_is_measured_without_the_trees_that_are_gone(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path / "workspace", {"tides.md": TIDES})
    follow(workspace)
    before = measured(workspace)
    put(workspace.root, "tides.md", TIDES.replace("mill", "brewery").replace("boat", "cart"))
    follow(workspace)
    now = measured(workspace)
    assert now.dataset_version != before.dataset_version
    old = measured(workspace, before.dataset_version)
    assert (old.rows, old.diversity.distinct_2) == (before.rows, before.diversity.distinct_2)
    assert old.rows_with_node < before.rows_with_node
    with pytest.raises(WarehouseError, match="no dataset version nothing"):
        measured(workspace, "nothing")


def test_without_a_dataset_the_user_is_told_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(WarehouseError, match="augcon run"):
        measured(make_workspace(tmp_path / "workspace"))


def test_a_selection_without_a_scorer_has_no_scores_to_measure(made: Workspace) -> None:
    scorer = made.settings.scorer.model_copy(update={"kind": "none"})
    settings = made.settings.model_copy(update={"scorer": scorer})
    found = evaluate(Warehouse(made.warehouse_path), settings)
    assert isinstance(found.scorer, NotMeasured)
