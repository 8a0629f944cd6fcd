"""Root contexts (paper, section 3.1) that stay stable when the text around them changes.

A cut depends on the text near it, never on a count from the beginning nor on the length of the
whole, so that an edit leaves the other contexts, and everything paid for them, unchanged. Structure
comes first: a section is a heading and the text after it, and short sections stay together, which
two neighbours decide between themselves. Then length, within one stretch of sections that is still
too long: its boundaries are visited in order of strength, headings by level, then blank lines,
within one strength in the order of a hash of the text that follows. Each becomes a cut if its
stretch is still too long and neither side gets too short. Stretches that no such cut can shorten
are treated in the same way at lines and sentences, then at words, then at characters.
"""

from bisect import bisect_right, insort
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from augcon_lib.records import Context, Document, content_id
from augcon_lib.tree.text_units import (
    AFTER_HEADING,
    CHARACTER,
    CODE_POINT,
    PARAGRAPH,
    SENTENCE,
    WORD,
    Unit,
    blocks,
    finer,
)


@dataclass(frozen=True, slots=True)
class CuttingRule:
    """The deciding lengths, as shares of l; benchmarks/context_stability.py measures them.

    A section of at most ``joining_section`` stays with the previous one if that has at most
    ``joined_section``. Together they are below 1, so that an edit rarely makes two joined sections
    too long; the more is joined, the longer contexts get and the more of them an edit moves.
    Inside a stretch that is too long, neither side of a cut is shorter than ``min_side``; a half
    or more could leave a stretch that no cut shortens.
    """

    joining_section: float = 0.35
    joined_section: float = 0.55
    min_side: float = 0.4


CUTTING_RULE = CuttingRule()


def cut_contexts(
    document: Document,
    max_context_chars: int,
    min_context_chars: int,
    rule: CuttingRule = CUTTING_RULE,
) -> tuple[Context, ...]:
    """Return the root contexts of *document*, of at most *max_context_chars* (l) characters each.

    They don't overlap and contain every character that is not white space. Only a document that is
    shorter as a whole has a context shorter than *min_context_chars* (lambda), as far as l allows.
    A context's id depends on the document's id and the context's own text; if a text occurs again,
    also on the number of the occurrence.
    """
    return contexts_at(
        document, context_spans(document, max_context_chars, min_context_chars, rule)
    )


def context_spans(
    document: Document,
    max_context_chars: int,
    min_context_chars: int,
    rule: CuttingRule = CUTTING_RULE,
) -> list[tuple[int, int]]:
    """Return the spans ``[start, end)`` of the root contexts of :func:`cut_contexts`."""
    limit = max(1, max_context_chars)
    half = max(1, limit // 2)
    shortest = min(max(1, min_context_chars), half)
    min_side = min(max(shortest, int(limit * rule.min_side)), half)
    sections = _joined(_sections(blocks(document)), limit, rule)
    return [
        span
        for stretch in _long_enough(sections, shortest)
        for span in _divide(document, stretch, limit, min_side)
    ]


def contexts_at(document: Document, spans: Sequence[tuple[int, int]]) -> tuple[Context, ...]:
    """Return the root contexts of *document* at *spans*."""
    seen: Counter[str] = Counter()
    contexts = []
    for start, end in spans:
        text = document.text[start:end]
        context_id = content_id("context", document.document_id, text, seen[text])
        seen[text] += 1
        contexts.append(Context(context_id, document.document_id, text, start, end))
    return tuple(contexts)


def _sections(units: Sequence[Unit]) -> list[list[Unit]]:
    """Group *units* in stretches that begin at headings."""
    sections: list[list[Unit]] = []
    for unit in units:
        if not sections or unit.strength < PARAGRAPH:
            sections.append([])
        sections[-1].append(unit)
    return sections


def _joined(sections: Sequence[list[Unit]], limit: int, rule: CuttingRule) -> list[list[Unit]]:
    """Join short *sections*; each boundary depends only on its two neighbours."""
    joined: list[list[Unit]] = []
    chars_before = 0
    for section in sections:
        chars = _chars(section)
        if (
            joined
            and chars <= limit * rule.joining_section
            and chars_before <= limit * rule.joined_section
        ):
            joined[-1] += section
        else:
            joined.append([*section])
        chars_before = chars
    return joined


def _long_enough(stretches: Sequence[list[Unit]], shortest: int) -> list[list[Unit]]:
    """Join *stretches* below *shortest* characters with the next one, or the previous one."""
    long: list[list[Unit]] = []
    for stretch in stretches:
        if long and _chars(long[-1]) < shortest:
            long[-1] += stretch
        else:
            long.append(stretch)
    if len(long) > 1 and _chars(long[-1]) < shortest:
        last = long.pop()
        long[-1] += last
    return long


def _chars(units: Sequence[Unit]) -> int:
    return units[-1].end - units[0].start


def _divide(
    document: Document, units: list[Unit], limit: int, minimum: int
) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    pending: list[tuple[list[Unit], int]] = [(units, 0)]
    grains = (SENTENCE, WORD, CHARACTER, CODE_POINT)
    while pending:
        stretch, grain = pending.pop()
        # At first, headings stay with the text after them.
        allowed: Callable[[Unit], bool] = (
            (lambda unit: unit.strength != AFTER_HEADING) if grain == 0 else (lambda unit: True)
        )
        finer_stretches = []
        for part in _cut(stretch, limit, minimum, allowed):
            if _chars(part) <= limit or grain == len(grains):
                spans.append((part[0].start, part[-1].end))
                continue
            pieces = [
                piece
                for unit in part
                for piece in finer(document.text, unit, document.language, grains[grain])
            ]
            finer_stretches.append((pieces, grain + 1))
        pending += finer_stretches
    return sorted(spans)


def _cut(
    units: Sequence[Unit], limit: int, minimum: int, allowed: Callable[[Unit], bool]
) -> list[Sequence[Unit]]:
    """Group *units* in stretches of at most *limit* characters, as far as allowed cuts permit.

    One pass over the boundaries is enough: a boundary that is too near to a cut stays so.
    """
    cuts = [0, len(units)]
    candidates = [number for number in range(1, len(units)) if allowed(units[number])]
    candidates.sort(key=lambda number: (units[number].strength, units[number].key, number))
    for number in candidates:
        place = bisect_right(cuts, number)
        start = units[cuts[place - 1]].start
        end = units[cuts[place] - 1].end
        if (
            end - start > limit
            and units[number - 1].end - start >= minimum
            and end - units[number].start >= minimum
        ):
            insort(cuts, number)
    return [units[start:end] for start, end in pairwise(cuts) if start < end]
