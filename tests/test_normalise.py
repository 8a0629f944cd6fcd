import re
import sys
import unicodedata

import pytest
import regex  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st

from augcon_lib.text.normalise import COMBINING, MAY_COMBINE, normalise


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\r\nb\rc\nd", "a\nb\nc\nd"),
        ("a\x85b\u2028c\u2029d\fe", "a\nb\nc\nd\ne"),
        ("\ufeffa\ufeffb", "ab"),
        ("n\0u\x07l", "nul"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("cafe\u0301", "café"),
        ("lone \ud83d here", "lone \ufffd here"),
        ("tab\tstays  and   blanks", "tab\tstays  and   blanks"),
        ("👩‍👩‍👧 \u200f\u202eflag", "👩‍👩‍👧 \u200f\u202eflag"),
    ],
)
def test_each_text_has_one_form(text, expected):
    assert normalise(text) == expected


@settings(deadline=None, derandomize=True)
@given(st.text(st.characters()))
def test_the_result_can_be_encoded_and_is_its_own_normal_form(text):
    result = normalise(text)
    result.encode("utf-8")
    assert normalise(result) == result
    assert unicodedata.is_normalized("NFC", result)
    assert not set(result) & {"\r", "\0", "\ufeff", "\u2028", "\x1b"}


def test_every_mark_that_combines_is_seen_by_the_first_look():
    characters = "".join(map(chr, (*range(0xD800), *range(0xE000, sys.maxunicode + 1))))
    marks = regex.findall(COMBINING, characters)
    assert len(marks) > 800
    assert [mark for mark in marks if not re.match(f"[{MAY_COMBINE}]", mark)] == []


@pytest.mark.parametrize("text", ["plain\n\ttext", "caf\u00e9\n", "\u4e3a\u4ec0\u4e48\u3002" * 40])
def test_text_in_that_form_already_stays(text):
    assert normalise(text) == text
