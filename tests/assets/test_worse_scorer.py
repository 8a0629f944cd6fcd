"""A candidate that is worse on held-out pairs than the active scorer is not offered."""

import fcntl
import json
from pathlib import Path

import pytest

from augcon_assets.cli import promote as promote_module
from augcon_assets.cli.promote import promote_command
from augcon_assets.definitions import defs
from augcon_assets.defs import promotion as promotion_job_module
from augcon_assets.resources import WorkspaceResource
from augcon_lib.errors import PromotionRefused
from augcon_lib.stages.alarms import ALARMS
from augcon_lib.stages.promotion import activate, offered_versions, waiting_versions
from augcon_lib.stages.promotion_cost import PromotionCost, promotion_cost
from augcon_lib.stages.query_scorer import run_query_scorer
from augcon_lib.stages.stage_run import StageReport, StageRun
from augcon_lib.warehouse.choices import scorer_reports
from augcon_lib.warehouse.promotions import promoted_versions
from augcon_lib.workspace import Workspace, open_workspace
from tests.support.whole_run import MILL, TEA
from tests.support.workspaces import SETTINGS, make_workspace, toml

PLACES = ("Bristol", "Leith", "Whitby", "Penzance", "Harwich", "Oban")
DOCUMENTS = {f"{place}.md": f"{MILL} {TEA}".replace("Bristol", place) for place in PLACES}


def with_pairs(count: int) -> dict[str, dict[str, object]]:
    scorer = {"pairs_per_negative_kind": count, "min_pair_accuracy": 0.1}
    return {name: dict(values) for name, values in SETTINGS.items()} | {"scorer": scorer}


@pytest.fixture
def waiting(tmp_path: Path) -> Workspace:
    """A second scorer waits; it was compared with the active one on the same pairs."""
    from augcon_lib.stages.run_all import run_stale_stages

    root = tmp_path / "w"
    run_stale_stages(StageRun(make_workspace(root, DOCUMENTS, with_pairs(30)), run_id="first"))
    (root / "augcon.toml").write_text(toml(with_pairs(8)), encoding="utf-8")
    run = StageRun(open_workspace(root), run_id="second")
    report = run_query_scorer(run)
    compared = scorer_reports(run.warehouse)[report.version]
    assert compared["compared_with"] == promoted_versions(run.warehouse)["query_scorer"]
    assert compared["compared_pairs"] > 0
    assert 0 <= compared["compared_accuracy"] <= 1
    return open_workspace(root)


def compared_as(workspace: Workspace, own: float, active: float) -> str:
    """Set the figures of the candidate; its version."""
    run = StageRun(workspace)
    version = waiting_versions(run)["query_scorer"]
    with run.warehouse.write() as connection:
        connection.execute(
            "UPDATE query_scorer SET held_out_pairs = 40, pair_accuracy = 0.9, "
            "compared_pairs = 40, own_accuracy = ?, compared_accuracy = ? "
            "WHERE scorer_version = ?",
            [own, active, version],
        )
    return version


def test_a_worse_one_is_shown_with_its_figures_and_not_offered(
    waiting: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    version = compared_as(waiting, own=0.7, active=0.8)
    run = StageRun(waiting)
    before = promoted_versions(run.warehouse)
    assert offered_versions(run) == {}
    with pytest.raises(PromotionRefused, match=r"has 0\.800"):
        activate(run, "query_scorer", version)
    promote_command(waiting.root, [], None, yes=True, as_json=False)
    said = " ".join("".join(capsys.readouterr()).split())
    assert "pair accuracy 0.700 on 40 held-out pairs, on which the active scorer has 0.800" in said
    assert promoted_versions(run.warehouse) == before


def test_being_worse_is_not_being_no_better_than_chance(waiting: Workspace) -> None:
    version = compared_as(waiting, own=0.7, active=0.8)
    run = StageRun(waiting)
    facts = {"pair_accuracy": 0.9, "auc": 0.9, "held_out_pairs": 40, "held_out_documents": 2}
    (alarm,) = (each for each in ALARMS if each.name == "scorer_above_chance")
    found = alarm.find(run, StageReport("query_scorer", version=version, facts=facts))
    assert not found.raised
    assert "on which the active scorer has 0.800" in found.seen


def test_named_explicitly_it_is_promoted(
    waiting: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    version = compared_as(waiting, own=0.7, active=0.8)
    promote_command(waiting.root, ["query_scorer"], version, yes=True, as_json=True)
    assert json.loads(capsys.readouterr().out)["promoted"] is True
    assert promoted_versions(StageRun(waiting).warehouse)["query_scorer"] == version


def test_one_that_is_as_good_is_offered(waiting: Workspace) -> None:
    version = compared_as(waiting, own=0.8, active=0.8)
    assert offered_versions(StageRun(waiting)) == {"query_scorer": version}


@pytest.mark.parametrize("even_if_worse", [False, True])
def test_the_job_promotes_a_worse_one_only_when_told_to(
    waiting: Workspace, even_if_worse: bool
) -> None:
    version = compared_as(waiting, own=0.7, active=0.8)
    config = {"ops": {"promote_waiting": {"config": {"even_if_worse": even_if_worse}}}}
    defs.resolve_job_def("promote").execute_in_process(
        resources={"workspace": WorkspaceResource(root=str(waiting.root))}, run_config=config
    )
    active = promoted_versions(StageRun(waiting).warehouse)["query_scorer"]
    assert (active == version) is even_if_worse


def is_locked(workspace: Workspace) -> bool:
    with (workspace.warehouse_path.parent / "stages.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def test_the_job_computes_the_cost_inside_of_the_lock_that_it_promotes_in(
    waiting: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked: list[bool] = []

    def watched(*arguments: object, **options: object) -> PromotionCost:
        locked.append(is_locked(waiting))
        return promotion_cost(*arguments, **options)  # type: ignore[arg-type]

    compared_as(waiting, own=0.8, active=0.8)
    monkeypatch.setattr(promotion_job_module, "promotion_cost", watched)
    defs.resolve_job_def("promote").execute_in_process(
        resources={"workspace": WorkspaceResource(root=str(waiting.root))}
    )
    assert locked == [True]


def test_what_became_worse_while_a_person_thought_is_not_promoted(
    waiting: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared_as(waiting, own=0.8, active=0.8)
    before = promoted_versions(StageRun(waiting).warehouse)

    def thinks(text: str, err: bool) -> bool:
        compared_as(waiting, own=0.7, active=0.8)
        return True

    monkeypatch.setattr(promote_module, "at_terminal", lambda: True)
    monkeypatch.setattr("typer.confirm", thinks)
    with pytest.raises(PromotionRefused, match="has changed meanwhile"):
        promote_command(waiting.root, [], None, yes=False, as_json=False)
    assert promoted_versions(StageRun(waiting).warehouse) == before
