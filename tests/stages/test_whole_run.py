import shutil
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from augcon_lib.dataset.exports import export_dataset
from augcon_lib.errors import WarehouseError
from augcon_lib.settings import SourceSettings
from augcon_lib.stages.stage_run import StageReport
from augcon_lib.warehouse import Warehouse
from augcon_lib.warehouse.audits import (
    empty_documents,
    invalid_rows,
    malformed_trees,
    selection_errors,
    unanswered_queries,
)
from augcon_lib.warehouse.datasets import read_dataset
from augcon_lib.warehouse.lineage import explain_row
from augcon_lib.workspace import Workspace
from tests.support.rows import table
from tests.support.whole_run import MILL, SETTINGS, TEA, make_workspace, run_all

DOCUMENTS = {"it's tea.md": TEA, "mill.md": MILL}
ALL = {
    "raw_corpus",
    "cst_nodes",
    "query_scorer",
    "scored_queries",
    "few_shot_examples",
    "responses",
    "sft_dataset",
}


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, dict[str, StageReport]]:
    """A workspace in which all stages have run once, and their reports. Not to be changed."""
    workspace = make_workspace(tmp_path_factory.mktemp("done"), DOCUMENTS)
    return workspace, run_all(workspace)


@pytest.fixture
def workspace(done: tuple[Workspace, dict[str, StageReport]], tmp_path: Path) -> Workspace:
    """A copy of it, of a test's own."""
    shutil.copytree(done[0].root, tmp_path, dirs_exist_ok=True)
    return Workspace(tmp_path, done[0].settings)


def issued(reports: dict[str, StageReport]) -> int:
    return sum(report.calls.issued for report in reports.values() if report.calls)


def dataset(workspace: Workspace) -> pl.DataFrame:
    return read_dataset(Warehouse(workspace.warehouse_path)).drop("uri")


def test_a_first_run_runs_every_stage_on_every_document(
    done: tuple[Workspace, dict[str, StageReport]],
) -> None:
    workspace, reports = done
    assert reports.keys() == ALL
    for stage in ("raw_corpus", "cst_nodes", "scored_queries", "responses"):
        summaries = reports[stage].partitions
        assert {(s.document_id, s.status) for s in summaries} == {(d, "ok") for d in DOCUMENTS}
    rows = dataset(workspace)
    assert set(rows["document_id"]) == set(DOCUMENTS)
    assert reports["sft_dataset"].facts["rows"] == rows.height > 1
    assert issued(reports) > 0


def test_what_a_run_leaves_passes_all_audits(
    done: tuple[Workspace, dict[str, StageReport]],
) -> None:
    warehouse = Warehouse(done[0].warehouse_path)
    for audit in (
        empty_documents,
        malformed_trees,
        selection_errors,
        unanswered_queries,
        invalid_rows,
    ):
        assert audit(warehouse, list(DOCUMENTS), SETTINGS) == []


def test_a_second_run_finds_nothing_to_do(
    done: tuple[Workspace, dict[str, StageReport]],
) -> None:
    assert run_all(done[0]) == {}


def test_a_damaged_warehouse_is_rebuilt_from_the_journal_without_a_call(
    done: tuple[Workspace, dict[str, StageReport]], workspace: Workspace
) -> None:
    first = done[1]
    before = dataset(workspace)
    # Damaged, and moved away as the error says.
    workspace.warehouse_path.write_bytes(b"DUCK" * 5000)
    with pytest.raises(WarehouseError, match=r"move .* away and run: augcon run"):
        run_all(workspace)
    workspace.warehouse_path.unlink()
    again = run_all(workspace)
    assert again.keys() == ALL
    assert issued(first) > 0
    assert issued(again) == 0
    assert again["few_shot_examples"].facts["restored"]
    assert_frame_equal(dataset(workspace), before)


