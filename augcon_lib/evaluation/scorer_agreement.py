"""Whether the scorer beats plain heuristics, and how the selection uses it (3.3)."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from augcon_lib.evaluation.numbers import NotMeasured
from augcon_lib.text.rouge import rouge_l_precision, tokenize
from augcon_lib.warehouse.evaluation_rows import JudgedQuery


@dataclass(frozen=True, slots=True)
class HeldOut:
    """The active scorer on pairs of documents that it was not trained on."""

    pairs: int
    documents: int
    pair_accuracy: float
    pair_accuracy_ci95: tuple[float, float]
    auc: float
    auc_ci95: tuple[float, float]


@dataclass(frozen=True, slots=True)
class ScorerAgreement:
    """Over ``queries`` scored queries.

    ``rank_correlations``: Spearman's of the score with the query's length in characters, the share
    of its tokens that its passage holds in this order (ROUGE-L precision), the passage's length and
    its depth; NaN where one of the two does not vary. ``selected_share``: of all queries, those
    selected; ``selected_in_upper_half``: of the selected ones, those that rank in the upper half of
    their context. ``left_out`` counts the others by reason.
    """

    queries: int
    held_out: HeldOut | NotMeasured
    rank_correlations: dict[str, float]
    selected_share: float
    selected_in_upper_half: float
    left_out: dict[str, int]
    scores: dict[str, float]


def measure_scorer(
    scored: Sequence[JudgedQuery], held_out: HeldOut | NotMeasured
) -> ScorerAgreement | NotMeasured:
    """Measure what the scores of *scored* correlate with."""
    if not scored:
        return NotMeasured("no query was scored")
    scores = [each.score for each in scored]
    selected = [each for each in scored if each.selected]
    left_out = Counter(each.reason.partition(":")[0] for each in scored if not each.selected)
    low, median, high = np.quantile(scores, (0.05, 0.5, 0.95))
    return ScorerAgreement(
        queries=len(scored),
        held_out=held_out,
        rank_correlations={
            name: spearman(scores, [heuristic(each) for each in scored])
            for name, heuristic in HEURISTICS.items()
        },
        selected_share=len(selected) / len(scored),
        selected_in_upper_half=_mean([2 * each.rank <= each.asked for each in selected]),
        left_out=dict(sorted(left_out.items())),
        scores={"p05": float(low), "median": float(median), "p95": float(high)},
    )


def spearman(first: Sequence[float], second: Sequence[float]) -> float:
    """Return Spearman's rank correlation, ties by mean rank; NaN if one does not vary."""
    from scipy.stats import rankdata  # type: ignore[import-untyped]

    if len(set(first)) < 2 or len(set(second)) < 2:
        return float("nan")
    return float(np.corrcoef(rankdata(first), rankdata(second))[0, 1])


def held_out_of(report: dict[str, Any] | None) -> HeldOut | NotMeasured:
    """Return the stored measures of the active scorer (``query_scorer``), if it was trained."""
    if report is None or report["kind"] == "none":
        return NotMeasured("no scorer is active")
    if not report["held_out_pairs"]:
        return NotMeasured("too few documents to hold some out")
    return HeldOut(
        report["held_out_pairs"],
        report["held_out_documents"],
        report["pair_accuracy"],
        (report["pair_accuracy_low"], report["pair_accuracy_high"]),
        report["auc"],
        (report["auc_low"], report["auc_high"]),
    )


HEURISTICS: Mapping[str, Callable[[JudgedQuery], float]] = {
    "query length": lambda each: len(each.query),
    "tokens in the passage": lambda each: rouge_l_precision(
        tokenize(each.query), tokenize(each.text)
    ),
    "passage length": lambda each: len(each.text),
    "depth": lambda each: each.depth,
}


def _mean(values: Sequence[bool]) -> float:
    return sum(values) / len(values) if values else float("nan")
