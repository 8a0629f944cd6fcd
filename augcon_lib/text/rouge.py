"""ROUGE-L, exact and fast: tokens, and rapidfuzz's longest common subsequence.

Equal to ``rouge-score`` (stemming off) for ASCII text, where a token is a run of letters and
digits. Other spaced scripts are treated alike, and a character of an unspaced script (Chinese,
Japanese, Thai, ...) is a token by itself; ``rouge-score`` drops both.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from rapidfuzz.distance import LCSseq

Tokens = tuple[str, ...]

MAX_QUERY_CHARS = 200

# Han, kana, bopomofo, Thai, Lao, Khmer, Myanmar, Tibetan: one character, one token.
_UNSPACED = (
    "\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff"
    "\u3100-\u312f\u31a0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
# Vowel signs and other marks that stand inside a word but are no letters to `re`.
_MARKS = "\u0300-\u036f\u0610-\u061a\u064b-\u065f\u0900-\u0dff"
_TOKEN = re.compile(rf"[{_UNSPACED}]|(?:[^\W_{_UNSPACED}]|[{_MARKS}])+")

_ASCII_SEPARATORS = {code: " " for code in range(128) if not chr(code).isalnum()}


def tokenize(text: str) -> Tokens:
    """Lower-cased tokens of *text*; punctuation and white space separate and are dropped.

    Queries are kept: they are compared again and again. Passages are kept for a moment only: they
    take much more memory.
    """
    return _query_tokens(text) if len(text) <= MAX_QUERY_CHARS else _passage_tokens(text)


def _tokens(text: str) -> Tokens:
    if text.isascii():
        return tuple(text.lower().translate(_ASCII_SEPARATORS).split())
    return tuple(_TOKEN.findall(unicodedata.normalize("NFKC", text).lower()))


_query_tokens = lru_cache(maxsize=65_536)(_tokens)
_passage_tokens = lru_cache(maxsize=2_048)(_tokens)


def rouge_l_precision(candidate: Sequence[str], reference: Sequence[str]) -> float:
    """ROUGE-L[P]: longest common subsequence over the candidate's length, in [0, 1].

    An empty candidate has precision 0.
    """
    if not candidate:
        return 0.0
    return LCSseq.similarity(candidate, reference) / len(candidate)
