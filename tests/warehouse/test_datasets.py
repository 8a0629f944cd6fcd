from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from augcon_lib.errors import WarehouseError
from augcon_lib.exports import export_dataset
from augcon_lib.warehouse import Warehouse
from augcon_lib.warehouse.datasets import diff_versions, latest_version, read_dataset
from augcon_lib.warehouse.lineage import explain_row
from augcon_lib.warehouse.partitions import delete_everywhere, replace_partitions
from augcon_lib.warehouse.samples import sample_rows
from tests.support.rows import ODD, QUERIES, TEXT, document, fill, output, save_rows, table

ROW_COLUMNS = ["row_id", "document_id", "node_id", "query", "response", "split"]


def exported(warehouse: Warehouse, directory: Path, version: str) -> dict[str, bytes]:
    written = export_dataset(read_dataset(warehouse, version), directory, "chat")
    return {path.name: path.read_bytes() for path in written}


def test_a_dataset_is_read_with_where_its_rows_came_from(warehouse: Warehouse) -> None:
    counts = fill(warehouse, [ODD, "b.md"])
    rows = read_dataset(warehouse)
    assert rows["document_id"].to_list() == ["b.md", "b.md", ODD, ODD]
    assert rows.row(3, named=True) | {"row_id": ""} == {
        "row_id": "",
        "dataset_version": counts.dataset_version,
        "document_id": ODD,
        "node_id": f"{ODD}/first",
        "query": QUERIES["first"],
        "response": f"Tea, says {ODD}.",
        "split": "train",
        "uri": f"file:///{ODD}",
        "title": "Tea",
        "language": "en",
        "start_char": 0,
        "end_char": 11,
    }


def test_versions_count_what_was_added_kept_and_removed(warehouse: Warehouse) -> None:
    fill(warehouse, ["a.md", "b.md"])
    counts = save_rows(warehouse, ["b.md", "c.md", "d.md"], "Tea")
    assert (counts.added, counts.kept, counts.removed, counts.total) == (4, 2, 2, 6)
    assert latest_version(warehouse) == counts


def test_equal_rows_make_no_new_version(warehouse: Warehouse) -> None:
    first = fill(warehouse, ["a.md"])
    again = save_rows(warehouse, ["a.md"], "Tea")
    assert again.dataset_version == first.dataset_version
    assert (again.added, again.kept, again.removed) == (0, 2, 0)
    assert len(table(warehouse, "dataset_versions")) == 1


