"""The greedy filter of section 3.3: which texts repeat one that was kept before them.

Exact in all its ways. A group of up to some hundred texts is one table of all its pairs; many
texts at once go through an index of their rarest tokens (``repeat_index``), where the extra
``augcon[fast]`` is installed, and else through tables of blocks, which takes quadratic time.
"""

from collections.abc import Sequence
from importlib.util import find_spec

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import LCSseq
from rapidfuzz.process import cdist

from augcon_lib.text.rouge import Tokens, tokenize

PRECISION, F1 = "precision", "f1"
BLOCK_TEXTS = 512
KEPT_TEXTS = 4096
# Below this many the index is slower than the tables.
MIN_INDEXED_TEXTS = 3000

Table = npt.NDArray[np.bool_]


def first_repeats(
    texts: Sequence[str], max_rouge_l: float, measure: str = PRECISION
) -> list[int | None]:
    """The greedy filter over *texts* in the order given.

    For each text: ``None`` if it is kept, that is, if its ROUGE-L *measure* (``precision``: the
    paper's; ``f1``: that of the authors' code) against every text kept before it is below
    *max_rouge_l*; otherwise the index of the first kept text it repeats.
    """
    tokens = [tokenize(text) for text in texts]
    if len(tokens) >= MIN_INDEXED_TEXTS and max_rouge_l > 0 and find_spec("numba"):
        from augcon_lib.text.rouge_filter_compiled import indexed_repeats

        return indexed_repeats(tokens, max_rouge_l, f1=measure == F1)
    return tabled_repeats(tokens, max_rouge_l, measure)


def tabled_repeats(
    tokens: Sequence[Tokens], max_rouge_l: float, measure: str = PRECISION
) -> list[int | None]:
    """:func:`first_repeats` of tokenized texts, by tables of blocks."""
    verdicts: list[int | None] = []
    kept: list[int] = []
    for start in range(0, len(tokens), BLOCK_TEXTS):
        block = tokens[start : start + BLOCK_TEXTS]
        found = _repeats_of_kept(block, tokens, kept, max_rouge_l, measure)
        inside: Table = np.tril(_repeats(block, block, max_rouge_l, measure), k=-1)
        kept_here = np.zeros(len(block), dtype=np.bool_)
        repeated_inside: Table = np.logical_or.reduce(inside, axis=1)
        for place in range(len(block)):
            repeat = found[place]
            if repeat is None and repeated_inside[place]:
                earlier = np.flatnonzero(inside[place] & kept_here)
                repeat = start + int(earlier[0]) if len(earlier) else None
            kept_here[place] = repeat is None
            verdicts.append(repeat)
        kept += [start + int(place) for place in np.flatnonzero(kept_here)]
    return verdicts


def _repeats_of_kept(
    block: Sequence[Tokens],
    tokens: Sequence[Tokens],
    kept: Sequence[int],
    max_rouge_l: float,
    measure: str,
) -> list[int | None]:
    """Return for each text of *block* the first of *kept* that it repeats, or ``None``."""
    found: list[int | None] = [None] * len(block)
    for start in range(0, len(kept), KEPT_TEXTS):
        these = kept[start : start + KEPT_TEXTS]
        left = [place for place, repeat in enumerate(found) if repeat is None]
        table = _repeats(
            [block[place] for place in left], [tokens[k] for k in these], max_rouge_l, measure
        )
        for row in np.flatnonzero(table.any(axis=1)):
            found[left[row]] = these[int(table[row].argmax())]
    return found


def _repeats(
    candidates: Sequence[Tokens], references: Sequence[Tokens], max_rouge_l: float, measure: str
) -> Table:
    """Which of *candidates* (rows) repeats which of *references* (columns)."""
    common = cdist(
        candidates,
        references,
        scorer=LCSseq.similarity,
        dtype=np.int32,
        workers=_workers(candidates),
    )
    rows = np.array([len(one) for one in candidates])[:, None]
    precision = common / np.maximum(rows, 1)
    if measure == PRECISION:
        return np.asarray(precision >= max_rouge_l)
    recall = common / np.maximum(np.array([len(one) for one in references])[None, :], 1)
    with np.errstate(invalid="ignore"):
        f1 = np.where(common > 0, 2 * precision * recall / (precision + recall), 0.0)
    return np.asarray(f1 >= max_rouge_l)


def _workers(candidates: Sequence[Tokens]) -> int:
    """Threads are worth starting for full blocks alone; -1 is one for each core."""
    return -1 if len(candidates) == BLOCK_TEXTS else 1
