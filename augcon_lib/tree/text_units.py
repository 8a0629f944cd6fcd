"""The units of a text, from coarse to fine, and the strength of the boundary before each."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from itertools import pairwise

import regex  # type: ignore[import-untyped]

from augcon_lib.documents.headings import Structure, find_structure
from augcon_lib.records import Document
from augcon_lib.text.sentences import split_sentences

# Strength of the boundary before a unit: the lower, the sooner the text is cut there. Headings
# have their level, 1 to 6 and, in reStructuredText, more.
PARAGRAPH = 20
# A block that the previous one announces (``:``), or that is inside the same code.
CONTINUATION = 30
LINE = 40
SENTENCE = 50
WORD = 60
CHARACTER = 70
CODE_POINT = 80
# A heading and the text after it belong together; only a text of mere headings is cut there.
AFTER_HEADING = 90

# A boundary is identified by the beginning of the text after it, so that an edit further on in a
# paragraph doesn't move the cut before it.
KEY_CHARS = 40
WORD_START = re.compile(r"(?<=\s)(?=\S)")
GRAPHEME = regex.compile(r"\X")


@dataclass(frozen=True, slots=True)
class Unit:
    """A stretch ``[start, end)`` of the text without white space at its ends."""

    start: int
    end: int
    strength: int
    key: int


def blocks(document: Document) -> list[Unit]:
    """Headings and the texts between blank lines, covering all that is not white space."""
    text = document.text
    structure = find_structure(text, document.media_type)
    lines = text.split("\n")
    starts = _line_starts(lines)
    strengths = _block_strengths(lines, structure)
    edges = [*sorted(strengths), len(lines)]
    units = []
    for first, end in pairwise(edges):
        units += _units(text, [starts[first], starts[end]], strengths[first], strengths[first])
    return units


def finer(text: str, unit: Unit, language: str, strength: int) -> list[Unit]:
    """Cut *unit* into sentences, words, ... (*strength*); the first keeps its boundary."""
    part = text[unit.start : unit.end]
    if strength == SENTENCE:
        offsets = [start for start, _ in split_sentences(part, language)]
    elif strength == WORD:
        offsets = [match.start() for match in WORD_START.finditer(part)]
    elif strength == CHARACTER:
        offsets = [match.start() for match in GRAPHEME.finditer(part)]
    else:
        # Only for characters under a heap of combining marks, longer than a context.
        offsets = list(range(len(part)))
    inner = [unit.start + offset for offset in offsets if offset > 0]
    return _units(text, [unit.start, *inner, unit.end], unit.strength, strength)


def _block_strengths(lines: list[str], structure: Structure) -> dict[int, int]:
    """Return the strength of each block's beginning, by the number of its first line."""
    levels = {heading.first_line: heading.level for heading in structure.headings}
    heading_ends = {heading.end_line for heading in structure.headings}
    heading_lines = {n for h in structure.headings for n in range(h.first_line, h.end_line)}
    inside_code = {n for first, end in structure.code_lines for n in range(first + 1, end)}
    strengths = {0: levels.get(0, PARAGRAPH)}
    after_heading = False
    announced = False
    previous_blank = True
    for number, line in enumerate(lines):
        blank = not line.strip()
        starts_block = number in levels or number in heading_ends or previous_blank
        if not blank and (starts_block and (number in levels or number not in heading_lines)):
            if after_heading:
                strength = AFTER_HEADING
            elif number in levels:
                strength = levels[number]
            elif announced or number in inside_code:
                strength = CONTINUATION
            else:
                strength = PARAGRAPH
            strengths[number] = strength
        if not blank:
            after_heading = number in heading_lines
            announced = line.rstrip().endswith((":", "："))
        previous_blank = blank
    return strengths


def _line_starts(lines: list[str]) -> list[int]:
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    return starts


def _units(text: str, edges: list[int], first: int, others: int) -> list[Unit]:
    return [
        Unit(start, end, first if number == 0 else others, _key(text, start))
        for number, (start, end) in enumerate(_stripped(text, edges))
    ]


def _stripped(text: str, edges: list[int]) -> Iterator[tuple[int, int]]:
    for start, end in pairwise(edges):
        part = text[start:end]
        kept = part.strip()
        if kept:
            begin = start + len(part) - len(part.lstrip())
            yield begin, begin + len(kept)


def _key(text: str, start: int) -> int:
    beginning = text[start : start + KEY_CHARS].encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(beginning, digest_size=8).digest(), "big")
