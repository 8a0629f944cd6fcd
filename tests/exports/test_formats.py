import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from augcon_lib.dataset.exports import FORMATS, export_dataset
from augcon_lib.errors import SettingsError

COLUMNS = {
    "row_id": pl.String,
    "dataset_version": pl.String,
    "document_id": pl.String,
    "node_id": pl.String,
    "query": pl.String,
    "response": pl.String,
    "split": pl.String,
    "uri": pl.String,
    "title": pl.String,
    "language": pl.String,
    "text_sha256": pl.String,
    "start_char": pl.Int64,
    "end_char": pl.Int64,
    "stale": pl.Boolean,
}
AWKWARD = 'Say "茶"\u2028 & <b>\\n</b>\n\tnow, 🫖é'
ROWS = pl.DataFrame(
    [
        [
            "r1",
            "v1",
            "b.md",
            "n1",
            "Why?",
            "Because.",
            "train",
            "file:b",
            "B",
            "en",
            "h",
            0,
            9,
            False,
        ],
        [
            "r2",
            "v1",
            "b.md",
            "n2",
            AWKWARD,
            AWKWARD[::-1],
            "test",
            "file:b",
            "B",
            "zh",
            "h",
            9,
            12,
            True,
        ],
        [
            "r3",
            "v1",
            "it's odd",
            "n3",
            "How?",
            "So.",
            "train",
            "file:o",
            "",
            "en",
            "o",
            0,
            2,
            False,
        ],
    ],
    schema=COLUMNS,
    orient="row",
).with_columns(question=pl.lit(None, pl.String), answer=pl.lit(None, pl.String))


def exported(directory: Path, format_name: str, rows: pl.DataFrame = ROWS) -> dict[str, bytes]:
    """The files of an export by their path within it, but for the manifest."""
    written = export_dataset(rows, directory, format_name)
    files = {p.relative_to(directory).as_posix(): p for p in directory.rglob("*") if p.is_file()}
    assert sorted(files.values()) == sorted(written)
    del files["manifest.json"]
    return {name: path.read_bytes() for name, path in sorted(files.items())}


def lines(content: bytes) -> list[dict[str, object]]:
    return [json.loads(line) for line in content.decode().removesuffix("\n").split("\n")]


@pytest.mark.parametrize(
    ("format_name", "of_a_pair"),
    [
        (
            "chat",
            lambda q, r: {
                "messages": [
                    {"role": "user", "content": q},
                    {"role": "assistant", "content": r},
                ]
            },
        ),
        ("alpaca", lambda q, r: {"instruction": q, "input": "", "output": r}),
        (
            "sharegpt",
            lambda q, r: {
                "conversations": [{"from": "human", "value": q}, {"from": "gpt", "value": r}]
            },
        ),
    ],
)
def test_json_formats_have_a_pair_a_line_and_a_file_a_split(
    tmp_path: Path, format_name: str, of_a_pair: Callable[[str, str], object]
) -> None:
    files = exported(tmp_path, format_name)
    assert list(files) == ["lineage.jsonl", "test.jsonl", "train.jsonl"]
    assert lines(files["train.jsonl"]) == [of_a_pair("Why?", "Because."), of_a_pair("How?", "So.")]
    assert lines(files["test.jsonl"]) == [of_a_pair(AWKWARD, AWKWARD[::-1])]


def test_characters_of_all_scripts_are_written_as_they_are(tmp_path: Path) -> None:
    assert "茶" in exported(tmp_path, "chat")["test.jsonl"].decode()


def test_text_has_query_and_response_on_lines_of_their_own(tmp_path: Path) -> None:
    files = exported(tmp_path, "text")
    assert files["train.txt"].decode() == "Why?\nBecause.\n\nHow?\nSo.\n\n"


def test_parquet_keeps_ids_texts_and_spans(tmp_path: Path) -> None:
    exported(tmp_path, "parquet")
    train = pl.read_parquet(tmp_path / "train.parquet")
    assert train.rows(named=True) == [
        {name: row[name] for name in COLUMNS if name in train.columns}
        for row in ROWS.rows(named=True)
        if row["split"] == "train"
    ]
    test = pl.read_parquet(tmp_path / "test.parquet")
    assert test["query"].to_list() == [AWKWARD]


