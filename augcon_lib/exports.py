"""Writing a dataset version for a trainer: byte for byte the same for the same rows.

Beside the rows of each split lies ``lineage.jsonl``, one line per row in the same order, with the
way back to the document. Nothing in an export depends on when or where it was made.
"""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import polars as pl

from augcon_lib.errors import SettingsError
from augcon_lib.sft_dataset import SPLITS

Row = dict[str, Any]

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


def export_dataset(rows: pl.DataFrame, directory: Path, format_name: str) -> list[Path]:
    """Write *rows* (of ``warehouse.datasets.read_dataset``) into *directory*; the files written.

    One file per split; the file of a split that an earlier export had and *rows* have not is
    removed. Raises ``SettingsError`` for an unknown format, or where *directory* is
    a file.
    """
    if format_name not in FORMATS:
        raise SettingsError(f"--format {format_name}: unknown; one of {', '.join(FORMATS)}")
    if directory.exists() and not directory.is_dir():
        raise SettingsError(f"{directory} is a file; an export wants a folder")
    directory.mkdir(parents=True, exist_ok=True)
    written = []
    for split in SPLITS:
        path = _split_path(directory, split, format_name)
        part = rows.filter(pl.col("split") == split)
        if part.is_empty():
            path.unlink(missing_ok=True)
            continue
        path.parent.mkdir(exist_ok=True)
        _write_split(part, path, format_name)
        written.append(path)
    if format_name == "hf":
        written.append(_write_card(directory, rows))
    lineage = directory / "lineage.jsonl"
    _write_lines(lineage, (_json({k: row[k] for k in _LINEAGE}) for row in _by_split(rows)))
    return [*written, lineage]


def _split_path(directory: Path, split: str, format_name: str) -> Path:
    if format_name == "hf":
        return directory / "data" / f"{split}-00000-of-00001.parquet"
    suffix = {"parquet": "parquet", "text": "txt"}.get(format_name, "jsonl")
    return directory / f"{split}.{suffix}"


def _write_split(part: pl.DataFrame, path: Path, format_name: str) -> None:
    rows = part.iter_rows(named=True)
    if format_name == "hf":
        messages = pl.Series("messages", [_chat(row)["messages"] for row in rows])
        part = part.select(_PARQUET_COLUMNS).with_columns(messages)
        part.write_parquet(path, compression="zstd", statistics=False)
    elif format_name == "parquet":
        part = part.select(*_PARQUET_COLUMNS, "split", "start_char", "end_char", "stale")
        part.write_parquet(path, compression="zstd", statistics=False)
    elif format_name == "text":
        _write_lines(path, (f"{row['query']}\n{row['response']}\n" for row in rows))
    else:
        shape = _JSON_FORMATS[format_name]
        _write_lines(path, (_json(shape(row)) for row in rows))


def _write_card(directory: Path, rows: pl.DataFrame) -> Path:
    splits = "\n".join(
        f"  - split: {split}\n    path: data/{split}-*.parquet"
        for split in sorted(rows["split"].unique())
    )
    version = rows["dataset_version"][0] if rows.height else "empty"
    card = directory / "README.md"
    card.write_text(
        f"---\nconfigs:\n- config_name: default\n  data_files:\n{splits}\n---\n\n"
        f"Dataset version `{version}`, {rows.height} rows, made by augcon. `lineage.jsonl` leads "
        "each row back to its document and character span.\n",
        encoding="utf-8",
    )
    return card


def _by_split(rows: pl.DataFrame) -> Iterable[Row]:
    return rows.sort("split", maintain_order=True).iter_rows(named=True)


def _write_lines(path: Path, lines: Iterable[str]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{line}\n" for line in lines)


def _json(value: Row) -> str:
    return json.dumps(value, ensure_ascii=False)
