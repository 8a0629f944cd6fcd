"""Find the stretch of a text that an answer needs, by its words alone.

It is the smallest run of sentences that contains the terms of the answer: its words (including
names and numbers) and pairs of neighbouring words. A term in fewer sentences weighs more.
"""

import math
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

from augcon_lib.benchmark.answers import normalised
from augcon_lib.text.sentences import split_sentences

# An answer may use a word that also occurs elsewhere.
MIN_CARRIED = 0.9

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class SpanUse:
    """An answer's span compared with a node's, both in characters of the same text.

    ``inside`` is the share of the answer's span that lies in the node's. ``used`` is the share of
    the node's span that the answer's covers. ``needed`` is the answer's span.
    """

    needed: Span
    inside: float
    used: float


def span_use(answer: str, text: str, node: Span, language: str) -> SpanUse | None:
    """Return how much of *node*'s span of *text* the *answer* needs, and how much outside of it.

    ``None`` if no word of the answer occurs in *text*.
    """
    needed = smallest_span(answer, text, language, node)
    if needed is None:
        return None
    shared = overlap(needed, node)
    return SpanUse(needed, shared / (needed[1] - needed[0]), shared / max(1, node[1] - node[0]))


def smallest_span(answer: str, text: str, language: str, near: Span) -> Span | None:
    """Return the shortest run of sentences of *text* that carries *answer*.

    To carry it, a run must contain ``MIN_CARRIED`` of the weight of those terms of the answer that
    occur in *text* at all. A sentence that lies only partly in *near* is split at its ends, because
    a node may be less than a sentence. Among equally short runs, returns the one with the most of
    *near*, then the first.
    """
    sentences = [
        part for span in split_sentences(text, language) for part in _cut(text, span, near)
    ]
    needed_terms = _terms(answer)
    shared = [needed_terms & _terms(text[start:end]) for start, end in sentences]
    spread = Counter(term for terms in shared for term in terms)
    if not spread:
        return None
    weights = {term: math.log((1 + len(sentences)) / count) for term, count in spread.items()}
    least = MIN_CARRIED * sum(weights.values())
    found: list[Span] = []
    for first, (start, _) in enumerate(sentences):
        seen: set[str] = set()
        weight = 0.0
        for last in range(first, len(sentences)):
            weight += sum(weights[term] for term in shared[last] - seen)
            seen |= shared[last]
            if weight >= least - 1e-9:
                found.append((start, sentences[last][1]))
                break
    return min(found, key=lambda span: (span[1] - span[0], -overlap(span, near), span))


def overlap(first: Span, second: Span) -> int:
    """Return the number of characters that two spans share."""
    return max(0, min(first[1], second[1]) - max(first[0], second[0]))


def _cut(text: str, span: Span, near: Span) -> list[Span]:
    """Cut *span* at the ends of *near* that lie inside it; omit parts of white space only."""
    edges = [span[0], *(end for end in near if span[0] < end < span[1]), span[1]]
    return [(low, high) for low, high in pairwise(edges) if text[low:high].strip()]


def _terms(text: str) -> set[str]:
    tokens = normalised(text)
    return {*tokens, *(f"{one} {next_one}" for one, next_one in pairwise(tokens))}
