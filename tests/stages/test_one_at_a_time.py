import subprocess
import sys
from pathlib import Path

import pytest

from augcon_lib.errors import SettingsError
from augcon_lib.settings import ScorerSettings, SourceSettings
from augcon_lib.stages.sources import list_sources
from augcon_lib.stages.stage_run import StageRun
from tests.support.whole_run import MILL, SETTINGS, TEA, make_workspace, run_all

TRY_LOCK = """
import fcntl, sys
with open(sys.argv[1], "a") as lock:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.exit(7)
"""


def other_process_gets_in(run: StageRun) -> bool:
    lock = run.workspace.warehouse_path.parent / "stages.lock"
    return subprocess.run([sys.executable, "-c", TRY_LOCK, str(lock)]).returncode == 0


def test_no_other_process_works_on_a_stage_meanwhile(tmp_path: Path) -> None:
    run = StageRun(make_workspace(tmp_path, {"tea.md": TEA}))
    with run.exclusive():
        assert not other_process_gets_in(run)
    assert other_process_gets_in(run)


def test_the_lock_is_given_back_when_a_stage_fails(tmp_path: Path) -> None:
    run = StageRun(make_workspace(tmp_path, {"tea.md": TEA}))
    with pytest.raises(ZeroDivisionError), run.exclusive():
        raise ZeroDivisionError
    assert other_process_gets_in(run)


def test_a_store_that_holds_the_programs_own_state_is_refused(tmp_path: Path) -> None:
    whole = SETTINGS.model_copy(update={"source": SourceSettings(uri=".")})
    workspace = make_workspace(tmp_path, {"tea.md": TEA}, whole)
    with pytest.raises(SettingsError, match="contains the workspace's own state/"):
        list_sources(StageRun(workspace))


def test_a_scorer_that_learnt_nothing_is_trained_again_on_other_trees(tmp_path: Path) -> None:
    able = SETTINGS.model_copy(update={"scorer": ScorerSettings(pairs_per_negative_kind=500)})
    workspace = make_workspace(tmp_path, {"tea.md": TEA}, able)
    assert "query_scorer" in run_all(workspace)
    assert "query_scorer" not in run_all(workspace)
    (tmp_path / "documents" / "mill.md").write_text(MILL, encoding="utf-8")
    assert "query_scorer" in run_all(workspace)
