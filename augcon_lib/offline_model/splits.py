"""Where a passage is cut: where the subject changes, and among such places near the middle.

A heading weighs most, then a blank line, a line end, and sentences that share few words. Which
place is best depends on what stands there more than on the exact middle, as in the prompt's rules
for the cut, so that a small edit elsewhere leaves it.
"""

import re

from augcon_lib.offline_model.chance import share
from augcon_lib.offline_model.passages import Passage

HEADING_BONUS, PARAGRAPH_BONUS, LINE_BONUS = 0.4, 0.3, 0.04
TOPIC_WEIGHT = 0.08
MAX_SHIFT = 0.12  # of the passage, in further samples, of each place by itself
MIN_CLAUSE_SHARE = 0.25
_CLAUSE_END = re.compile(
    r"[,;:—](?=\s)\s*|[，；：、،؛]|\s(?=(?:and|or|but|which|because|und|et|y)\s)"
)


def two_parts(passage: Passage, seed: int) -> tuple[str, str]:
    """Both parts of *passage*, verbatim but for white space at their ends.

    A sentence alone is cut at a clause; where it has none, both parts are the whole passage, which
    says that it cannot be split.
    """
    cut = _sentence_cut(passage, seed)
    place = passage.sentences[cut].start if cut else _clause_cut(passage.text, seed)
    if not place:
        return passage.text.strip(), passage.text.strip()
    return passage.text[:place].strip(), passage.text[place:].strip()


def last_sentence_of_first_part(passage: Passage, seed: int) -> int:
    """The number, from 1, of the last sentence of the first part; 1 where there is only one."""
    return _sentence_cut(passage, seed) or 1


def _sentence_cut(passage: Passage, seed: int) -> int:
    """How many sentences the first part has; 0 where there is only one sentence."""
    sentences, text = passage.sentences, passage.text
    if len(sentences) < 2:
        return 0
    best, best_cost = 1, float("inf")
    for number in range(1, len(sentences)):
        before, after = sentences[number - 1], sentences[number]
        cost = abs(after.start / len(text) - 0.5)
        if seed:
            around = text[before.start : before.end], text[after.start : after.end]
            cost += MAX_SHIFT * (2 * share("split", *around, seed) - 1)
        gap = text[before.end : after.start]
        if before.heading:
            cost += 1.0  # a heading is never parted from what it heads
        if after.heading:
            cost -= HEADING_BONUS
        elif gap.count("\n") > 1:
            cost -= PARAGRAPH_BONUS
        elif "\n" in gap:
            cost -= LINE_BONUS
        cost += TOPIC_WEIGHT * _overlap(before.words, after.words)
        if cost < best_cost:
            best, best_cost = number, cost
    return best


def _clause_cut(text: str, seed: int) -> int:
    """Where a sentence is cut; 0 where no clause ends far enough from both ends."""
    margin = len(text) * MIN_CLAUSE_SHARE
    ends = [match.end() for match in _CLAUSE_END.finditer(text)]
    inside = [end for end in ends if margin < end < len(text) - margin]
    if not inside:
        return 0
    middle = len(text) * (0.5 + (MAX_SHIFT * (2 * share("clause", text, seed) - 1) if seed else 0))
    return min(inside, key=lambda end: (abs(end - middle), end))


def _overlap(first: tuple[str, ...], second: tuple[str, ...]) -> float:
    return len({*first} & {*second}) / max(1, min(len(first), len(second)))
