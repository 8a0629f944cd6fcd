import io
import json

import polars

from tests.documents.samples import read_bytes, read_store, reason_of, text_of


def rows(tmp_path, name, data, **source):
    (tmp_path / name).write_bytes(data if isinstance(data, bytes) else data.encode())
    return read_store(tmp_path, uri=name, **source)


def test_each_row_of_json_lines_is_a_document(tmp_path):
    lines = [
        {"id": "a", "text": "One.", "title": "First"},
        {"id": 7, "text": "Two."},
        {"text": "3."},
    ]
    found = rows(tmp_path, "t.jsonl", "\n".join(map(json.dumps, lines)))
    assert {key: text_of(value) for key, value in found.items()} == {
        "t.jsonl#a": "One.",
        "t.jsonl#7": "Two.",
        "t.jsonl#3": "3.",
    }
    assert found["t.jsonl#a"].title == "First"


def test_every_bad_line_gets_a_reason_and_costs_no_good_one(tmp_path):
    data = (
        '{"id": "a1", "text": "Good."}\n{"id": "a2", "text": "cut\n{"id": "a3"}\n'
        '{"id": "a4", "text": null}\n{"id": "a5", "text": 5}\n{"id": "a6", "text": ""}\n\n'
        '{"id": "a1", "text": "Same id."}\n["not an object"]\nNaN\n{"id": "a9", "text": ["x"]}'
    )
    found = rows(tmp_path, "t.jsonl", data)
    assert text_of(found["t.jsonl#a1"]) == "Good."
    assert text_of(found["t.jsonl#a1~2"]) == "Same id."
    reasons = {key: reason_of(value) for key, value in found.items() if "#a1" not in key}
    assert reasons == {
        "t.jsonl#2": "bad_row",
        "t.jsonl#a3": "missing_text_column",
        "t.jsonl#a4": "empty",
        "t.jsonl#a5": "text_not_a_string",
        "t.jsonl#a6": "empty",
        "t.jsonl#9": "bad_row",
        "t.jsonl#10": "bad_row",
        "t.jsonl#a9": "text_not_a_string",
    }


def test_csv_cells_may_hold_quotes_commas_and_lines(tmp_path):
    long = "word " * 40_000
    data = f'\ufeffid,text\r\n1,"a ""b"", c\r\nd"\r\n2,"{long}"\r\n3,,\r\n'
    found = rows(tmp_path, "t.csv", data)
    assert text_of(found["t.csv#1"]) == 'a "b", c\nd'
    assert text_of(found["t.csv#2"]) == long
    assert reason_of(found["t.csv#3"]) == "empty"


def test_a_ragged_csv_keeps_its_good_rows(tmp_path):
    data = 'id,text\n1,fine\n2\n4,too,many\n3,"unclosed quote goes on\n5,swallowed\n'
    found = rows(tmp_path, "t.csv", data)
    assert text_of(found.pop("t.csv#1")) == "fine"
    assert {key: reason_of(value) for key, value in found.items()} == {
        "t.csv#2": "missing_text_column",
        "t.csv#3": "bad_row",
        "t.csv#4": "bad_row",
    }


def test_semicolons_separate_cells_where_the_heading_says_so(tmp_path):
    assert text_of(rows(tmp_path, "t.csv", "id;text\n1;a, b\n")["t.csv#1"]) == "a, b"


def test_tsv_may_know_no_quoting(tmp_path):
    found = rows(tmp_path, "t.tsv", 'id\ttext\n1\t"open quote\n2\tsecond\n')
    assert [text_of(value) for value in found.values()] == ['"open quote', "second"]


def test_parquet_rows_are_documents(tmp_path):
    buffer = io.BytesIO()
    polars.DataFrame({"key": ["x", "y"], "body": ["One.", None]}).write_parquet(buffer)
    found = rows(tmp_path, "t.parquet", buffer.getvalue(), text_column="body", id_column="key")
    assert text_of(found["t.parquet#x"]) == "One."
    assert reason_of(found["t.parquet#y"]) == "empty"


def test_a_json_array_of_objects_is_a_table(tmp_path):
    found = rows(tmp_path, "t.json", '[{"id": 0, "text": "One."}, {"id": 1, "text": "Two."}, 3]')
    assert text_of(found["t.json#0"]) == "One."
    assert reason_of(found["t.json#3"]) == "bad_row"


def test_a_table_without_the_text_column_names_those_it_has(tmp_path):
    found = rows(tmp_path, "t.csv", "id,article\n1,x\n")
    assert reason_of(found["t.csv#1"]) == "missing_text_column"
    assert "article" in found["t.csv#1"].detail


def test_a_table_without_rows_or_that_cannot_be_read_is_rejected_as_a_file(tmp_path):
    assert reason_of(read_bytes(tmp_path, "t.csv", b"id,text\n")) == "empty"
    assert reason_of(read_bytes(tmp_path, "t.parquet", b"PAR1 no")) == "unreadable_table"
    assert reason_of(read_bytes(tmp_path, "t.jsonl", bytes(range(256)) * 9)) == "undecodable"


def test_a_row_keeps_its_id_and_hash_when_another_is_put_before_it(tmp_path):
    from augcon_lib.documents import list_store
    from augcon_lib.settings import SourceSettings

    settings = SourceSettings(uri="t.jsonl")
    file = tmp_path / "t.jsonl"
    file.write_text('{"id": "a", "text": "One."}\n')
    (before,) = list_store(settings, tmp_path).entries
    file.write_text('{"id": "b", "text": "New."}\n{"id": "a", "text": "One."}\n')
    after = list_store(settings, tmp_path).entries[0]
    assert (after.document_id, after.source_sha256) == (before.document_id, before.source_sha256)
