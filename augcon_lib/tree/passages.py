"""Passages and their positions in the document.

A half that the model returned unchanged except for white space is found again, and keeps the
document's own characters: lineage is then exact. A rewritten half keeps the model's text and gets
the span of its nearest verbatim ancestor, so a node's span is always inside its parent's.
"""

import re
from array import array
from bisect import bisect_left
from dataclasses import dataclass
from functools import lru_cache

from augcon_lib.prompts.tags import neutralise
from augcon_lib.records import Context

WORD = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of text and its span in the document (its own if ``verbatim``)."""

    text: str
    start_char: int
    end_char: int
    verbatim: bool


def locate(text: str, parent: Passage, context: Context, after: Passage | None = None) -> Passage:
    """Return *text*, a half of *parent*, with its tightest known span in *context*'s document.

    If the same words occur more than once, those after *after*, the half before it, are used.
    """
    low, high = parent.start_char - context.start_char, parent.end_char - context.start_char
    behind = after.end_char - context.start_char if after is not None and after.verbatim else low
    squeezed, places = _squeeze(context.text)
    wanted = "".join(neutralise(text).split())
    if wanted:
        found = squeezed.find(wanted, bisect_left(places, behind))
        if found < 0 or places[found + len(wanted) - 1] >= high:
            found = squeezed.find(wanted, bisect_left(places, low))
        if found >= 0 and places[found + len(wanted) - 1] < high:
            start, end = places[found], places[found + len(wanted) - 1] + 1
            return Passage(
                context.text[start:end],
                context.start_char + start,
                context.start_char + end,
                verbatim=True,
            )
    return Passage(text, parent.start_char, parent.end_char, verbatim=False)


def passage_of(parent: Passage, start: int, end: int) -> Passage:
    """Return the part ``parent.text[start:end]`` without white space at its ends."""
    part = parent.text[start:end]
    start += len(part) - len(part.lstrip())
    part = part.strip()
    if not parent.verbatim:
        return Passage(part, parent.start_char, parent.end_char, verbatim=False)
    begin = parent.start_char + start
    return Passage(part, begin, begin + len(part), verbatim=True)


@lru_cache(maxsize=4096)  # asked twice for each node, and thousands of trees grow at once
def _squeeze(text: str) -> tuple[str, "array[int]"]:
    """Return *text* as in a prompt, without white space, and each character's index in it."""
    shown = neutralise(text)
    places = array("I")
    for word in WORD.finditer(shown):
        places.extend(range(word.start(), word.end()))
    return "".join(shown.split()), places
