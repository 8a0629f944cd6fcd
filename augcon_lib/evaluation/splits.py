"""Whether the two parts of a split are independent, and together cover the whole (3.2).

"as independent of each other as possible, together covering C" is what the paper asks of a split.
Tokens are those of ROUGE-L.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from augcon_lib.evaluation.diversity import ngrams
from augcon_lib.evaluation.numbers import PLOTTED, NotMeasured
from augcon_lib.text.rouge import rouge_l_precision, tokenize

SHARED_TOKENS = 5


@dataclass(frozen=True, slots=True)
class SplitMeasures:
    """One split, or the means over several.

    ``sibling_rouge_l``: ROUGE-L precision of the part with fewer tokens against the other.
    ``sibling_jaccard``: tokens that both have over tokens that either has.
    ``shared_text``: share of the runs of ``SHARED_TOKENS`` tokens of the shorter part that the
    other has, too: text that is in both.
    ``parent_coverage``: share of the parent's tokens, counted with repeats, that are in the parts.
    ``new_text``: share of the parts' tokens, counted with repeats, that the parent lacks.
    ``balance``: tokens of the shorter part over those of the longer.
    """

    sibling_rouge_l: float
    sibling_jaccard: float
    shared_text: float
    parent_coverage: float
    new_text: float
    balance: float


@dataclass(frozen=True, slots=True)
class SplitIndependence:
    """The means over ``splits`` splits."""

    splits: int
    means: SplitMeasures
    sibling_rouge_l: list[float] = field(metadata=PLOTTED, repr=False)
    parent_coverage: list[float] = field(metadata=PLOTTED, repr=False)


def measure_split(parent: str, first: str, second: str) -> SplitMeasures:
    """Measure how independent *first* and *second* are, and how much of *parent* they cover."""
    whole = Counter(tokenize(parent))
    shorter, longer = sorted((tokenize(first), tokenize(second)), key=len)
    parts = Counter(shorter) + Counter(longer)
    runs, known = ngrams(shorter, SHARED_TOKENS), set(ngrams(longer, SHARED_TOKENS))
    either, both = set(shorter) | set(longer), set(shorter) & set(longer)
    return SplitMeasures(
        sibling_rouge_l=rouge_l_precision(shorter, longer),
        sibling_jaccard=len(both) / len(either) if either else 0.0,
        shared_text=sum(run in known for run in runs) / len(runs) if runs else 0.0,
        parent_coverage=_share((whole & parts).total(), whole.total()),
        new_text=_share((parts - whole).total(), parts.total()),
        balance=_share(len(shorter), len(longer)),
    )


def measure_splits(
    splits: Sequence[tuple[str, str, str]],
) -> SplitIndependence | NotMeasured:
    """:func:`measure_split` of all *splits*: parent, first and second part of each."""
    if not splits:
        return NotMeasured("no context was split")
    found = [measure_split(*split) for split in splits]
    names = SplitMeasures.__dataclass_fields__
    means = {name: float(np.nanmean([getattr(each, name) for each in found])) for name in names}
    return SplitIndependence(
        splits=len(found),
        means=SplitMeasures(**means),
        sibling_rouge_l=[each.sibling_rouge_l for each in found],
        parent_coverage=[each.parent_coverage for each in found],
    )


def _share(part: int, whole: int) -> float:
    return part / whole if whole else math.nan
