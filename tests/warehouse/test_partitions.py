from datetime import datetime

import pytest

from augcon_lib.pipeline import DOCUMENT_STAGES
from augcon_lib.records import Rejection
from augcon_lib.warehouse import Warehouse, partitions
from augcon_lib.warehouse.counts import document_failures, rejection_counts, totals
from augcon_lib.warehouse.partitions import (
    FAILED,
    OK,
    REJECTED,
    delete_everywhere,
    load_states,
    replace_partitions,
)
from augcon_lib.warehouse.stage_rows import (
    read_documents_text,
    read_languages,
    read_nodes,
    read_positives,
    read_responses,
    read_selected,
)
from tests.support.rows import (
    ODD,
    TEXT,
    document,
    everything,
    fill,
    grounded,
    nodes,
    output,
    table,
)

PLAIN = "plain.md"


def test_records_come_back_as_they_were_written(filled: Warehouse) -> None:
    assert read_documents_text(filled, [ODD]) == [document(ODD)]
    assert read_nodes(filled, [ODD, PLAIN]) == {ODD: nodes(ODD), PLAIN: nodes(PLAIN)}
    assert read_responses(filled, [ODD]) == grounded(ODD)
    assert read_languages(filled, [ODD, "none.md"]) == {ODD: "en"}


def test_selected_queries_come_with_their_nodes_own_context(filled: Warehouse) -> None:
    found = read_selected(filled, [ODD, "none.md"])
    assert [(q.node_id, q.context, q.language) for q in found[ODD]] == [
        (f"{ODD}/root", TEXT, "en"),
        (f"{ODD}/first", "Tea is hot.", "en"),
    ]
    assert found["none.md"] == []


def test_positives_are_the_queries_of_first_trees(warehouse: Warehouse) -> None:
    fill(warehouse, [PLAIN])
    assert [(p.node_id, p.language) for p in read_positives(warehouse)] == [
        (f"{PLAIN}/{name}", "en") for name in ("first", "root", "second")
    ]


def test_a_second_write_replaces_the_first_and_touches_no_other_document(
    filled: Warehouse,
) -> None:
    edited = document(ODD, "Something else.")
    replace_partitions(filled, "raw_corpus", [output(ODD, [edited], output_hash="new")], "run")
    assert read_documents_text(filled, [PLAIN, ODD]) == [edited, document(PLAIN)]
    states = load_states(filled)
    assert states["raw_corpus", ODD].output_hash == "new"
    assert states["raw_corpus", PLAIN].output_hash == states["cst_nodes", ODD].output_hash == "o"
    assert len(table(filled, "rejections")) == 2 * len(DOCUMENT_STAGES)


def test_an_error_in_the_middle_leaves_the_old_rows(
    filled: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = everything(filled)
    insert, tables = partitions.insert, []

    def insert_and_fail(connection, table_name, frame) -> None:
        insert(connection, table_name, frame)
        tables.append(table_name)
        if table_name == "rejections":
            raise MemoryError

    monkeypatch.setattr(partitions, "insert", insert_and_fail)
    with pytest.raises(MemoryError):
        replace_partitions(
            filled, "raw_corpus", [output(d, [document(d, "New.")]) for d in (PLAIN, ODD)], "r"
        )
    assert tables == ["raw_corpus", "rejections"]
    assert everything(filled) == before


def test_a_failed_document_keeps_its_rows_but_is_not_fresh(warehouse: Warehouse) -> None:
    fill(warehouse, [PLAIN])
    why = Rejection("cst_nodes", PLAIN, PLAIN, "call_failed", "timeout")
    failed = output(
        PLAIN, [], fingerprint="", status=FAILED, reason="call_failed", rejections=[why]
    )
    replace_partitions(warehouse, "cst_nodes", [failed], "run")
    assert read_nodes(warehouse, [PLAIN]) == {PLAIN: nodes(PLAIN)}
    assert len(read_responses(warehouse, [PLAIN])) == 2
    state = load_states(warehouse)["cst_nodes", PLAIN]
    assert (state.fingerprint, state.status, state.reason) == ("", FAILED, "call_failed")
    assert document_failures(warehouse) == [
        {
            "document_id": PLAIN,
            "stage": "cst_nodes",
            "status": FAILED,
            "reason": "call_failed",
            "message": "timeout",
        }
    ]


def test_a_rejected_document_loses_its_rows_from_there_on(filled: Warehouse) -> None:
    why = Rejection("cst_nodes", ODD, ODD, "tree_malformed", "no root")
    rejected = output(ODD, [], status=REJECTED, reason="tree_malformed", rejections=[why])
    replace_partitions(filled, "cst_nodes", [rejected], "run")
    assert read_documents_text(filled, [ODD]) == [document(ODD)]
    for name in ("cst_nodes", "scored_queries", "responses"):
        assert {row[0] for row in table(filled, name, "document_id")} == {PLAIN}
    states = load_states(filled)
    assert {s: state.status for (s, d), state in states.items() if d == ODD} == {
        "raw_corpus": OK,
        "cst_nodes": REJECTED,
    }
    reasons = table(filled, "rejections", "stage, document_id, reason")
    assert [row for row in reasons if row[1] == ODD] == [
        ("cst_nodes", ODD, "tree_malformed"),
        ("raw_corpus", ODD, "odd"),
    ]


def test_documents_that_left_are_forgotten_everywhere_but_in_the_dataset(
    filled: Warehouse,
) -> None:
    delete_everywhere(filled, [ODD])
    left = everything(filled)
    for name in (*DOCUMENT_STAGES, "sources", "rejections", "partition_state"):
        assert not any(repr(ODD) in row for row in left[name])
        assert any(repr(PLAIN) in row for row in left[name])
    assert any(repr(ODD) in row for row in left["dataset_rows"])


def test_deleting_or_replacing_nothing_opens_nothing(warehouse: Warehouse) -> None:
    delete_everywhere(warehouse, [])
    replace_partitions(warehouse, "raw_corpus", [], "run")
    assert not warehouse.path.exists()


def test_a_warehouse_that_does_not_exist_yet_reads_as_empty(warehouse: Warehouse) -> None:
    assert load_states(warehouse) == {}
    assert set(totals(warehouse).values()) == {0}


def test_everything_is_counted(filled: Warehouse) -> None:
    assert totals(filled) == {
        "documents": 2,
        "nodes": 6,
        "queries": 6,
        "selected_queries": 4,
        "responses": 4,
        "rows": 4,
    }
    assert {"stage": "responses", "reason": "odd", "count": 2} in rejection_counts(filled)


def test_only_tables_of_the_schema_can_be_named(warehouse: Warehouse) -> None:
    with pytest.raises((KeyError, ValueError)):
        replace_partitions(warehouse, "no_such; DROP TABLE x", [output(PLAIN, [])], "run")


def test_times_are_kept_without_a_zone(warehouse: Warehouse) -> None:
    fill(warehouse, [PLAIN])
    [found] = read_documents_text(warehouse, [PLAIN])
    assert found.modified_at == datetime(2026, 1, 2)
