"""How different queries are from each other: distinct-n, self-BLEU, pairwise ROUGE-L (4.2, 4.5).

Tokens are those of ROUGE-L (``augcon_lib.text.rouge``): words, and characters of unspaced scripts.
"""

import math
import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import LCSseq
from rapidfuzz.process import cdist

from augcon_lib.evaluation.numbers import PLOTTED, Distribution, NotMeasured, distribution
from augcon_lib.text.rouge import Tokens, tokenize

BLEU_ORDER = 4
# Replaces a count of zero, as in method 1 of Chen and Cherry (2014).
BLEU_EPSILON = 0.1
# Sizes of samples: figures of one size can be compared, and pairs grow with the square.
BLEU_QUERIES = 1_000
PAIRED_QUERIES = 1_000
PAIRED_CONTEXTS = 1_000
QUERIES_PER_CONTEXT = 50
REPEAT_ROUGE_L = 0.7

Pairs = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PairwiseRougeL:
    """ROUGE-L[F1] of pairs of queries; ``repeats_share``: those with ``REPEAT_ROUGE_L`` or more."""

    pairs: Distribution
    repeats_share: float
    values: list[float] = field(metadata=PLOTTED, repr=False)


@dataclass(frozen=True, slots=True)
class Diversity:
    """All measures of diversity over ``queries`` queries.

    ``self_bleu`` is the mean over ``self_bleu_queries`` of them. ``within_context`` pairs queries
    of one root context, ``across_corpus`` those of a sample whatever their contexts, and
    ``nearest`` is the ROUGE-L[F1] of each of that sample with the one nearest to it.
    """

    queries: int
    distinct_1: float
    distinct_2: float
    distinct_3: float
    self_bleu: float
    self_bleu_queries: int
    within_context: PairwiseRougeL | NotMeasured
    across_corpus: PairwiseRougeL | NotMeasured
    nearest: Distribution | NotMeasured


def measure_diversity(
    queries: Sequence[str], contexts: Sequence[str | None], seed: int
) -> Diversity:
    """Diversity of *queries*, each of the root context in *contexts* (``None``: not known)."""
    drawn = random.Random(seed).sample(queries, min(BLEU_QUERIES, len(queries)))
    tokens = [tokenize(query) for query in drawn]
    table = rouge_l_table(tokens[:PAIRED_QUERIES])
    above = table[np.triu_indices(len(table), k=1)]
    np.fill_diagonal(table, -1.0)
    nearest = table.max(axis=1) if len(table) > 1 else np.zeros(0)
    return Diversity(
        queries=len(queries),
        distinct_1=distinct(queries, 1),
        distinct_2=distinct(queries, 2),
        distinct_3=distinct(queries, 3),
        self_bleu=self_bleu(tokens),
        self_bleu_queries=len(tokens),
        within_context=_pairwise(within_groups(queries, contexts, seed), "no two queries share"),
        across_corpus=_pairwise(above, "there are no two queries"),
        nearest=distribution(nearest.tolist()),
    )


def distinct(texts: Sequence[str], order: int) -> float:
    """Return distinct runs of *order* tokens over all such runs of *texts*; 0 without any."""
    found: list[Tokens] = []
    for text in texts:
        found += ngrams(tokenize(text), order)
    return len(set(found)) / len(found) if found else 0.0


def self_bleu(texts: Sequence[Tokens]) -> float:
    """Return the mean BLEU-4 of each of *texts* with all others as references (Zhu et al., 2018).

    Orders for which a text is too short are left out of its mean. NaN with fewer than two texts.
    """
    if len(texts) < 2:
        return math.nan
    counts = [[Counter(ngrams(text, order)) for text in texts] for order in _ORDERS]
    best = [_two_best(each) for each in counts]
    lengths = Counter(map(len, texts))
    scores = []
    for place, text in enumerate(texts):
        logs = []
        for order, known in zip(_ORDERS, best, strict=True):
            own = counts[order - 1][place]
            total = sum(own.values())
            if total:
                clipped = sum(
                    min(count, known[gram][1] if known[gram][2] == place else known[gram][0])
                    for gram, count in own.items()
                )
                logs.append(math.log((clipped or BLEU_EPSILON) / total))
        scores.append(_brevity(len(text), lengths) * math.exp(np.mean(logs)) if logs else 0.0)
    return float(np.mean(scores))


def within_groups(queries: Sequence[str], groups: Sequence[str | None], seed: int) -> Pairs:
    """ROUGE-L[F1] of all pairs of *queries* of one group, over a sample of groups and queries."""
    members: dict[str, list[Tokens]] = defaultdict(list)
    for query, group in zip(queries, groups, strict=True):
        if group is not None:
            members[group].append(tokenize(query))
    several = [each for _, each in sorted(members.items()) if len(each) > 1]
    draw = random.Random(seed)
    drawn = draw.sample(several, min(PAIRED_CONTEXTS, len(several)))
    found = [np.zeros(0)]
    for each in drawn:
        table = rouge_l_table(draw.sample(each, min(QUERIES_PER_CONTEXT, len(each))))
        found.append(table[np.triu_indices(len(table), k=1)])
    return np.concatenate(found)


def rouge_l_table(texts: Sequence[Tokens]) -> Pairs:
    """ROUGE-L[F1] of each of *texts* with each: ``2 LCS / (m + n)``; 0 where both are empty."""
    common = cdist(texts, texts, scorer=LCSseq.similarity, dtype=np.int32)
    lengths = np.array([len(text) for text in texts], dtype=np.float64)
    return np.asarray(2 * common / np.maximum(lengths[:, None] + lengths[None, :], 1))


def ngrams(tokens: Tokens, order: int) -> list[Tokens]:
    """All runs of *order* neighbouring tokens."""
    return [tokens[start : start + order] for start in range(len(tokens) - order + 1)]


_ORDERS = range(1, BLEU_ORDER + 1)


def _two_best(counts: Sequence[Counter[Tokens]]) -> dict[Tokens, tuple[int, int, int]]:
    """Return for each run of tokens its two highest counts in a text, and the text with most.

    So each text's counts can be clipped by those of all others, without comparing every pair.
    """
    best: dict[Tokens, tuple[int, int, int]] = {}
    for place, each in enumerate(counts):
        for gram, count in each.items():
            first, second, holder = best.get(gram, (0, 0, -1))
            if count > first:
                best[gram] = (count, first, place)
            elif count > second:
                best[gram] = (first, count, holder)
    return best


def _brevity(length: int, lengths: Counter[int]) -> float:
    """BLEU's penalty for a text that is shorter than the reference nearest in length."""
    others = (other for other, n in lengths.items() if n > (other == length))
    reference = min(others, key=lambda other: (abs(other - length), other))
    return 1.0 if length >= reference else math.exp(1 - reference / max(length, 1))


def _pairwise(pairs: Pairs, why_none: str) -> PairwiseRougeL | NotMeasured:
    found = distribution(pairs.tolist())
    if isinstance(found, NotMeasured):
        return NotMeasured(why_none)
    return PairwiseRougeL(
        found,
        float((pairs >= REPEAT_ROUGE_L).mean()),
        pairs.tolist(),
    )
