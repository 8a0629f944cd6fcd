from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from augcon_lib.dataset.exports import export_dataset
from augcon_lib.dataset.rows import build_dataset
from augcon_lib.errors import WarehouseError
from augcon_lib.records import text_sha256
from augcon_lib.warehouse import Warehouse
from augcon_lib.warehouse.choices import NO_DOCUMENT
from augcon_lib.warehouse.datasets import diff_versions, read_dataset, save_dataset
from augcon_lib.warehouse.lineage import explain_row
from augcon_lib.warehouse.partitions import (
    PartitionOutput,
    delete_everywhere,
    replace_partitions,
)
from augcon_lib.warehouse.samples import sample_rows
from augcon_lib.warehouse.versions import Spent, dataset_versions, latest_version
from tests.support.rows import (
    ODD,
    QUERIES,
    TEXT,
    document,
    fill,
    grounded,
    output,
    responses,
    save_rows,
    table,
)

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
        "text_sha256": text_sha256(TEXT),
        "start_char": 0,
        "end_char": 11,
        "stale": False,
        "question": None,
        "answer": None,
    }


def test_versions_count_what_was_added_kept_and_removed(warehouse: Warehouse) -> None:
    fill(warehouse, ["a.md", "b.md"])
    counts = save_rows(warehouse, ["b.md", "c.md", "d.md"], "Tea")
    assert (counts.added, counts.kept, counts.removed, counts.total) == (4, 2, 2, 6)
    assert latest_version(warehouse) == counts


def test_equal_rows_make_no_new_version(warehouse: Warehouse) -> None:
    first = fill(warehouse, ["a.md"])
    assert save_rows(warehouse, ["a.md"], "Tea") == first
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
    before = read_dataset(warehouse, version)
    delete_everywhere(warehouse, [ODD])
    save_rows(warehouse, ["a.md"], "Tea")
    assert_frame_equal(read_dataset(warehouse, version), before)


def test_an_unknown_version_is_an_error_that_names_the_known(warehouse: Warehouse) -> None:
    with pytest.raises(WarehouseError, match="no dataset exists yet"):
        read_dataset(warehouse)
    assert latest_version(warehouse) is None
    version = fill(warehouse, ["a.md"]).dataset_version
    with pytest.raises(WarehouseError, match=f"no dataset version zz .*known: {version}"):
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
    with pytest.raises(WarehouseError, match="4 row ids begin with"):
        explain_row(warehouse, "")
    with pytest.raises(WarehouseError, match="no kept version has a row %"):
        explain_row(warehouse, "%")


def test_a_row_of_an_old_version_is_explained_by_the_text_it_was_made_of(
    warehouse: Warehouse,
) -> None:
    first = fill(warehouse, ["a.md", "b.md"])
    row_id = read_dataset(warehouse)["row_id"].to_list()[-1]
    before = explain_row(warehouse, row_id)
    delete_everywhere(warehouse, ["b.md"])
    assert explain_row(warehouse, row_id).quoted == before.quoted == "Tea is hot."
    save_rows(warehouse, ["a.md"], "Tea")
    after = explain_row(warehouse, row_id)
    assert (after.quoted, after.row["dataset_version"]) == (before.quoted, first.dataset_version)
    assert after.document["text_sha256"] == before.document["text_sha256"]
    assert (after.node["start_char"], after.node["depth"], after.parents) == (0, None, [])


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


def test_a_question_with_another_answer_is_a_changed_row(warehouse: Warehouse) -> None:
    fill(warehouse, ["a.md", "b.md"])
    save_rows(warehouse, ["a.md", "c.md"], "Ice")
    diff = diff_versions(warehouse, None, None)
    assert [len(each) for each in (diff.added, diff.removed, diff.changed)] == [4, 4, 2]
    ids = {row["row_id"] for row in diff.added if row["document_id"] == "a.md"}
    assert {row["row_id"] for row in diff.changed} == ids
    for row in diff.changed:
        assert row["query"] in QUERIES.values()
        assert (row["old_response"], row["response"]) == ("Tea, says a.md.", "Ice, says a.md.")


def test_before_the_first_version_there_is_nothing(warehouse: Warehouse) -> None:
    first = fill(warehouse, ["a.md"])
    diff = diff_versions(warehouse, None, first.dataset_version)
    assert diff.old_version is None
    assert (len(diff.added), diff.kept, diff.removed) == (2, 0, [])


