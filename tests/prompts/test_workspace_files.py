import json
from pathlib import Path

import pytest

from augcon_lib.errors import SettingsError
from augcon_lib.prompts import load_few_shot_examples, load_principles
from augcon_lib.records import FewShotExample

ROW = {"context": "c", "question": "q", "answer": "a"}
REPOSITORY = Path(__file__).parents[2]


def written(folder: Path, *lines: str) -> Path:
    path = folder / "examples.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_examples_are_read_in_order_blank_lines_and_byte_order_mark_aside(tmp_path: Path) -> None:
    path = written(tmp_path, "\ufeff" + json.dumps(ROW), "", json.dumps({**ROW, "answer": "字 "}))
    assert load_few_shot_examples(path) == (
        FewShotExample("c", "q", "a"),
        FewShotExample("c", "q", "字"),
    )


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "line 2: not a JSON object on one line"),
        ("[]", "line 2: not a JSON object with the keys context, question, answer"),
        ('{"context": "c", "question": "q"}', "line 2: the key 'answer' is missing"),
        ('{"context": "c", "question": "q", "anwser": "a"}', "'anwser'; did you mean 'answer'?"),
        ('{"context": "c", "question": " ", "answer": "a"}', "line 2: 'question' must be a text"),
        ('{"context": "c", "question": 1, "answer": "a"}', "line 2: 'question' must be a text"),
    ],
)
def test_a_bad_line_is_named_with_its_file_number_and_key(
    tmp_path: Path, line: str, message: str
) -> None:
    path = written(tmp_path, json.dumps(ROW), line)
    with pytest.raises(SettingsError) as caught:
        load_few_shot_examples(path)
    assert str(path) in str(caught.value)
    assert message in str(caught.value)


def test_missing_files_say_how_to_get_them(tmp_path: Path) -> None:
    for load in (load_principles, load_few_shot_examples):
        with pytest.raises(SettingsError, match="augcon init"):
            load(tmp_path / "absent")


def test_empty_principles_are_an_error(tmp_path: Path) -> None:
    path = tmp_path / "principles.md"
    path.write_text(" \n", encoding="utf-8")
    with pytest.raises(SettingsError, match="is empty"):
        load_principles(path)


def test_files_in_another_encoding_are_named(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes("Grüße".encode("latin-1"))
    for load in (load_principles, load_few_shot_examples):
        with pytest.raises(SettingsError, match="not UTF-8"):
            load(path)


def test_the_repository_has_twenty_examples_in_two_languages_and_principles() -> None:
    examples = load_few_shot_examples(REPOSITORY / "examples.jsonl")
    chinese = [e for e in examples if any("\u4e00" <= char <= "\u9fff" for char in e.question)]
    assert (len(examples) - len(chinese), len(chinese)) == (12, 8)
    assert len(set(examples)) == 20
    assert "invent" in load_principles(REPOSITORY / "principles.md")