def test_rows_that_come_back_are_the_same_version_byte_for_byte(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    a = fill(warehouse, ["a.md", "b.md"]).dataset_version
    before = exported(warehouse, tmp_path / "1", a)
    b = save_rows(warehouse, ["a.md"], "Ice").dataset_version
    between = exported(warehouse, tmp_path / "2", a)
    assert save_rows(warehouse, ["a.md", "b.md"], "Tea").dataset_version == a != b
    assert before == between == exported(warehouse, tmp_path / "3", a)
    assert exported(warehouse, tmp_path / "4", b) != before
    assert len(table(warehouse, "dataset_versions")) == 3


def test_every_version_can_be_read_again_after_any_number_of_others(warehouse: Warehouse) -> None:
    fill(warehouse, ["a.md"])
    steps = [["a.md", "b.md"], [], ["c.md", "a.md"], ["a.md", "b.md"]]
    made: dict[str, pl.DataFrame] = {}
    for documents in steps:
        version = save_rows(warehouse, documents, "Tea").dataset_version
        made[version] = read_dataset(warehouse)
        assert read_dataset(warehouse)["document_id"].unique().to_list() in (
            sorted(documents),
            sorted(documents, reverse=True),
        )
    for version, rows in made.items():
        assert_frame_equal(read_dataset(warehouse, version), rows)


def test_a_row_that_lives_on_is_stored_once(warehouse: Warehouse) -> None:
    fill(warehouse, ["a.md"])
    save_rows(warehouse, ["a.md", "b.md"], "Tea")
    intervals = table(warehouse, "dataset_rows", "document_id, added_in, removed_in")
    assert intervals == [("a.md", 1, None)] * 2 + [("b.md", 2, None)] * 2


def test_an_old_version_outlives_its_documents(warehouse: Warehouse) -> None:
    version = fill(warehouse, ["a.md", ODD]).dataset_version
    before = read_dataset(warehouse, version).select(ROW_COLUMNS)
    delete_everywhere(warehouse, [ODD])
    save_rows(warehouse, ["a.md"], "Tea")
    after = read_dataset(warehouse, version)
    assert_frame_equal(after.select(ROW_COLUMNS), before)
    assert after["uri"].to_list() == ["file:///a.md", "file:///a.md", None, None]


def test_an_unknown_version_is_an_error_that_names_the_known(warehouse: Warehouse) -> None:
    with pytest.raises(WarehouseError, match="no dataset yet"):
        read_dataset(warehouse)
    assert latest_version(warehouse) is None
    version = fill(warehouse, ["a.md"]).dataset_version
    with pytest.raises(WarehouseError, match=f"no dataset version zz; known: {version}"):
        read_dataset(warehouse, "zz")


def test_a_row_is_explained_down_to_the_characters_it_came_from(warehouse: Warehouse) -> None:
    version = fill(warehouse, ["a.md", ODD]).dataset_version
    row_id = read_dataset(warehouse)["row_id"].to_list()[-1]
    lineage = explain_row(warehouse, row_id[:10])
    assert lineage.row["row_id"] == row_id
    assert lineage.row["dataset_version"] == version
    assert (lineage.row["rank"], lineage.row["few_shot_version"]) == (2, "v")
    assert lineage.node["node_id"] == f"{ODD}/first"
    assert [parent["node_id"] for parent in lineage.parents] == [f"{ODD}/root"]
    assert lineage.document["document_id"] == ODD
    assert lineage.quoted == TEXT[0:11] == "Tea is hot."


def test_a_prefix_must_name_one_row_of_the_current_dataset(warehouse: Warehouse) -> None:
    fill(warehouse, ["a.md", "b.md"])
    gone = read_dataset(warehouse)["row_id"].to_list()[-1]
    with pytest.raises(WarehouseError, match="4 rows begin with"):
        explain_row(warehouse, "")
    with pytest.raises(WarehouseError, match="no row %"):
        explain_row(warehouse, "%")
    save_rows(warehouse, ["a.md"], "Tea")
    with pytest.raises(WarehouseError, match=f"no row {gone}"):
        explain_row(warehouse, gone)


def test_a_row_whose_document_is_being_replaced_says_so(warehouse: Warehouse) -> None:
    fill(warehouse, ["a.md"])
    row_id = read_dataset(warehouse)["row_id"][0]
    delete_everywhere(warehouse, ["a.md"])
    with pytest.raises(WarehouseError, match=r"a\.md is being replaced"):
        explain_row(warehouse, row_id)


def test_samples_are_rows_of_the_current_dataset(warehouse: Warehouse) -> None:
    fill(warehouse, ["a.md", "b.md"])
    save_rows(warehouse, ["b.md"], "Tea")
    assert {row["document_id"] for row in sample_rows(warehouse, 5)} == {"b.md"}
    assert len(sample_rows(warehouse, 1)) == 1


def test_versions_are_compared_by_row(warehouse: Warehouse) -> None:
    first = fill(warehouse, ["a.md", "b.md"])
    second = save_rows(warehouse, ["b.md", "c.md"], "Tea")
    diff = diff_versions(warehouse, None, None)
    assert (diff.old_version, diff.new_version) == (first.dataset_version, second.dataset_version)
    assert {row["document_id"] for row in diff.added} == {"c.md"}
    assert {row["document_id"] for row in diff.removed} == {"a.md"}
    assert diff.kept == 2
    back = diff_versions(warehouse, second.dataset_version, first.dataset_version)
    assert (back.added, back.removed) == (diff.removed, diff.added)


def test_before_the_first_version_there_is_nothing(warehouse: Warehouse) -> None:
    first = fill(warehouse, ["a.md"])
    diff = diff_versions(warehouse, None, first.dataset_version)
    assert diff.old_version is None
    assert (len(diff.added), diff.kept, diff.removed) == (2, 0, [])


def test_an_unknown_version_is_told_with_the_known_ones(warehouse: Warehouse) -> None:
    first = fill(warehouse, ["a.md"])
    with pytest.raises(WarehouseError, match=first.dataset_version):
        diff_versions(warehouse, "nope", None)


def test_a_row_is_not_explained_by_a_text_that_is_newer_than_its_nodes(
    warehouse: Warehouse,
) -> None:
    fill(warehouse, ["a.md"])
    row_id = read_dataset(warehouse)["row_id"][0]
    replace_partitions(
        warehouse, "raw_corpus", [output("a.md", [document("a.md")], output_hash="newer")], "run"
    )
    with pytest.raises(WarehouseError, match=r"a\.md is being replaced"):
        explain_row(warehouse, row_id)
