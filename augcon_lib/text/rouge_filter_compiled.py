"""The greedy filter over very many texts, compiled, exact (extra ``augcon[fast]``).

A text of m tokens repeats another one only if they share at least n tokens (n from the limit),
counted as a multiset: the longest common subsequence is never longer. So of its m - n + c rarest
tokens at least c stand in the other one too. An index from tokens to the kept texts that hold
them gives the few texts for which that is so; their subsequences decide. This is the prefix filter
of set-similarity joins, with the bound by position: what stands behind a shared token is sorted
from rare to frequent on both sides, and bounds how much more can be shared.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from augcon_lib.text.rouge import Tokens

Integers = npt.NDArray[np.int32]
Offsets = npt.NDArray[np.int64]

WORD_BITS = 64
# How far the rarest tokens are added to for a larger c: a longer list costs, candidates cost more.
MAX_SHARED = 4
LIST_FACTOR = 3


def indexed_repeats(
    tokens: Sequence[Tokens], max_rouge_l: float, *, f1: bool = False
) -> list[int | None]:
    """``repeats.first_repeats`` of tokenized texts; *max_rouge_l* is above 0."""
    lengths = np.array([len(one) for one in tokens], dtype=np.int64)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    vocabulary: dict[str, int] = {}
    flat = np.fromiter(
        (vocabulary.setdefault(token, len(vocabulary)) for one in tokens for token in one),
        dtype=np.int32,
        count=int(starts[-1]),
    )
    elements, lists = _rarest_first(flat, lengths)
    needed = _needed(lengths, max_rouge_l, f1)
    verdicts = _compiled()(
        flat, elements, starts, lists, needed, len(vocabulary), float(max_rouge_l), f1
    )
    return [None if verdict < 0 else int(verdict) for verdict in verdicts]


def _rarest_first(flat: Integers, lengths: Offsets) -> tuple[Integers, Offsets]:
    """The tokens of each text from rare to frequent, and where the list of each begins.

    The second "the" of a text is another token than its first one: multisets become sets.
    """
    text = np.repeat(np.arange(len(lengths)), lengths)
    order = np.lexsort((flat, text))
    by_token = flat[order]
    is_new = np.ones(len(flat), dtype=np.bool_)
    is_new[1:] = (by_token[1:] != by_token[:-1]) | (text[order][1:] != text[order][:-1])
    first = np.maximum.accumulate(np.where(is_new, np.arange(len(flat)), 0))
    occurrence = np.arange(len(flat)) - first
    widest = int(occurrence.max(initial=0)) + 1
    keys, elements = np.unique(by_token.astype(np.int64) * widest + occurrence, return_inverse=True)
    counts = np.bincount(elements, minlength=len(keys))
    by_rarity = np.argsort(counts, kind="stable")
    rank = np.empty(len(keys), dtype=np.int32)
    rank[by_rarity] = np.arange(len(keys), dtype=np.int32)
    ranked = rank[elements]
    ranked = ranked[np.lexsort((ranked, text[order]))]
    return ranked, np.concatenate([[0], np.cumsum(counts[by_rarity])])


def _needed(lengths: Offsets, max_rouge_l: float, f1: bool) -> Integers:
    """The fewest tokens that a text of each length must share to repeat anything.

    F1 is 2 l / (m + k) and a text of k tokens shares at most k: l >= limit * m / (2 - limit).
    """
    share = max_rouge_l / (2 - max_rouge_l) if f1 else max_rouge_l
    # A hair less, for what floating point adds; the exact figure is compared at the end.
    fewest: Integers = np.maximum(1, np.ceil(lengths * share - 1e-9)).astype(np.int32)
    return fewest


@lru_cache(maxsize=1)
def _compiled() -> Callable[..., Any]:
    import numba

    compiled: Callable[..., Any] = numba.njit(cache=True, nogil=True)(_greedy)
    return compiled


def _greedy(
    flat: Any,
    elements: Any,
    starts: Any,
    lists: Any,
    needed: Any,
    tokens: int,
    limit: float,
    f1: bool,
) -> Any:
    """For each text the first kept one that it repeats, or -1."""
    count = len(starts) - 1
    verdicts = np.full(count, -1, dtype=np.int64)
    listed = np.empty(len(elements), dtype=np.int32)
    behind = np.empty(len(elements), dtype=np.int32)
    filled = np.zeros(len(lists) - 1, dtype=np.int64)
    shared = np.zeros(count, dtype=np.int32)
    touched = np.empty(count, dtype=np.int32)
    masks = np.zeros(tokens, dtype=np.uint64)
    one, nothing, everything = np.uint64(1), np.uint64(0), ~np.uint64(0)
    for text in range(count):
        begin, end = starts[text], starts[text + 1]
        length = end - begin
        need = needed[text]
        if need > length:
            continue  # nothing in it to compare, so nothing repeats it either
        scanned = 0
        prefix = length - need + 1
        for place in range(prefix):
            scanned += filled[elements[begin + place]]
        least = 1
        while least < min(need, MAX_SHARED):
            further = filled[elements[begin + prefix]]
            if further > LIST_FACTOR * scanned:
                break
            scanned += further
            prefix += 1
            least += 1
        met = 0
        for place in range(prefix):
            element = elements[begin + place]
            for entry in range(lists[element], lists[element] + filled[element]):
                other = listed[entry]
                if shared[other] == 0:
                    if min(length - place, behind[entry]) < need:
                        continue
                    touched[met] = other
                    met += 1
                shared[other] += 1
        first = count
        if length <= WORD_BITS:
            for place in range(length):
                masks[flat[begin + place]] |= one << np.uint64(place)
        for entry in range(met):
            other = touched[entry]
            if shared[other] >= least and other < first:
                low, high = starts[other], starts[other + 1]
                if length <= WORD_BITS:
                    rest = everything
                    for place in range(low, high):
                        both = rest & masks[flat[place]]
                        rest = (rest + both) | (rest - both)
                    common = 0
                    for place in range(length):
                        if (rest >> np.uint64(place)) & one == nothing:
                            common += 1
                else:
                    row = np.zeros(length + 1, dtype=np.int32)
                    for place in range(low, high):
                        diagonal = 0
                        for column in range(1, length + 1):
                            above = row[column]
                            if flat[begin + column - 1] == flat[place]:
                                row[column] = diagonal + 1
                            elif row[column - 1] > above:
                                row[column] = row[column - 1]
                            diagonal = above
                    common = row[length]
                figure = common / length
                if f1:
                    recall = common / (high - low)
                    figure = 2 * figure * recall / (figure + recall) if common > 0 else 0.0
                if figure >= limit:
                    first = other
            shared[other] = 0
        if length <= WORD_BITS:
            for place in range(length):
                masks[flat[begin + place]] = nothing
        if first < count:
            verdicts[text] = first
            continue
        for place in range(length):
            element = elements[begin + place]
            entry = lists[element] + filled[element]
            listed[entry] = text
            behind[entry] = length - place
            filled[element] += 1
    return verdicts
