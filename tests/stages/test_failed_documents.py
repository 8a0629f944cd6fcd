"""What the dataset holds of a document that cannot be used any more."""

from pathlib import Path

import pytest

from augcon_lib.settings import DatasetSettings
from augcon_lib.stages.stage_run import StageReport
from augcon_lib.warehouse import Warehouse
from augcon_lib.warehouse.audits import invalid_rows
from augcon_lib.warehouse.datasets import read_dataset
from augcon_lib.warehouse.lineage import explain_row
from augcon_lib.warehouse.versions import latest_version
from augcon_lib.workspace import Workspace
from tests.support.whole_run import MILL, SETTINGS, TEA, make_workspace, run_all


def after_a_failure(folder: Path, policy: str) -> tuple[Workspace, dict[str, StageReport]]:
    """A workspace whose mill.md has become unreadable since its first version."""
    settings = SETTINGS.model_copy(update={"dataset": DatasetSettings(failed_documents=policy)})
    workspace = make_workspace(folder, {"tea.md": TEA, "mill.md": MILL}, settings)
    run_all(workspace)
    (folder / "documents" / "mill.md").write_bytes(bytes(range(256)) * 20)
    return workspace, run_all(workspace)


def test_its_rows_leave_the_dataset(tmp_path: Path) -> None:
    workspace, _ = after_a_failure(tmp_path, "leave_out")
    rows = read_dataset(Warehouse(workspace.warehouse_path))
    assert set(rows["document_id"]) == {"tea.md"}
    assert not rows["stale"].any()


def test_or_its_last_good_rows_stay_marked_and_can_still_be_explained(tmp_path: Path) -> None:
    workspace, reports = after_a_failure(tmp_path, "keep")
    warehouse = Warehouse(workspace.warehouse_path)
    rows = read_dataset(warehouse)
    assert dict(rows.select("document_id", "stale").unique().iter_rows()) == {
        "mill.md": True,
        "tea.md": False,
    }
    version = latest_version(warehouse)
    assert version is not None
    assert version.stale == reports["sft_dataset"].facts["stale_rows"] == rows["stale"].sum() > 0
    assert [why.split(":")[0] for why in version.causes] == ["rejected"]
    for row in rows.filter("stale").iter_rows(named=True):
        quoted = explain_row(warehouse, row["row_id"]).quoted
        assert quoted == MILL[row["start_char"] : row["end_char"]]
    assert invalid_rows(warehouse, [], workspace.settings) == []
    assert run_all(workspace) == {}


@pytest.mark.parametrize("policy", ["leave_out", "keep"])
def test_once_it_can_be_read_again_its_rows_are_as_before(tmp_path: Path, policy: str) -> None:
    workspace, _ = after_a_failure(tmp_path, policy)
    make_workspace(tmp_path, {"mill.md": MILL}, workspace.settings)
    reports = run_all(workspace)
    assert sum(r.calls.issued for r in reports.values() if r.calls) == 0
    rows = read_dataset(Warehouse(workspace.warehouse_path))
    assert set(rows["document_id"]) == {"tea.md", "mill.md"}
    assert not rows["stale"].any()


def test_a_deleted_document_leaves_nothing_even_if_it_had_failed(tmp_path: Path) -> None:
    workspace, _ = after_a_failure(tmp_path, "keep")
    (tmp_path / "documents" / "mill.md").unlink()
    run_all(workspace)
    rows = read_dataset(Warehouse(workspace.warehouse_path))
    assert set(rows["document_id"]) == {"tea.md"}
