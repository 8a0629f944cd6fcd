"""Detail, concept and macro questions, by how much of its root context a node is (4.6).

A split gives halves, so a root (depth 0) is macro, depths 1 and 2 (about a half and a quarter) are
concept, and what is below detail.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from augcon_lib.evaluation.numbers import PLOTTED, Distribution, NotMeasured, distribution

MACRO, CONCEPT, DETAIL = "macro", "concept", "detail"
GRAINS = (DETAIL, CONCEPT, MACRO)
# Share of the root context's characters: above the first macro, up to the second detail.
MACRO_SHARE = 2 / 3
DETAIL_SHARE = 1 / 5


@dataclass(frozen=True, slots=True)
class Granularity:
    """Over ``queries`` queries: shares of the three grains, and depths and lengths.

    ``evenness`` is the entropy of the three shares over its maximum: 1 if all are equal, 0 if
    only one occurs. ``depths`` counts queries by the depth of their node, 0 the root.
    """

    queries: int
    detail_share: float
    concept_share: float
    macro_share: float
    evenness: float
    depths: dict[int, int]
    mean_depth: float
    node_chars: Distribution | NotMeasured
    lengths: list[float] = field(metadata=PLOTTED, repr=False)


def grain(node_chars: int, root_chars: int) -> str:
    """Return the grain of a question about *node_chars* of a root context of *root_chars*."""
    share = node_chars / root_chars
    return MACRO if share > MACRO_SHARE else DETAIL if share <= DETAIL_SHARE else CONCEPT


def measure_granularity(
    node_chars: Sequence[int], root_chars: Sequence[int], depths: Sequence[int]
) -> Granularity | NotMeasured:
    """Granularity of queries, each given by its node's and its root context's length, and depth."""
    if not node_chars:
        return NotMeasured("no query's tree is there any more: all documents have changed since")
    counts = Counter(grain(n, r) for n, r in zip(node_chars, root_chars, strict=True))
    shares = {each: counts[each] / len(node_chars) for each in GRAINS}
    return Granularity(
        queries=len(node_chars),
        detail_share=shares[DETAIL],
        concept_share=shares[CONCEPT],
        macro_share=shares[MACRO],
        evenness=evenness(list(shares.values())),
        depths=dict(sorted(Counter(depths).items())),
        mean_depth=sum(depths) / len(depths),
        node_chars=distribution(node_chars),
        lengths=[float(each) for each in node_chars],
    )


def evenness(shares: Sequence[float]) -> float:
    """Entropy of *shares*, which sum to 1, over that of equal ones; in [0, 1]."""
    return -sum(share * math.log(share) for share in shares if share > 0) / math.log(len(shares))
