"""``augcon evaluate`` and ``augcon report``, as processes."""

from pathlib import Path

from tests.e2e.command_line import augcon, augcon_json, copy_workspace

SECTIONS = {
    "dataset_version", "rows", "documents", "measured_rows", "rows_with_node", "seed", "seconds",
    "lengths", "diversity", "topics", "granularity", "split_independence", "faithfulness", "scorer",
}  # fmt: skip


def test_evaluate_prints_one_json_object_or_a_table(made: Path, tmp_path: Path) -> None:
    workspace = copy_workspace(made, tmp_path / "workspace")
    found = augcon_json(workspace, "evaluate")
    assert set(found) == SECTIONS
    assert found["rows"] == augcon_json(workspace, "status")["counts"]["rows"]
    assert 0 < found["diversity"]["distinct_2"] <= 1
    version = found["dataset_version"]
    assert augcon_json(workspace, "evaluate", "--version", version)["rows"] == found["rows"]
    shown = augcon(workspace, "evaluate")
    assert shown.returncode == 0
    assert f"{found['diversity']['distinct_2']:.3f}" in shown.stdout
    assert "[responses] judge_faithfulness is off" in shown.stdout


def test_an_evaluation_leaves_nothing_to_run(made: Path, tmp_path: Path) -> None:
    workspace = copy_workspace(made, tmp_path / "workspace")
    before = augcon_json(workspace, "plan")
    augcon_json(workspace, "evaluate")
    assert augcon_json(workspace, "plan")["stale"] == before["stale"]
    assert augcon_json(workspace, "run", code=1)["run_ids"] == []


def test_an_unknown_version_is_refused(made: Path, tmp_path: Path) -> None:
    workspace = copy_workspace(made, tmp_path / "workspace")
    for command in ("evaluate", "report"):
        done = augcon(workspace, command, "--version", "nothing")
        assert done.returncode == 2
        assert "no dataset version nothing" in done.stderr
        assert "Traceback" not in done.stderr


def test_the_report_is_one_page_that_needs_nothing_else(made: Path, tmp_path: Path) -> None:
    workspace = copy_workspace(made, tmp_path / "workspace")
    assert augcon(workspace, "report").returncode == 0
    page = (workspace / "report.html").read_text("utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert page.count("data:image/png;base64,") >= 5
    assert "<script" not in page
    assert ' src="http' not in page
    assert augcon(workspace, "report", "out/page.html").returncode == 0
    assert (workspace / "out" / "page.html").exists()
