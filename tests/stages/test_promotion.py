"""A new scorer or few-shot choice waits until it is promoted."""

import json
from pathlib import Path

import pytest

from augcon_lib.errors import PromotionRefused
from augcon_lib.queries.linear_scorer import UNTRAINED
from augcon_lib.queries.pair_measures import PairMeasures
from augcon_lib.settings import ScorerSettings
from augcon_lib.stages.promotion import activate
from augcon_lib.stages.promotion_cost import promotion_cost
from augcon_lib.stages.query_scorer import run_query_scorer
from augcon_lib.stages.sources import list_sources, stale_in
from augcon_lib.stages.stage_run import StageRun
from augcon_lib.staleness.partitions import Staleness
from augcon_lib.warehouse import Warehouse
from augcon_lib.warehouse.choices import scorer_reports
from augcon_lib.warehouse.datasets import read_dataset
from augcon_lib.warehouse.promotions import promoted_versions
from augcon_lib.workspace import Workspace
from tests.support.whole_run import MILL, SETTINGS, TEA, make_workspace, run_all

MORE_PAIRS = {"scorer": ScorerSettings(pairs_per_negative_kind=30, retrain_drift=0)}
PLACES = ("Bristol", "Leith", "Whitby", "Penzance", "Harwich", "Oban")
DOCUMENTS = {f"{place}.md": f"{MILL} {TEA}".replace("Bristol", place) for place in PLACES}


def stale(workspace: Workspace) -> Staleness:
    run = StageRun(workspace)
    return stale_in(run, list_sources(run).source_hashes)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """All stages have run once, with a scorer that has learned."""
    settings = SETTINGS.model_copy(update=MORE_PAIRS)
    made = make_workspace(tmp_path, DOCUMENTS, settings)
    run_all(made)
    return made


def add_example(workspace: Workspace) -> None:
    path = workspace.examples_path
    more = {"context": "Ice is cold.", "question": "What is cold?", "answer": "Ice."}
    path.write_text(json.dumps(more) + "\n" + path.read_text(), encoding="utf-8")


def test_the_first_of_each_is_in_force_at_once(workspace: Workspace) -> None:
    warehouse = Warehouse(workspace.warehouse_path)
    in_force = promoted_versions(warehouse)
    assert in_force.keys() == {"query_scorer", "few_shot_examples"}
    assert scorer_reports(warehouse)[in_force["query_scorer"]]["train_pairs"] >= 10
    assert stale(workspace).candidates == {}


def test_a_scorer_that_had_too_little_to_learn_from_gives_way_at_once(tmp_path: Path) -> None:
    small = make_workspace(tmp_path, DOCUMENTS)
    run_all(small)
    before = promoted_versions(Warehouse(small.warehouse_path))["query_scorer"]
    grown = Workspace(tmp_path, SETTINGS.model_copy(update=MORE_PAIRS))
    run_all(grown)
    after = promoted_versions(Warehouse(small.warehouse_path))["query_scorer"]
    assert after != before
    assert stale(grown).candidates == {}


def test_another_few_shot_choice_changes_no_answer_until_it_is_promoted(
    workspace: Workspace,
) -> None:
    before = read_dataset(Warehouse(workspace.warehouse_path))
    add_example(workspace)
    assert stale(workspace).unpartitioned == {"few_shot_examples": ["few-shot examples changed"]}
    reports = run_all(workspace)
    assert reports.keys() == {"few_shot_examples"}
    assert reports["few_shot_examples"].facts["in_force"] is False
    waiting = stale(workspace).candidates
    assert waiting == {"few_shot_examples": reports["few_shot_examples"].version}
    assert run_all(workspace) == {}
    activate(StageRun(workspace), "few_shot_examples", waiting["few_shot_examples"])
    found = stale(workspace)
    assert found.candidates == {}
    assert set(found.documents["responses"]) == set(DOCUMENTS)
    assert {tuple(why) for why in found.documents["responses"].values()} == {
        ("few-shot choice promoted",)
    }
    assert run_all(workspace).keys() >= {"responses"}
    after = read_dataset(Warehouse(workspace.warehouse_path))
    assert after["query"].to_list() == before["query"].to_list()


def test_what_was_in_force_comes_back_with_a_lost_warehouse_though_the_corpus_has_grown(
    workspace: Workspace,
) -> None:
    make_workspace(workspace.root, {"new.md": f"{MILL} {TEA}"}, workspace.settings)
    run_all(workspace)
    in_force = promoted_versions(Warehouse(workspace.warehouse_path))
    rows = read_dataset(Warehouse(workspace.warehouse_path))
    workspace.warehouse_path.unlink()
    reports = run_all(workspace)
    assert sum(r.calls.issued for r in reports.values() if r.calls) == 0
    assert promoted_versions(Warehouse(workspace.warehouse_path)) == in_force
    again = read_dataset(Warehouse(workspace.warehouse_path))
    assert again.equals(rows)
    assert run_all(workspace) == {}


def worsen(workspace: Workspace, version: str) -> None:
    """The scorer *version* turns out no better than chance."""
    with Warehouse(workspace.warehouse_path).write() as connection:
        connection.execute(
            "UPDATE query_scorer SET pair_accuracy = 0.5, pair_accuracy_low = 0.4, "
            "pair_accuracy_high = 0.6, held_out_pairs = 40 WHERE scorer_version = ?",
            [version],
        )


def test_a_scorer_below_the_threshold_stays_a_candidate_and_the_one_in_force_goes_on(
    workspace: Workspace,
) -> None:
    before = promoted_versions(Warehouse(workspace.warehouse_path))
    more = ScorerSettings(pairs_per_negative_kind=8, retrain_drift=0)
    changed = Workspace(workspace.root, workspace.settings.model_copy(update={"scorer": more}))
    report = run_query_scorer(StageRun(changed, run_id="again"))
    assert report.facts["in_force"] is False
    worsen(changed, report.version)
    refused = promotion_cost(StageRun(changed), "query_scorer", report.version).refused
    assert "pair accuracy 0.500 on 40 held-out pairs (95 %: 0.400 to 0.600) is below" in refused
    with pytest.raises(PromotionRefused, match="min_pair_accuracy"):
        activate(StageRun(changed), "query_scorer", report.version)
    assert promoted_versions(Warehouse(workspace.warehouse_path)) == before
    assert stale(changed).candidates["query_scorer"] == report.version


def test_where_the_first_scorer_is_refused_all_queries_tie_until_a_good_one_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = make_workspace(tmp_path, DOCUMENTS, SETTINGS.model_copy(update=MORE_PAIRS))
    with monkeypatch.context() as patched:
        chance = PairMeasures(40, 5, pair_accuracy=0.5)
        patched.setattr("augcon_lib.queries.linear_scorer.measure_pairs", lambda *scores: chance)
        scorer = run_all(workspace)["query_scorer"]
    assert "is below [scorer] min_pair_accuracy 0.6" in str(scorer.facts["refused"])
    warehouse = Warehouse(workspace.warehouse_path)
    assert promoted_versions(warehouse)["query_scorer"] == UNTRAINED.version
    assert read_dataset(warehouse).height > 0
    assert stale(workspace).candidates == {"query_scorer": scorer.version}
    assert run_all(workspace) == {}
    run_query_scorer(StageRun(workspace, run_id="again"))
    assert promoted_versions(warehouse)["query_scorer"] == scorer.version
