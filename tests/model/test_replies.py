import json
import time
import unicodedata
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from augcon_lib.chat.messages import WireForm, render_reply
from augcon_lib.chat.reply_formats import (
    ANSWER,
    CST_BOUNDARY,
    CST_REWRITE,
    JUDGEMENT,
    QUESTION_ANSWER_CONFIDENCE,
)

GOOD = {"question": "Why?", "context_1": "One.", "context_2": "Two."}


@pytest.mark.parametrize(
    "content",
    [
        json.dumps(GOOD),
        f"```json\n{json.dumps(GOOD, indent=1)}\n```",
        f"Sure! Here it is: {json.dumps(GOOD)} I hope that helps {{}}.",
        f"<think>maybe {{'a': 1}} or Question: x</think>\n{json.dumps(GOOD)}",
        f"thinking aloud without an opening tag</think>{json.dumps(GOOD)}",
        '{"question": "Why?", "context_1": "One.", "context_2": "Two.",}',
        '{"Question": "Why?", "Context 1": "One.", "Context 2": "Two."}',
        json.dumps({"reply": GOOD}),
        json.dumps([GOOD]),
        "Question: Why?\n\nContext 1: One.\n\nContext 2: Two.",
        "question：Why?\ncontext 1： One.\nCONTEXT 2：Two.",
        "**Question:** Why?\n**Context 1**: One.\n### Context 2: Two.",
        "```\nQuestion: Why?\nContext 1: One.\nContext 2: Two.\n```",
        "Of course.\n\n```text\nQuestion: Why?\nContext 1: One.\nContext 2: Two.\n```",
        "问题：Why?\n上下文1：One.\n上下文2：Two.",
    ],
)
def test_a_reply_is_read_in_every_dress(content: str) -> None:
    assert CST_REWRITE.parse(content) == GOOD


def test_labels_inside_a_passage_do_not_cut_it() -> None:
    content = (
        "Question: Why?\n\nContext 1: He wrote Context 2: here, and Question: there.\n"
        "Question: again\n\nContext 2: Two.\nContext 1: quoted."
    )
    assert CST_REWRITE.parse(content) == {
        "question": "Why?",
        "context_1": "He wrote Context 2: here, and Question: there.\nQuestion: again",
        "context_2": "Two.\nContext 1: quoted.",
    }