def test_an_unknown_version_is_told_with_the_known_ones(warehouse: Warehouse) -> None:
    first = fill(warehouse, ["a.md"])
    with pytest.raises(WarehouseError, match=first.dataset_version):
        diff_versions(warehouse, "nope", None)


def test_a_row_is_not_explained_by_a_text_that_is_newer(warehouse: Warehouse) -> None:
    fill(warehouse, ["a.md"])
    row_id = read_dataset(warehouse)["row_id"][0]
    quoted = explain_row(warehouse, row_id).quoted
    newer = document("a.md", "Cold. " + TEXT)
    replace_partitions(warehouse, "raw_corpus", [output("a.md", [newer], output_hash="2")], "run")
    assert explain_row(warehouse, row_id).quoted == quoted


def test_a_row_that_lives_on_is_found_where_its_document_has_it_now(warehouse: Warehouse) -> None:
    first = fill(warehouse, ["a.md"])
    row_id = read_dataset(warehouse)["row_id"][1]
    text = "Cold. " + TEXT
    replace_partitions(
        warehouse, "raw_corpus", [output("a.md", [document("a.md", text)], output_hash="2")], "run"
    )
    moved = [
        replace(
            each,
            text_sha256=text_sha256(text),
            start_char=each.start_char + 6,
            end_char=each.end_char + 6,
        )
        for each in grounded("a.md")
    ]
    second = save_dataset(
        warehouse,
        build_dataset(moved, frozenset()),
        PartitionOutput(NO_DOCUMENT, "f", {}, output_hash="2"),
        "run",
        Spent(),
    )
    assert second == first
    lineage = explain_row(warehouse, row_id)
    assert (lineage.row["start_char"], lineage.quoted) == (6, "Tea is hot.")
    assert table(warehouse, "former_texts") == []


def test_a_version_tells_its_cause_and_its_cost(warehouse: Warehouse) -> None:
    fill(warehouse, ["a.md", "b.md"])
    [first] = dataset_versions(warehouse)
    assert first.causes == {"new document": 2}
    edited = output("a.md", [document("a.md", "Other.")], inputs={"document": "2"}, output_hash="2")
    replace_partitions(warehouse, "raw_corpus", [edited], "run")
    answered = output("a.md", responses("a.md", "Ice"), inputs={"document": "2"}, output_hash="2")
    replace_partitions(warehouse, "responses", [answered], "run")
    delete_everywhere(warehouse, ["b.md"])
    save_rows(warehouse, ["a.md"], "Ice", Spent(3, 20, 10, 0.5, last_call=7))
    second = dataset_versions(warehouse)[0]
    assert second.causes == {"document changed": 1, "document deleted": 1}
    assert (second.model_calls, second.cost_usd, second.last_call) == (3, 0.5, 7)
    assert (second.added, second.kept, second.removed) == (2, 0, 4)


def test_a_change_without_another_output_causes_nothing(warehouse: Warehouse) -> None:
    fill(warehouse, ["a.md"])
    replace_partitions(
        warehouse, "raw_corpus", [output("a.md", [document("a.md")], inputs={"document": "2"})], "r"
    )
    save_rows(warehouse, ["a.md"], "Ice")
    assert dataset_versions(warehouse)[0].causes == {}


def test_old_versions_are_pruned_with_all_that_only_they_needed(warehouse: Warehouse) -> None:
    first = fill(warehouse, ["a.md", "b.md"])
    delete_everywhere(warehouse, ["b.md"])
    second = save_rows(warehouse, ["a.md"], "Tea", keep_versions=2)
    before = read_dataset(warehouse)
    assert len(table(warehouse, "former_texts")) == 1
    third = save_rows(warehouse, ["a.md"], "Ice", keep_versions=2)
    assert [v.number for v in dataset_versions(warehouse)] == [3, 2]
    assert_frame_equal(read_dataset(warehouse, second.dataset_version), before)
    with pytest.raises(WarehouseError, match="pruned"):
        read_dataset(warehouse, first.dataset_version)
    assert table(warehouse, "former_texts") == []
    assert {row[0] for row in table(warehouse, "document_changes", "version")} <= {2, 3}
    assert read_dataset(warehouse)["dataset_version"].unique().to_list() == [third.dataset_version]
