"""Read a review file: queries that people accepted or rejected, one JSON object per line.

``{"context": ..., "query": ..., "accepted": true}``; further keys are ignored.
"""

from dataclasses import dataclass
from pathlib import Path

from augcon_lib.benchmark.gold import BenchmarkError, read_json_lines


@dataclass(frozen=True, slots=True)
class Verdict:
    """A person's verdict on a query about a context."""

    context: str
    query: str
    accepted: bool


def is_review(path: Path) -> bool:
    """Return whether the file at *path* contains verdicts, by its first row."""
    if not path.is_file() or not path.name.endswith((".jsonl", ".jsonl.gz")):
        return False
    return any("accepted" in row for _, row in (next(read_json_lines(path), ("", {})),))


def read_review(path: Path) -> list[Verdict]:
    """Read the verdicts of the file at *path*; raises ``BenchmarkError`` with line and key."""
    found = []
    for place, row in read_json_lines(path):
        for key in ("context", "query"):
            if not isinstance(row.get(key), str) or not row[key].strip():
                raise BenchmarkError(f"{place}: {key!r} must be a text that is not blank")
        if not isinstance(row.get("accepted"), bool):
            raise BenchmarkError(f"{place}: 'accepted' must be true or false")
        found.append(Verdict(row["context"], row["query"], row["accepted"]))
    return found
