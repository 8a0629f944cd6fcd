"""Read JSONL files that people write: errors name the file, the line and the key."""

import difflib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any


class BadLine(ValueError):
    """A line that cannot be used; the message names file, line number and key."""


def read_rows(path: Path, keys: Mapping[str, type]) -> Iterator[dict[str, Any]]:
    """Yield the rows of *path*, each with exactly *keys* of their types; skip blank lines.

    Texts must not be blank, numbers are at least 1. Raises ``BadLine``, ``OSError``.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadLine(f"{path} is not UTF-8 ({error.reason} at byte {error.start})") from None
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        place = f"{path}, line {number}"
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise BadLine(f"{place}: not a JSON object on one line ({error})") from None
        if not isinstance(row, dict):
            raise BadLine(f"{place}: not a JSON object with the keys {', '.join(keys)}")
        _check(place, row, keys)
        yield row


def _check(place: str, row: dict[str, Any], keys: Mapping[str, type]) -> None:
    for key in row.keys() - keys.keys():
        near = difflib.get_close_matches(key, keys, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}?" if near else f"valid: {', '.join(keys)}"
        raise BadLine(f"{place}: unknown key {key!r}; {hint}")
    for key, kind in keys.items():
        value = row.get(key)
        if key not in row:
            raise BadLine(f"{place}: the key {key!r} is missing")
        if kind is int:
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise BadLine(f"{place}: {key!r} must be a whole number from 1")
        elif not isinstance(value, str) or not value.strip():
            raise BadLine(f"{place}: {key!r} must be a text that is not blank")
