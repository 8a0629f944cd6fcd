import gzip
import json
from pathlib import Path

import pytest

from augcon_lib.benchmark.gold import BenchmarkError
from augcon_lib.benchmark.official import load_gold

ROW = {"id": "q1", "doc_id": "p1", "context": "Tea is hot.", "question": "How is tea?"}
GOOD = {**ROW, "answers": ["hot"], "title": "Tea"}


def write(folder: Path, *rows: object, name: str = "gold.jsonl") -> Path:
    path = folder / name
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return path


def test_rows_are_questions_and_further_keys_are_ignored(tmp_path: Path) -> None:
    (question,) = load_gold(write(tmp_path, GOOD))
    assert (question.question_id, question.passage_id) == ("q1", "p1")
    assert question.passage == "Tea is hot."
    assert (question.question, question.answers) == ("How is tea?", ("hot",))


def test_without_a_doc_id_the_same_context_is_the_same_passage(tmp_path: Path) -> None:
    rows = [{k: v for k, v in GOOD.items() if k != "doc_id"} for _ in range(2)]
    first, second = load_gold(write(tmp_path, *rows))
    assert first.passage_id == second.passage_id != ""


def test_gzip_is_read(tmp_path: Path) -> None:
    path = tmp_path / "gold.jsonl.gz"
    path.write_bytes(gzip.compress(json.dumps(GOOD).encode()))
    assert len(load_gold(path)) == 1


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ({**GOOD, "context": " "}, "line 1: 'context' must be a text"),
        ({**GOOD, "question": 3}, "line 1: 'question' must be a text"),
        (ROW, "line 1: 'answers' must be a list"),
        ({**GOOD, "answers": "hot"}, "line 1: 'answers' must be a list"),
        ({**GOOD, "answers": [1]}, "line 1: 'answers' contains a value that is not text"),
        (["not", "an", "object"], "line 1: not a JSON object"),
    ],
)
def test_a_bad_row_is_named_with_its_line(row: object, problem: str, tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match=problem):
        load_gold(write(tmp_path, row))


def test_one_id_for_two_passages_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match="'p1' stands for two different contexts"):
        load_gold(write(tmp_path, GOOD, {**GOOD, "context": "Ice is cold."}))


@pytest.mark.parametrize("content", ["", "{"])
def test_a_file_without_questions_is_refused(content: str, tmp_path: Path) -> None:
    path = tmp_path / "gold.jsonl"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(BenchmarkError, match=r"gold\.jsonl"):
        load_gold(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    for name in ("none.jsonl", "none.json", "none.jsonl.gz"):
        with pytest.raises(BenchmarkError, match=name):
            load_gold(tmp_path / name)


def test_webglm_qa_is_read_with_numbered_references_and_without_citations(tmp_path: Path) -> None:
    row = {
        "question": "Why is the sky blue?",
        "answer": "Air scatters blue light [1]. At dusk it is red [2][3].",
        "references": ["Blue light is scattered.", "Dusk is red."],
    }
    (question,) = load_gold(write(tmp_path, row))
    assert question.passage == "[1] Blue light is scattered.\n\n[2] Dusk is red."
    assert question.answers == ("Air scatters blue light. At dusk it is red.",)


def trivia_qa(folder: Path, *, filename: str = "Tea.txt") -> Path:
    (folder / "qa").mkdir()
    (folder / "evidence" / "wikipedia").mkdir(parents=True)
    (folder / "evidence" / "wikipedia" / "Tea.txt").write_text("Tea is hot.", encoding="utf-8")
    question = {
        "QuestionId": "tc_1",
        "Question": "How is tea?",
        "Answer": {"Value": "Hot", "Aliases": ["Hot", "Warm"]},
        "EntityPages": [{"Filename": filename, "Title": "Tea"}],
        "SearchResults": [],
    }
    path = folder / "qa" / "wikipedia-dev.json"
    path.write_text(json.dumps({"Data": [question]}), encoding="utf-8")
    return path


def test_triviaqa_is_read_with_its_evidence(tmp_path: Path) -> None:
    (question,) = load_gold(trivia_qa(tmp_path))
    assert (question.passage_id, question.passage) == ("wikipedia/Tea.txt", "Tea is hot.")
    assert question.answers == ("Hot", "Warm")


def test_missing_evidence_says_where_it_belongs(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match="unpack TriviaQA's evidence"):
        load_gold(trivia_qa(tmp_path, filename="Coffee.txt"))


def test_evidence_outside_of_its_folder_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match="lies outside"):
        load_gold(trivia_qa(tmp_path, filename="../../secret.txt"))
