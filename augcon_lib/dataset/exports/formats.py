"""The files of an export: one shape per format, one file per split."""

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import polars as pl

from augcon_lib.dataset.rows import SPLITS

Row = dict[str, Any]

LINEAGE_NAME = "lineage.jsonl"
CARD_NAME = "README.md"
CARD_MARK = "made by augcon. `lineage.jsonl`"
_LINEAGE = (
    "row_id",
    "dataset_version",
    "split",
    "document_id",
    "uri",
    "title",
    "language",
    "node_id",
    "text_sha256",
    "start_char",
    "end_char",
    "stale",
)
# The provenance of a row's question and answer; left out for rows from before it was kept.
_PROVENANCE = ("question", "answer")
_PARQUET_COLUMNS = ("row_id", "dataset_version", "document_id", "node_id", "query", "response")


def _chat(row: Row) -> Row:
    return {
        "messages": [
            {"role": "user", "content": row["query"]},
            {"role": "assistant", "content": row["response"]},
        ]
    }


def _alpaca(row: Row) -> Row:
    return {"instruction": row["query"], "input": "", "output": row["response"]}


def _sharegpt(row: Row) -> Row:
    return {
        "conversations": [
            {"from": "human", "value": row["query"]},
            {"from": "gpt", "value": row["response"]},
        ]
    }


_JSON_FORMATS: dict[str, Callable[[Row], Row]] = {
    "chat": _chat,
    "alpaca": _alpaca,
    "sharegpt": _sharegpt,
}
FORMATS = (*_JSON_FORMATS, "parquet", "hf", "text")


def write_files(rows: pl.DataFrame, directory: Path, format_name: str) -> dict[str, int | None]:
    """Write *rows* into the empty *directory*; return the number of rows per file, by its path.

    A file without rows, such as the card of ``hf``, has None.
    """
    written: dict[str, int | None] = {}
    for split, part in split_parts(rows):
        name = split_name(split, format_name)
        path = directory / name
        path.parent.mkdir(exist_ok=True)
        _write_split(part, path, format_name)
        written[name] = part.height
    if format_name == "hf":
        _write_card(directory / CARD_NAME, rows)
        written[CARD_NAME] = None
    return written | write_lineage(rows, directory)


def split_parts(rows: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    """Each split that has rows, and these."""
    for split in SPLITS:
        part = rows.filter(pl.col("split") == split)
        if not part.is_empty():
            yield split, part


def write_lineage(rows: pl.DataFrame, directory: Path) -> dict[str, int | None]:
    """Write the way back of each row; the file's name, and how many it holds."""
    _write_lines(directory / LINEAGE_NAME, map(_lineage, _by_split(rows)))
    return {LINEAGE_NAME: rows.height}


def split_name(split: str, format_name: str) -> str:
    """Return the path of a split's file in the export."""
    if format_name == "hf":
        return f"data/{split}-00000-of-00001.parquet"
    suffix = {"parquet": "parquet", "text": "txt"}.get(format_name, "jsonl")
    return f"{split}.{suffix}"


def _write_split(part: pl.DataFrame, path: Path, format_name: str) -> None:
    rows = part.iter_rows(named=True)
    if format_name == "hf":
        messages = pl.Series("messages", [_chat(row)["messages"] for row in rows])
        part = part.select(_PARQUET_COLUMNS).with_columns(messages)
        part.write_parquet(path, compression="zstd", statistics=False)
    elif format_name == "parquet":
        known = [name for name in _PROVENANCE if part[name].count()]
        part = part.select(
            *_PARQUET_COLUMNS,
            "split",
            "start_char",
            "end_char",
            "stale",
            *(pl.col(name).alias(f"{name}_provenance") for name in known),
        )
        part.write_parquet(path, compression="zstd", statistics=False)
    elif format_name == "text":
        _write_lines(path, (f"{row['query']}\n{row['response']}\n" for row in rows))
    else:
        shape = _JSON_FORMATS[format_name]
        _write_lines(path, (_json(shape(row)) for row in rows))


def _write_card(path: Path, rows: pl.DataFrame) -> None:
    splits = "\n".join(
        f"  - split: {split}\n    path: data/{split}-*.parquet"
        for split in sorted(rows["split"].unique())
    )
    version = rows["dataset_version"][0] if rows.height else "empty"
    path.write_text(
        f"---\nconfigs:\n- config_name: default\n  data_files:\n{splits}\n---\n\n"
        f"Dataset version `{version}`, {rows.height} rows, {CARD_MARK} leads "
        "each row back to its document and character span.\n",
        encoding="utf-8",
    )


def _lineage(row: Row) -> str:
    made = {name: json.loads(row[name]) for name in _PROVENANCE if row[name] is not None}
    return _json({**{name: row[name] for name in _LINEAGE}, **made})


def _by_split(rows: pl.DataFrame) -> Iterable[Row]:
    return rows.sort("split", maintain_order=True).iter_rows(named=True)


def _write_lines(path: Path, lines: Iterable[str]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{line}\n" for line in lines)


def _json(value: Row) -> str:
    return json.dumps(value, ensure_ascii=False)
