"""Gold questions: passages with questions and answers that people wrote.

Rows ``{"id", "doc_id", "context", "question", "answers"}``, one JSON object a line; ``doc_id``
names the passage and may be absent, further keys are ignored. Gzip is read by the name's ending.
"""

import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from augcon_lib.errors import AugconError
from augcon_lib.records import content_id


class BenchmarkError(AugconError):
    """A benchmark file that cannot be used; the message names file, line and key."""


@dataclass(frozen=True, slots=True)
class GoldQuestion:
    """A question that people asked about a passage, and the answers that count as right."""

    question_id: str
    passage_id: str
    passage: str
    question: str
    answers: tuple[str, ...]


def read_json_lines(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """(place, object) of each line of *path* that is not blank; raises ``BenchmarkError``."""
    try:
        with (
            gzip.open(path, "rt", encoding="utf-8-sig")
            if path.suffix == ".gz"
            else path.open(encoding="utf-8-sig") as lines
        ):
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield f"{path}, line {number}", _object(f"{path}, line {number}", line)
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise BenchmarkError(f"{path} cannot be read: {error}") from None


def gold_of_row(place: str, row: Mapping[str, Any]) -> GoldQuestion:
    """The gold question of one *row*; raises ``BenchmarkError`` that names the key."""
    for key in ("context", "question"):
        if not isinstance(row.get(key), str) or not row[key].strip():
            raise BenchmarkError(f"{place}: {key!r} must be a text that is not blank")
    answers = row.get("answers")
    if not isinstance(answers, Sequence) or isinstance(answers, str) or not answers:
        raise BenchmarkError(f"{place}: 'answers' must be a list of one text or more")
    if not all(isinstance(answer, str) for answer in answers):
        raise BenchmarkError(f"{place}: 'answers' contains a value that is not text")
    passage = str(row["context"])
    return GoldQuestion(
        question_id=str(row.get("id", place)),
        passage_id=str(row.get("doc_id") or content_id("passage", passage)),
        passage=passage,
        question=str(row["question"]),
        answers=tuple(answers),
    )


def checked(path: Path, questions: Sequence[GoldQuestion]) -> list[GoldQuestion]:
    """*questions*, of which there must be some; one passage id names one passage."""
    if not questions:
        raise BenchmarkError(f"{path} contains no questions")
    passages: dict[str, str] = {}
    for each in questions:
        if passages.setdefault(each.passage_id, each.passage) != each.passage:
            raise BenchmarkError(
                f"{path}: the doc_id {each.passage_id!r} stands for two different contexts"
            )
    return list(questions)


def _object(place: str, line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BenchmarkError(f"{place}: not a JSON object on one line ({error})") from None
    if not isinstance(row, dict):
        raise BenchmarkError(f"{place}: not a JSON object")
    return row
