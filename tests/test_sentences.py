import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from augcon_lib.text.sentences import split_sentences

LANGUAGES = st.sampled_from(["en", "zh", "ja", "ar", "th", "und", "xx-made-up"])
TEXTS = st.text(st.one_of(st.characters(), st.sampled_from(" .!?\n。！？\"'”）-#؟\u2028\u00a0")))


def sentences(text, language="en"):
    return [text[start:end] for start, end in split_sentences(text, language)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        (
            "Dr. A. Smith paid $3.14 (vs. 2.71). He left.",
            ["Dr. A. Smith paid $3.14 (vs. 2.71).", "He left."],
        ),
        ('He said: "Stop." "Why?" she asked.', ['He said: "Stop."', '"Why?" she asked.']),
        ("# Heading\nText goes on. More.", ["# Heading", "Text goes on.", "More."]),
        ("- one\n- two\n1. three", ["- one", "- two", "1. three"]),
        ("no full stop\n\nnext paragraph", ["no full stop", "next paragraph"]),
        ("short line\nshort line", ["short line", "short line"]),
        (
            "This line is wrapped at a width of about sixty characters\nand goes on here. End.",
            [
                "This line is wrapped at a width of about sixty characters\nand goes on here.",
                "End.",
            ],
        ),
        ("", []),
        (" \n\t", []),
    ],
)
def test_english(text, expected):
    assert sentences(text) == expected


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("没有空格。真的吗？是的！", "zh", ["没有空格。", "真的吗？", "是的！"]),
        ("他说：“好。”然后走了。", "zh", ["他说：“好。”", "然后走了。"]),
        ("结束；再见｡好", "zh", ["结束；", "再见｡", "好"]),
        ("文。「本当？」そうです！", "ja", ["文。", "「本当？」", "そうです！"]),
        ("هل هذا سؤال؟ نعم.", "ar", ["هل هذا سؤال؟", "نعم."]),
        ("यह वाक्य है। अगला वाक्य॥", "hi", ["यह वाक्य है।", "अगला वाक्य॥"]),
        ("ประโยคแรก ประโยคที่สอง", "th", ["ประโยคแรก", "ประโยคที่สอง"]),
        ("没有空格。真的吗？", "und", ["没有空格。", "真的吗？"]),
    ],
)
def test_other_scripts(text, language, expected):
    assert sentences(text, language) == expected


@settings(deadline=None, derandomize=True)
@given(TEXTS, LANGUAGES)
def test_every_character_but_white_space_lies_in_exactly_one_sentence(text, language):
    spans = split_sentences(text, language)
    covered = 0
    for start, end in spans:
        assert covered <= start < end
        assert not text[covered:start].strip()
        assert text[start:end] == text[start:end].strip()
        covered = end
    assert not text[covered:].strip()


@pytest.mark.parametrize(
    "sentence", ["A sentence of words, with a comma. ", "word ", "字字。", "a"]
)
def test_a_long_paragraph_takes_less_than_a_second(sentence):
    text = sentence * (200_000 // len(sentence))
    began = time.process_time()
    split_sentences(text, "zh" if "字" in sentence else "en")
    assert time.process_time() - began < 1
