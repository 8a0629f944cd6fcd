import json
from pathlib import Path

import pytest

from augcon_lab.studies.reviews import Verdict, is_review, read_review
from augcon_lib.benchmark.gold import BenchmarkError

GOOD = {"context": "Salt melts ice.", "query": "What melts ice?", "accepted": True, "by": "Ann"}


def write(path: Path, *rows: object) -> Path:
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return path


def test_verdicts_are_read_and_further_keys_are_ignored(tmp_path: Path) -> None:
    path = write(tmp_path / "review.jsonl", GOOD, {**GOOD, "accepted": False})
    assert is_review(path)
    assert read_review(path) == [
        Verdict("Salt melts ice.", "What melts ice?", accepted) for accepted in (True, False)
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"accepted": "yes"}, "line 2: 'accepted' must be true or false"),
        ({"query": " "}, "line 2: 'query' must be a text"),
        ({"context": None}, "line 2: 'context' must be a text"),
    ],
)
def test_a_row_that_is_no_verdict_is_named(
    tmp_path: Path, change: dict[str, object], message: str
) -> None:
    path = write(tmp_path / "review.jsonl", GOOD, {**GOOD, **change})
    with pytest.raises(BenchmarkError, match=message):
        read_review(path)


def test_a_benchmark_a_folder_and_an_empty_file_are_no_reviews(tmp_path: Path) -> None:
    assert not is_review(write(tmp_path / "gold.jsonl", {"context": "c", "question": "q"}))
    assert not is_review(write(tmp_path / "empty.jsonl"))
    assert not is_review(tmp_path)
