"""Read a benchmark file in any of the known formats.

Besides our own rows: TriviaQA as it is published (``qa/*.json``, with the evidence documents in
``evidence/`` beside the folder of the file), and WebGLM-QA (rows ``{question, answer,
references}``).
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from augcon_lib.benchmark.gold import (
    BenchmarkError,
    GoldQuestion,
    checked,
    gold_of_row,
    read_json_lines,
)

_CITATION = re.compile(r"\s*\[\d+\]")
# Which list of a TriviaQA question names documents of which folder of the evidence.
_EVIDENCE = {"EntityPages": "wikipedia", "SearchResults": "web"}


def load_gold(path: Path) -> list[GoldQuestion]:
    """The gold questions of the file at *path*; raises ``BenchmarkError``."""
    if path.suffix == ".json":
        return checked(path, list(_trivia_qa(path)))
    return checked(
        path,
        [
            gold_of_row(place, _web_glm_qa(place, row) if "references" in row else row)
            for place, row in read_json_lines(path)
        ],
    )


def _web_glm_qa(place: str, row: dict[str, Any]) -> dict[str, Any]:
    """The references, numbered, are the passage; the answer's citations of them are dropped."""
    references, answer = row["references"], row.get("answer")
    if not isinstance(references, list) or not all(isinstance(one, str) for one in references):
        raise BenchmarkError(f"{place}: 'references' must be a list of texts")
    if not isinstance(answer, str):
        raise BenchmarkError(f"{place}: 'answer' must be a text")
    context = "\n\n".join(f"[{number}] {text}" for number, text in enumerate(references, start=1))
    return {
        "id": row.get("id", place),
        "context": context,
        "question": row.get("question"),
        "answers": [_CITATION.sub("", answer)],
    }


def _trivia_qa(path: Path) -> Iterator[GoldQuestion]:
    """Each question on each of its evidence documents."""
    try:
        questions = json.loads(path.read_text(encoding="utf-8"))["Data"]
    except OSError as error:
        raise BenchmarkError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, LookupError, TypeError):
        raise BenchmarkError(
            f"{path}: a .json file must be one of TriviaQA's, an object with 'Data'; put your own "
            "rows into a .jsonl file"
        ) from None
    evidence = path.parent.parent / "evidence"
    for question in questions:
        try:
            answer = question["Answer"]
            accepted = dict.fromkeys([answer["Value"], *answer.get("Aliases", ())])
            names = [
                (folder, page["Filename"])
                for key, folder in _EVIDENCE.items()
                for page in question.get(key, ())
                if "Filename" in page
            ]
            asked = (question["QuestionId"], question["Question"])
        except (LookupError, TypeError) as error:
            raise BenchmarkError(f"{path}: a question without {error}") from None
        for folder, name in names:
            passage = _evidence(evidence, folder, name)
            yield GoldQuestion(
                f"{asked[0]}/{name}", f"{folder}/{name}", passage, asked[1], tuple(accepted)
            )


def _evidence(evidence: Path, folder: str, name: str) -> str:
    document = (evidence / folder / name).resolve()
    if not document.is_relative_to(evidence.resolve()):
        raise BenchmarkError(f"the evidence document {name!r} lies outside of {evidence}")
    try:
        return document.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise BenchmarkError(
            f"{document} cannot be read ({error.strerror}); unpack TriviaQA's evidence/ next to "
            "the folder of its questions"
        ) from None
