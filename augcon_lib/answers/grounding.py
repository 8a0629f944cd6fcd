"""Check by words whether an answer keeps to its passage: its names, numbers and dates (3.4).

A name that does not occur in the passage is invented; a synonym is not. Whether the claims are
true is left to the model's own verdict.
"""

import re
import unicodedata
from collections.abc import Sequence

from augcon_lib.text.numerals import MONTHS, all_numbers, digit_numbers

# Languages that write all nouns with a capital letter.
_CAPITAL_NOUNS = frozenset({"de", "lb"})
MAX_REFUSAL_CHARS = 300
MIN_STEM_CHARS = 4
MAX_ENDING_CHARS = 3
_LIST_MARKS = re.compile(
    r"^[^\S\n]*(?:\d{1,2}(?:[.)]\s|[、．])|[-*•]\s)\s*|[(（]\d{1,2}[)）]"
    r"|(?<=[.;:!?]\s)\d{1,2}[.)]\s",
    re.MULTILINE,
)
_WORD = re.compile(r"[^\W\d_][\w'’]*")
# What may precede a sentence: nothing, an end of sentence, an opening quote or a bullet.
_BEGINS = re.compile(r"(?:^|[.!?:;…。！？：；\n*•—–-])[\s\"'“”‘’«»(（\[*_`#>-]*$|[\"“‘«(（\[`*_]$")
_QUOTED_TITLE = re.compile(r"[《「『]([^》」』]{1,40})[》」』]")
_HAN_OR_KANA = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]")
_LATIN_NAME = re.compile(r"[A-Za-z][A-Za-z+#-]*[A-Za-z+#]")
_REFUSALS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\bI(?:'m| am) (?:sorry|unable|afraid)|\bI (?:can ?not|can't|could not|do not know)\b",
        r"\b(?:passage|text|context|document|article|excerpt|information|section)\b[^.]{0,40}"
        r"\b(?:does|do|did|is|are|was|were)(?: not|n't)\b[^.]{0,20}"
        r"\b(?:say|state|mention|specif|provid|contain|includ|answer|explain|describ|giv|indicat)",
        r"\b(?:is|are|was|were)(?: not|n't) (?:known|stated|mentioned|specified|given|provided)\b",
        r"\bno (?:information|mention|details?)\b[^.]{0,30}\b(?:is|are|about|on|of|was|were)\b",
        r"(?:原文|文中|文字|文章|文本|上下文|材料|资料|这段话|短文)[^。]{0,12}(?:没有|未|并未)[^。]{0,6}"
        r"(?:说明|提到|提及|给出|回答|涉及|提供|说)",
        r"无从得知|无法(?:回答|得知|确定|判断)|(?:没有|未)(?:提到|提及)|^抱歉|^对不起",
        r"本文には[^。]{0,20}(?:ありません|記載されていません)|わかりません",
    )
)


def is_refusal(answer: str, context: str) -> bool:
    """Whether *answer* says that there is no answer, in words that are not in the passage."""
    if len(answer) > MAX_REFUSAL_CHARS:
        return False
    found = [match[0] for pattern in _REFUSALS if (match := pattern.search(answer))]
    known = _folded(context)
    return any(_folded(said) not in known for said in found)


def ungrounded(answer: str, sources: Sequence[str], language: str) -> list[str]:
    """Return names, numbers and dates of *answer* that do not occur in *sources*, as written.

    Names are words with a capital letter inside a sentence, in scripts that have them and languages
    that do not capitalize all nouns; Latin words and quoted titles in Chinese and Japanese. A
    different ending does not make another name.
    """
    text = _LIST_MARKS.sub(" ", unicodedata.normalize("NFKC", answer))
    source = unicodedata.normalize("NFKC", "\n".join(sources))
    known = all_numbers(source)
    written = digit_numbers(text).items()
    missing = [number for number, forms in written if not forms & known]
    folded = _folded(source)
    words = {word.casefold().removesuffix("'s") for word in _words(source)}
    for name in _names(text, language):
        if _folded(name) not in folded and not _stands(name, words, known):
            missing.append(name)
    return list(dict.fromkeys(missing))


def _names(text: str, language: str) -> list[str]:
    if _HAN_OR_KANA.search(text):
        titles = [match[1] for match in _QUOTED_TITLE.finditer(text)]
        return titles + [match[0] for match in _LATIN_NAME.finditer(text)]
    if language.split("-")[0] in _CAPITAL_NOUNS:
        return []
    names = []
    for match in _WORD.finditer(text):
        word = match[0].replace("’", "'").removesuffix("'s")
        if len(word) < 2 or not word[0].isupper():
            continue
        is_acronym = sum(letter.isupper() for letter in word) > 1
        if is_acronym or not _BEGINS.search(text[max(0, match.start() - 8) : match.start()]):
            names.append(word)
    return names


def _stands(name: str, words: set[str], numbers: set[str]) -> bool:
    """Whether *name* is one of *words* except for its ending, or a month given as a number."""
    folded = name.casefold()
    if folded in words:
        return True
    month = next((n for n, m in enumerate(MONTHS, start=1) if folded in (m, m[:3], m[:4])), 0)
    if month:
        return str(month) in numbers or MONTHS[month - 1][:3] in words
    stem = folded[: max(MIN_STEM_CHARS, len(folded) - MAX_ENDING_CHARS)]
    return len(folded) > MIN_STEM_CHARS and any(
        word.startswith(stem) and len(word) <= len(stem) + 2 * MAX_ENDING_CHARS for word in words
    )


def _words(text: str) -> list[str]:
    return [match[0].replace("’", "'") for match in _WORD.finditer(text)]


def _folded(text: str) -> str:
    return re.sub(r"\s+", " ", text.replace("’", "'")).casefold().strip()