def test_how_rows_came_about_is_in_lineage_and_parquet_where_it_is_known(tmp_path: Path) -> None:
    without = exported(tmp_path, "parquet")
    assert not any({"question", "answer"} & set(row) for row in lines(without["lineage.jsonl"]))
    assert "question_provenance" not in pl.read_parquet(tmp_path / "train.parquet").columns
    made = {"model": "openai/tea", "sample": 2, "journal_key": "ab", "settings": {"a.b": "0.2"}}
    known = pl.col("row_id") == "r3"
    rows = ROWS.with_columns(
        question=pl.when(known).then(pl.lit(json.dumps(made))),
        answer=pl.when(known).then(pl.lit(json.dumps({**made, "sample": 0}))),
    )
    _, first, second = lines(exported(tmp_path, "parquet", rows)["lineage.jsonl"])
    assert not {"question", "answer"} & set(first)
    assert (second["question"], second["answer"]) == (made, {**made, "sample": 0})
    train = pl.read_parquet(tmp_path / "train.parquet")
    assert train["question_provenance"].to_list() == [None, json.dumps(made)]
    assert json.loads(train["answer_provenance"][1])["sample"] == 0


def test_hf_has_messages_in_data_files_that_its_card_names(tmp_path: Path) -> None:
    files = exported(tmp_path, "hf")
    assert list(files) == [
        "README.md",
        "data/test-00000-of-00001.parquet",
        "data/train-00000-of-00001.parquet",
        "lineage.jsonl",
    ]
    train = pl.read_parquet(tmp_path / "data" / "train-00000-of-00001.parquet")
    assert train["messages"].to_list()[0] == [
        {"role": "user", "content": "Why?"},
        {"role": "assistant", "content": "Because."},
    ]
    card = files["README.md"].decode()
    assert card.startswith("---\nconfigs:\n")
    for split in ("train", "test"):
        assert f"- split: {split}\n    path: data/{split}-*.parquet" in card


@pytest.mark.parametrize("format_name", FORMATS)
def test_lineage_leads_every_row_back_in_the_order_of_the_files(
    tmp_path: Path, format_name: str
) -> None:
    lineage = lines(exported(tmp_path, format_name)["lineage.jsonl"])
    assert [row["row_id"] for row in lineage] == ["r2", "r1", "r3"]
    assert [(row["uri"], row["start_char"], row["end_char"]) for row in lineage] == [
        ("file:b", 9, 12),
        ("file:b", 0, 9),
        ("file:o", 0, 2),
    ]


@pytest.mark.parametrize("format_name", FORMATS)
def test_the_same_rows_are_exported_byte_for_byte_the_same(
    tmp_path: Path, format_name: str
) -> None:
    first = exported(tmp_path / "first", format_name)
    assert exported(tmp_path / "second place", format_name, ROWS.clone()) == first


@pytest.mark.parametrize("format_name", FORMATS)
def test_an_export_replaces_an_earlier_one_with_more_splits(
    tmp_path: Path, format_name: str
) -> None:
    train_alone = ROWS.filter(pl.col("split") == "train")
    fresh = exported(tmp_path / "fresh", format_name, train_alone)
    exported(tmp_path / "again", format_name)
    assert exported(tmp_path / "again", format_name, train_alone) == fresh


@pytest.mark.parametrize("format_name", FORMATS)
def test_a_dataset_without_rows_is_exported_without_splits(
    tmp_path: Path, format_name: str
) -> None:
    files = exported(tmp_path, format_name, ROWS.clear())
    assert files.pop("lineage.jsonl") == b""
    assert list(files) == (["README.md"] if format_name == "hf" else [])


def test_an_unknown_format_is_named_with_those_that_there_are(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="csv: unknown; use one of chat, alpaca"):
        export_dataset(ROWS, tmp_path / "new", "csv")
    assert not (tmp_path / "new").exists()


def test_a_file_in_place_of_the_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("precious")
    with pytest.raises(SettingsError, match="taken is a file"):
        export_dataset(ROWS, tmp_path / "taken", "chat")
    assert (tmp_path / "taken").read_text() == "precious"
