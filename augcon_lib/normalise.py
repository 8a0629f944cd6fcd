"""The one form of every text: NFC, LF line ends, no control characters."""

import re
import unicodedata

import regex  # type: ignore[import-untyped]

from augcon_lib.surrogates import without_surrogates

ANSI_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
LINE_ENDS = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
UNWANTED = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ufeff\ufffe\uffff]")
# Unicode's stream-safe form (UAX 15): a mark without effect after 30 combining ones. Sorting a
# longer run takes quadratic time. Three Tibetan vowels become two such marks each.
COMBINING = r"[^\p{ccc=0}]|[\u0f73\u0f75\u0f81]"
LONG_COMBINING_RUN = regex.compile(rf"(?:{COMBINING}){{30}}(?={COMBINING})")
GRAPHEME_JOINER = "\u034f"


def normalise(text: str) -> str:
    """*text* in NFC with ``\\n`` for every kind of line end, without control characters.

    Tabs and line feeds stay, byte order marks, NULs and terminal escapes go, and a lone surrogate
    becomes U+FFFD. Nothing else is changed.
    """
    if text.isascii() and text.isprintable():
        return text
    text = ANSI_ESCAPES.sub("", text)
    text = LINE_ENDS.sub("\n", text)
    text = UNWANTED.sub("", text)
    text = without_surrogates(text)
    return nfc(text)


def nfc(text: str) -> str:
    """*text* in NFC, in linear time: marks on one letter are grouped by 30."""
    return unicodedata.normalize(
        "NFC", LONG_COMBINING_RUN.sub(lambda run: run[0] + GRAPHEME_JOINER, text)
    )