def test_a_passage_about_think_tags_survives() -> None:
    reply = {**GOOD, "context_1": "Write <think>a</think> first."}
    assert CST_REWRITE.parse(json.dumps(reply)) == reply


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "neither"),
        ("I am sorry, Question: Why?\n\nPart one: a\n\nContext 2: b", "neither|missing"),
        ("Question: Why?\n\nContext 1: One.", "context_2 is missing"),
        ('{"question": "", "context_1": "a", "context_2": "b"}', "question is empty"),
        ('{"question": 3, "context_1": "a", "context_2": "b"}', "question is not a text"),
        ("<think>never ends " + json.dumps(GOOD), "neither"),
        ('{"question": "Why?", "context_1": "On', "neither|missing"),
    ],
)
def test_an_unusable_reply_says_why(content: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        CST_REWRITE.parse(content)


@pytest.mark.parametrize("written", ["2", "[2]", "sentence 2", 2, 2.0])
def test_a_boundary_is_a_whole_number(written: object) -> None:
    content = json.dumps({"question": "Why?", "last_sentence_of_first_part": written})
    assert CST_BOUNDARY.parse(content)["last_sentence_of_first_part"] == 2


@pytest.mark.parametrize("written", ["2 or 3", "none", True, 2.5, None])
def test_anything_else_is_no_boundary(written: object) -> None:
    content = json.dumps({"question": "Why?", "last_sentence_of_first_part": written})
    with pytest.raises(ValueError, match="last_sentence"):
        CST_BOUNDARY.parse(content)


@pytest.mark.parametrize(
    ("written", "verdict"),
    [
        ("yes", "yes"),
        ("Yes, it does.", "yes"),
        ("**NO**", "no"),
        ("是", "yes"),
        ("是的。", "yes"),
        ("否", "no"),
        ("不是", "no"),
        ("不正确", "no"),
    ],
)
def test_verdicts_are_normalised(written: str, verdict: str) -> None:
    assert JUDGEMENT.parse(f"Verdict: {written}") == {"verdict": verdict, "reason": ""}
    assert JUDGEMENT.parse(json.dumps({"verdict": written}))["verdict"] == verdict


@pytest.mark.parametrize("written", ["maybe", "none", "notable", ""])
def test_anything_else_is_no_verdict(written: str) -> None:
    with pytest.raises(ValueError, match="verdict"):
        JUDGEMENT.parse(json.dumps({"verdict": written, "reason": "r"}))


def test_characters_that_no_file_can_hold_are_replaced() -> None:
    assert ANSWER.parse('{"answer": "a\\ud800b\\u0000c"}') == {"answer": "a\ufffdbc"}


@given(st.text(max_size=300))
def test_parsing_never_fails_but_with_a_reason(content: str) -> None:
    for reply_format in (CST_REWRITE, CST_BOUNDARY, ANSWER, JUDGEMENT, QUESTION_ANSWER_CONFIDENCE):
        with suppress(ValueError):
            assert set(reply_format.parse(content)) == {one.name for one in reply_format.fields}


@given(st.lists(st.text("abc 中。{}<>", min_size=1).filter(str.strip), min_size=3, max_size=3))
def test_what_is_rendered_is_read_back(texts: list[str]) -> None:
    reply = {name: text.strip() for name, text in zip(GOOD, texts, strict=True)}
    for form in WireForm:
        assert CST_REWRITE.parse(render_reply(CST_REWRITE, reply, form)) == reply


def test_the_schema_is_strict_and_complete() -> None:
    for reply_format in (CST_REWRITE, CST_BOUNDARY, ANSWER, JUDGEMENT):
        schema = reply_format.json_schema()
        assert schema["required"] == list(schema["properties"])
        assert schema["additionalProperties"] is False
    assert JUDGEMENT.json_schema()["properties"]["verdict"]["enum"] == ["yes", "no"]


@pytest.mark.parametrize("said", ["high", "High.", "**high** (it says so)", '"high"'])
def test_a_choice_is_read_through_emphasis_and_remarks(said: str) -> None:
    content = f"Question: Why?\nAnswer: So.\nConfidence: {said}"
    assert QUESTION_ANSWER_CONFIDENCE.parse(content)["confidence"] == "high"


@pytest.mark.parametrize("said", ["highest", "very sure", "0.9"])
def test_what_is_none_of_the_choices_is_refused(said: str) -> None:
    with pytest.raises(ValueError, match="confidence is none of high, medium, low"):
        QUESTION_ANSWER_CONFIDENCE.parse(
            json.dumps({"question": "Why?", "answer": "So.", "confidence": said})
        )


@pytest.mark.parametrize("mark", "-_*#>")
def test_a_long_rule_between_the_fields_is_read_at_once(mark: str) -> None:
    rule = mark * 5_000
    content = f"Question: What?\n\n{rule}\n\nContext 1: A.\n{rule}\nContext 2: B."
    started = time.perf_counter()
    fields = CST_REWRITE.parse(content)
    assert time.perf_counter() - started < 2  # it used to take for ever
    assert fields["question"].startswith("What?")
    with suppress(ValueError):
        CST_REWRITE.parse("<think>" * 16_000)
    assert time.perf_counter() - started < 4


HOSTILE = (
    "hi \x1b]0;PWNED\x07 \x1b[2J\x1b[31mred \x9b31m \u202e rtl \u2066x\u2069 \x08\x08 \r over "
    "\u2028 \ufeff \U000e0041 \ud800 \x00 end"
)


@pytest.mark.parametrize("written", ["json", "text"])
def test_no_control_or_hidden_character_of_a_reply_reaches_a_row(written: str) -> None:
    content = json.dumps({"answer": HOSTILE}) if written == "json" else f"Answer: {HOSTILE}"
    answer = str(ANSWER.parse(content)["answer"])
    assert not [c for c in answer if unicodedata.category(c) in ("Cc", "Cf", "Cs") and c != "\n"]
    assert answer.split() == ["hi", "red", "31m", "rtl", "x", "over", "�", "end"]


@pytest.mark.parametrize(
    "answer",
    [
        "An ordinary answer, with a dash - and “quotes”.",
        "Two lines.\n\tAnd a tab.",
        "می‌خواهم، 水車は夜に回る。 👩‍👩‍👧 🏴󠁧󠁢󠁥󠁮󠁧󠁿 soft\u00adhyphen",
    ],
)
def test_an_ordinary_answer_stays_as_it_was(answer: str) -> None:
    assert ANSWER.parse(json.dumps({"answer": answer}))["answer"] == answer