def test_another_machine_makes_the_same_dataset(
    done: tuple[Workspace, dict[str, StageReport]], tmp_path: Path
) -> None:
    other = make_workspace(tmp_path / "elsewhere", dict(reversed(DOCUMENTS.items())))
    run_all(other)
    assert_frame_equal(dataset(other), dataset(done[0]))


def test_an_edit_runs_its_own_document_alone(workspace: Workspace) -> None:
    make_workspace(workspace.root, {"mill.md": MILL + " It burnt down in 1843."})
    reports = run_all(workspace)
    assert reports.keys() == {
        "raw_corpus",
        "cst_nodes",
        "scored_queries",
        "responses",
        "sft_dataset",
    }
    assert [s.document_id for s in reports["cst_nodes"].partitions] == ["mill.md"]


def test_a_changed_title_reaches_the_lineage_without_a_call_or_another_tree(
    workspace: Workspace, tmp_path: Path
) -> None:
    def title(name: str) -> str:
        return f"---\ntitle: {name}\n---\n{MILL}\n"

    make_workspace(workspace.root, {"mill.md": title("The mill")})
    run_all(workspace)
    before = dataset(workspace)
    make_workspace(workspace.root, {"mill.md": title("The tide mill")})
    reports = run_all(workspace)
    assert reports.keys() == {"raw_corpus", "sft_dataset"}
    assert issued(reports) == 0
    after = dataset(workspace)
    of_mill = pl.col("document_id") == "mill.md"
    assert set(after.filter(of_mill)["title"]) == {"The tide mill"}
    assert_frame_equal(after.drop("title"), before.drop("title"))
    warehouse = Warehouse(workspace.warehouse_path)
    row = explain_row(warehouse, after.filter(of_mill)["row_id"][0])
    assert row.row["title"] == row.document["title"] == "The tide mill"
    export_dataset(read_dataset(warehouse), tmp_path / "export", "chat")
    lineage = (tmp_path / "export" / "lineage.jsonl").read_text(encoding="utf-8")
    assert '"title": "The tide mill"' in lineage
    assert '"title": "The mill"' not in lineage
    assert run_all(workspace) == {}


def test_a_store_that_moves_takes_the_addresses_of_its_rows_along(workspace: Workspace) -> None:
    (workspace.root / "documents").rename(workspace.root / "moved")
    settings = SETTINGS.model_copy(update={"source": SourceSettings(uri="moved")})
    moved = Workspace(workspace.root, settings)
    before = dataset(workspace)
    assert read_dataset(Warehouse(moved.warehouse_path))["uri"][0].startswith("documents/")
    reports = run_all(moved)
    assert reports.keys() == {"raw_corpus", "sft_dataset"}
    uris = set(read_dataset(Warehouse(moved.warehouse_path))["uri"])
    assert uris == {"moved/it's tea.md", "moved/mill.md"}
    assert_frame_equal(dataset(moved), before)


def test_a_deleted_document_leaves_the_dataset(workspace: Workspace) -> None:
    (workspace.root / "documents" / "mill.md").unlink()
    assert run_all(workspace).keys() == {"sft_dataset"}
    assert set(dataset(workspace)["document_id"]) == {"it's tea.md"}
    assert table(Warehouse(workspace.warehouse_path), "raw_corpus", "document_id") == [
        ("it's tea.md",)
    ]


def test_sections_that_change_places_take_their_rows_along(tmp_path: Path) -> None:
    """Their trees stay as they are; still the dataset is the one of a fresh workspace."""
    tea, mill = f"# Tea\n\n{TEA}\n\n", f"# Mill\n\n{MILL}\n\n"
    edited = make_workspace(tmp_path / "edited", {"a.md": tea + mill})
    run_all(edited)
    make_workspace(edited.root, {"a.md": mill + tea})
    run_all(edited)
    fresh = make_workspace(tmp_path / "fresh", {"a.md": mill + tea})
    run_all(fresh)
    assert_frame_equal(dataset(edited), dataset(fresh))
