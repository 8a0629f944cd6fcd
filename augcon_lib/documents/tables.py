"""Table files: one document per row. A row that cannot be used is kept, with its problem."""

import csv
import hashlib
import io
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from augcon_lib.documents.encodings import decode
from augcon_lib.documents.entries import printable_id, unique_ids
from augcon_lib.errors import DocumentError

TABLE_SUFFIXES = (".jsonl", ".ndjson", ".csv", ".tsv", ".parquet", ".json")
MAX_CELL_CHARS = 2**31 - 1
# An extra last row: if it is missing from the parsed rows, a quote was never closed.
SENTINEL = "\x00augcon-end-of-table\x00"


ROWS_PER_MEGABYTE = 10_000
CELLS_PER_MEGABYTE = 100_000


@dataclass(frozen=True, slots=True)
class TableLimits:
    """The limits of a table file."""

    rows: int
    cells: int
    text_chars: int

    @classmethod
    def of_file(cls, max_bytes: int) -> "TableLimits":
        """Return the limits of a file that may have *max_bytes*, unpacked."""
        megabytes = max(1.0, max_bytes / 1_000_000)
        return cls(
            int(ROWS_PER_MEGABYTE * megabytes), int(CELLS_PER_MEGABYTE * megabytes), max_bytes
        )

    def check(self, name: str, rows: int, cells: int, text_chars: int) -> None:
        """Raise ``DocumentError`` (``too_large``) if the table *name* exceeds a limit."""
        for count, most, unit in (
            (rows, self.rows, "rows"),
            (cells, self.cells, "cells"),
            (text_chars, self.text_chars, "characters"),
        ):
            if count > most:
                message = (
                    f"it has more than {most:,} {unit}; split it, or raise [source] "
                    "max_document_megabytes"
                )
                raise DocumentError(name, "too_large", message)


NO_LIMITS = TableLimits(sys.maxsize, sys.maxsize, sys.maxsize)


@dataclass(frozen=True, slots=True)
class Row:
    """A row: its cells, or what is wrong with it (``problem``, a sentence for users)."""

    row_id: str
    sha256: str
    fields: Mapping[str, object]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class _RawRow:
    number: int
    fields: Mapping[str, object]
    problem: str = ""


def is_table_name(name: str) -> bool:
    """Whether a file called *name* may contain a table."""
    return name.lower().endswith(TABLE_SUFFIXES)


def parse_table(
    name: str, data: bytes, id_column: str, limits: TableLimits = NO_LIMITS
) -> list[Row] | None:
    """Return the rows of the table file *name*; None for JSON that is not an array of objects.

    A row's id is its cell in *id_column*, otherwise its number (from 1; for JSON lines, the line
    number); an id that occurs again gets ``~2``. Raises ``DocumentError`` (``unreadable_table``,
    ``undecodable``, ``too_large``).
    """
    suffix = "." + name.lower().rpartition(".")[2]
    if suffix == ".parquet":
        raw: Iterable[_RawRow] | None = _parquet_rows(name, data, limits)
    else:
        text = decode(data)
        if text is None:
            raise DocumentError(name, "undecodable", "it is not text; save the table as UTF-8")
        if suffix == ".json":
            raw = _json_rows(text)
        elif suffix in (".csv", ".tsv"):
            raw = _separated_rows(text, tabs=suffix == ".tsv")
        else:
            raw = _json_lines(text)
    if raw is None:
        return None
    rows = list(_within(limits, name, raw))
    ids = unique_ids(_row_id(row, id_column) for row in rows)
    return [
        Row(row_id, _row_sha256(row), row.fields, row.problem)
        for row_id, row in zip(ids, rows, strict=True)
    ]


def _within(limits: TableLimits, name: str, rows: Iterable[_RawRow]) -> Iterator[_RawRow]:
    cells = chars = 0
    for number, row in enumerate(rows, start=1):
        cells += len(row.fields)
        chars += sum(len(cell) for cell in row.fields.values() if isinstance(cell, str | bytes))
        limits.check(name, number, cells, chars)
        yield row


def _json_lines(text: str) -> Iterator[_RawRow]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            yield _RawRow(number, {"line": line}, f"line {number} is not valid JSON ({error})")
            continue
        yield _json_row(number, value, f"line {number}")


def _json_rows(text: str) -> Iterator[_RawRow] | None:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(values, list) or not any(isinstance(value, dict) for value in values):
        return None
    return (_json_row(n, value, f"element {n}") for n, value in enumerate(values, start=1))


def _json_row(number: int, value: object, place: str) -> _RawRow:
    if isinstance(value, dict):
        return _RawRow(number, value)
    return _RawRow(number, {"value": value}, f"{place} is not a JSON object")


def _separated_rows(text: str, *, tabs: bool) -> Iterator[_RawRow]:
    header_line = text.partition("\n")[0]
    semicolons = not tabs and "," not in header_line and ";" in header_line
    delimiter = "\t" if tabs else ";" if semicolons else ","
    records = list(_records(text, delimiter, csv.QUOTE_MINIMAL))
    unclosed = not records or records[-1] != [SENTINEL]
    if unclosed and tabs:
        # Many TSV files use no quoting at all.
        records = list(_records(text, delimiter, csv.QUOTE_NONE))
        unclosed = False
    if not unclosed:
        records.pop()
    header = [name.strip() for name in records[0]] if records else []
    for number, cells in enumerate(records[1:], start=1):
        fields: dict[str, object] = dict(zip(header, cells, strict=False))
        problem = ""
        if unclosed and number == len(records) - 1:
            problem = "a quote is opened and never closed, so the rest of the file is one cell"
        elif any(cell.strip() for cell in cells[len(header) :]):
            problem = f"it has {len(cells)} cells for {len(header)} columns"
            fields["cells"] = cells
        if any(cell.strip() for cell in cells):
            yield _RawRow(number, fields, problem and f"row {number}: {problem}")


def _records(text: str, delimiter: str, quoting: Any) -> Iterator[list[str]]:
    # The limit is global to the process; a long cell is no reason to lose a table.
    csv.field_size_limit(MAX_CELL_CHARS)
    lines = io.StringIO(text.rstrip("\r\n") + f"\n{SENTINEL}\n", newline="")
    yield from (cells for cells in csv.reader(lines, delimiter=delimiter, quoting=quoting) if cells)


def _parquet_rows(name: str, data: bytes, limits: TableLimits) -> Iterator[_RawRow]:
    import polars

    try:
        # The count in the file itself, before unpacking.
        lazy = polars.scan_parquet(io.BytesIO(data))
        rows = int(lazy.select(polars.len()).collect().item())
        limits.check(name, rows, rows * len(lazy.collect_schema()), 0)
        frame = polars.read_parquet(io.BytesIO(data))
    except (polars.exceptions.PolarsError, OSError, ValueError) as error:
        message = f"polars cannot read it as Parquet ({error}); write it again"
        raise DocumentError(name, "unreadable_table", message) from None
    return (_RawRow(n, row) for n, row in enumerate(frame.iter_rows(named=True), start=1))


def _row_id(row: _RawRow, id_column: str) -> str:
    value = None if row.problem else row.fields.get(id_column)
    if value is None or isinstance(value, bool | dict | list | float):
        value = ""
    text = printable_id(str(value).encode("utf-8", "backslashreplace").decode())
    return " ".join(text.split()) or str(row.number)


def _row_sha256(row: _RawRow) -> str:
    canonical = json.dumps([row.problem, row.fields], sort_keys=True, default=str)
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()
