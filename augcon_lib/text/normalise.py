"""Normalise text: NFC, LF line ends, no control characters."""

import re
import unicodedata

import regex  # type: ignore[import-untyped]

from augcon_lib.text.surrogates import without_surrogates

ANSI_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
LINE_ENDS = re.compile("[\r\v\f\x85\u2028\u2029]")
UNWANTED = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ufeff\ufffe\uffff]")
WITHOUT_LINES = {ord("\t"): None, ord("\n"): None}
# Unicode's stream-safe form (UAX 15): a mark without effect after 30 combining ones. Sorting a
# longer run takes quadratic time. Three Tibetan vowels become two such marks each.
COMBINING = r"[^\p{ccc=0}]|[\u0f73\u0f75\u0f81]"
LONG_COMBINING_RUN = regex.compile(rf"(?:{COMBINING}){{30}}(?={COMBINING})")
# What such a run is made of, for a first look in a tenth of the time: all marks, and the letters of
# scripts that have some, but no ASCII, Latin letters, ideographs, kana or hangul.
MAY_COMBINE = "\u0300-\u3040\u3099\u309a\ua66f-\uabff\ufb1e\ufe20-\ufe2f\U00010000-\U0001ffff"
MAY_BE_LONG_RUN = re.compile(rf"[{MAY_COMBINE}][{MAY_COMBINE}]{{30}}")
GRAPHEME_JOINER = "\u034f"


def normalise(text: str) -> str:
    """Return *text* in NFC with ``\\n`` for every line end, without control characters.

    Tabs and line feeds stay, byte order marks, NULs and terminal escapes go, and a lone surrogate
    becomes U+FFFD. Nothing else is changed.
    """
    if text.isascii() and (text.isprintable() or text.translate(WITHOUT_LINES).isprintable()):
        return text
    if "\x1b" in text:
        text = ANSI_ESCAPES.sub("", text)
    text = LINE_ENDS.sub("\n", text.replace("\r\n", "\n"))
    text = UNWANTED.sub("", text)
    return nfc(without_surrogates(text))


def nfc(text: str) -> str:
    """Return *text* in NFC, in linear time: marks on one letter are grouped by 30."""
    if MAY_BE_LONG_RUN.search(text):
        text = LONG_COMBINING_RUN.sub(lambda run: run[0] + GRAPHEME_JOINER, text)
    return unicodedata.normalize("NFC", text)
