"""``augcon promote`` shows a scorer below the threshold, says why, and leaves it a candidate."""

import json
from pathlib import Path

import pytest

from augcon_assets.cli.promote import promote_command
from augcon_lib.stages.query_scorer import run_query_scorer
from augcon_lib.stages.run_all import run_stale_stages
from augcon_lib.stages.stage_run import StageRun
from augcon_lib.warehouse.promotions import promoted_versions
from augcon_lib.workspace import open_workspace
from tests.support.whole_run import MILL, TEA
from tests.support.workspaces import SETTINGS, make_workspace, toml

PLACES = ("Bristol", "Leith", "Whitby", "Penzance", "Harwich", "Oban")
DOCUMENTS = {f"{place}.md": f"{MILL} {TEA}".replace("Bristol", place) for place in PLACES}


def with_pairs(count: int) -> dict[str, dict[str, object]]:
    return {name: dict(values) for name, values in SETTINGS.items()} | {
        "scorer": {"pairs_per_negative_kind": count}
    }


def test_a_refused_scorer_is_shown_with_its_figures_and_not_promoted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "workspace"
    run_stale_stages(StageRun(make_workspace(root, DOCUMENTS, with_pairs(30)), run_id="first"))
    (root / "augcon.toml").write_text(toml(with_pairs(8)), encoding="utf-8")
    run = StageRun(open_workspace(root), run_id="second")
    before = promoted_versions(run.warehouse)
    report = run_query_scorer(run)
    assert report.version != before["query_scorer"]
    with run.warehouse.write() as connection:
        connection.execute(
            "UPDATE query_scorer SET pair_accuracy = 0.5, held_out_pairs = 40 "
            "WHERE scorer_version = ?",
            [report.version],
        )
    promote_command(root, [], None, yes=True, as_json=True)
    said = json.loads(capsys.readouterr().out)
    assert said["promoted"] is False
    (promotion,) = said["promotions"]
    assert promotion["candidate"] == report.version
    assert "pair accuracy 0.500 on 40 held-out pairs" in promotion["refused"]
    assert promoted_versions(run.warehouse) == before
    promote_command(root, [], None, yes=True, as_json=False)
    shown = " ".join("".join(capsys.readouterr()).split())
    assert "refused, remains a candidate: pair accuracy 0.500" in shown
    assert "promoted; to update the dataset" not in shown
