import json
from pathlib import Path

import dagster as dg
import pytest

from augcon_assets.definitions import defs
from augcon_assets.resources import WorkspaceResource
from augcon_lib.stages.promotion import waiting_versions
from augcon_lib.stages.stage_run import StageRun
from augcon_lib.workspace import Workspace, open_workspace
from tests.support.whole_run import MILL, TEA, make_workspace, run_all


@pytest.fixture
def waiting(tmp_path: Path) -> Workspace:
    """A workspace in which another few-shot choice waits."""
    make_workspace(tmp_path, {"tea.md": TEA, "mill.md": MILL})
    (tmp_path / "augcon.toml").write_text("[responses]\nfew_shot_count = 1\nsearch_trials = 2\n")
    workspace = open_workspace(tmp_path)
    run_all(workspace)
    more = {"context": "Ice is cold.", "question": "What is cold?", "answer": "Ice."}
    lines = workspace.examples_path.read_text(encoding="utf-8")
    workspace.examples_path.write_text(json.dumps(more) + "\n" + lines, encoding="utf-8")
    run_all(workspace)
    return workspace


def test_the_job_puts_what_waits_in_force(waiting: Workspace) -> None:
    assert waiting_versions(StageRun(waiting)).keys() == {"few_shot_examples"}
    for config, left in ((["query_scorer"], {"few_shot_examples"}), (None, set())):
        result = defs.resolve_job_def("promote").execute_in_process(
            resources={"workspace": WorkspaceResource(root=str(waiting.root))},
            run_config={"ops": {"promote_waiting": {"config": {"assets": config}}}}
            if config
            else {},
        )
        assert result.success
        assert waiting_versions(StageRun(waiting)).keys() == left


def test_the_weekly_retraining_is_off_until_it_is_turned_on() -> None:
    schedule = defs.resolve_schedule_def("weekly_retrain")
    assert schedule.default_status is dg.DefaultScheduleStatus.STOPPED
    assert schedule.job_name == "choices"
