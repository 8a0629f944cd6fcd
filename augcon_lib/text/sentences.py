"""Sentences of a text as character spans: where a passage may be cut.

The rules of each language (abbreviations, quotes, closing punctuation) are `sentencex`'s; a line
end also ends a sentence where it stands for structure: a blank line, a heading, a list item, a
table row, or a line that ends no sentence in a text of short lines.
"""

import re
from collections.abc import Iterator
from functools import lru_cache, partial
from itertools import pairwise

from sentencex import get_sentence_boundaries  # type: ignore[import-untyped]

from augcon_lib.text.surrogates import without_surrogates

# Thai marks no sentence ends but leaves a space between sentences or clauses.
CLAUSE_SPACED_LANGUAGES = frozenset({"th", "lo", "km", "my", "bo"})
CLAUSE_GAPS = re.compile(r"(?<=[^\W\d_a-zA-Z]) +(?=[^\W\d_a-zA-Z])")
# A hard-wrapped line of prose goes on in the next one; a shorter line stands for itself.
WRAPPED_LINE_CHARS = 50
STRUCTURAL_LINE = re.compile(
    r"[ \t]*(?:[-*+•·‣◦–—>|#=~`]|\d{1,3}[.)、]\s|[(（]?[a-zA-Z\d一二三四五六七八九十]{1,2}[)）]\s)"
)
ITEM_NUMBER = re.compile(r"\s*[(（]?(?:\d{1,3}|[a-zA-Z])[.)）、]\s*")
LINE = re.compile(r"[^\n]*\n?")
# sentencex knows these ends in every language; it gets the script, not the dialect.
FALLBACK_LANGUAGE = "en"
MORE_ENDS = re.compile(r"(?<=[;；｡])(?=[\u3040-\u9fff\uac00-\ud7a3])")
# sentencex takes quadratic time over sentences without spaces, so it gets them in pieces.
PIECE_CHARS = 2000
# Nor does it take linear time over marks that may open a quotation or a bracket: a stretch in which
# these times its characters are more than this is cut in pieces at spaces first.
MARKS = re.compile(r"[^\w\s.,;:'’-]")
MAX_MARKS_TIMES_CHARS = 3_000_000_000
MARKED_PIECE = re.compile(r".{1,10000}\S{0,2000}\s*", re.DOTALL)
SURE_END = re.compile(r"[。！？｡]+[\"'”’»）)\]】』」》〉]*")
LEADING_CLOSERS = re.compile(r"[\"'”’»）)\]】』」》〉]+")


def split_sentences(text: str, language: str) -> list[tuple[int, int]]:
    """Spans of the sentences of *text*, in order, without white space at their ends.

    They do not overlap, and every character that is not white space is in one of them. An
    unknown *language* is cut by the rules of English, which know the full stops of all scripts.
    """
    spans: list[tuple[int, int]] = []
    # sentencex takes no lone surrogates; offsets stay the same.
    text = without_surrogates(text)
    for start, end in _stretches(text):
        cuts = _cuts(text[start:end], language)
        for low, high in pairwise([0, *cuts, end - start]):
            _append_stripped(spans, text, start + low, start + high)
    return spans


def _stretches(text: str) -> list[tuple[int, int]]:
    """Spans of *text* in which lines are only wrapped: structure ends before and after each."""
    starts = [0]
    previous = ""
    for match in LINE.finditer(text):
        line = match[0]
        if match.start() > 0 and not _goes_on(previous, line):
            starts.append(match.start())
        previous = line
    return list(pairwise([*starts, len(text)]))


def _goes_on(line: str, following: str) -> bool:
    """Whether *following* continues the paragraph that *line* is part of."""
    return (
        len(line) > WRAPPED_LINE_CHARS
        and not line.isspace()
        and not following.isspace()
        and not line.lstrip().startswith(("#", "|"))
        and not STRUCTURAL_LINE.match(following)
    )


def _cuts(text: str, language: str) -> list[int]:
    """Where in *text*, a stretch without structure, a sentence ends (none at its very end)."""
    cuts: set[int] = set()
    for start, end in _pieces(text):
        boundaries = get_sentence_boundaries(_rules_for(language), text[start:end])
        cuts.update(start + boundary["end_index"] for boundary in boundaries)
    cuts.update(match.start() for match in MORE_ENDS.finditer(text))
    if language in CLAUSE_SPACED_LANGUAGES:
        cuts.update(match.end() for match in CLAUSE_GAPS.finditer(text))
    # The number of a list item is no sentence.
    number = ITEM_NUMBER.match(text)
    first = number.end() if number else 0
    moved = map(partial(_behind_closers, text), cuts)
    return sorted({cut for cut in moved if first < cut < len(text)})


def _pieces(text: str) -> Iterator[tuple[int, int]]:
    """Yield spans of *text*, one after the other, that sentencex gets separately."""
    start = 0
    while start < len(text):
        sure = SURE_END.search(text, start + PIECE_CHARS)
        end = sure.end() if sure else len(text)
        if len(MARKS.findall(text, start, end)) * (end - start) > MAX_MARKS_TIMES_CHARS:
            yield from (match.span() for match in MARKED_PIECE.finditer(text, start, end))
        else:
            yield start, end
        start = end


def _behind_closers(text: str, cut: int) -> int:
    """*cut*, behind the quotes and brackets that close the sentence before it."""
    if cut == 0 or text[cut - 1].isspace():
        return cut
    closers = LEADING_CLOSERS.match(text, cut)
    return closers.end() if closers else cut


def _append_stripped(spans: list[tuple[int, int]], text: str, start: int, end: int) -> None:
    part = text[start:end]
    kept = part.strip()
    if kept:
        start += len(part) - len(part.lstrip())
        spans.append((start, start + len(kept)))


@lru_cache(maxsize=256)
def _rules_for(language: str) -> str:
    return language if re.fullmatch("[a-z]{2,3}", language) else FALLBACK_LANGUAGE
