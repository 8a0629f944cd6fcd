"""Agreement of scores with people's yes-or-no verdicts: AUC and rank correlation."""

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from augcon_lib.evaluation.resampling import NOT_MEASURED, Interval, interval_of, resampled

Vector = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Agreement:
    """AUC and rank correlation, with intervals.

    ``auc`` is the share of (yes, no) pairs in which yes has the higher score; ties count half.
    ``rank_correlation`` is Spearman's, with mean ranks for ties. Values are NaN if all verdicts are
    the same, or, for the correlation, all scores; intervals also with fewer than two groups.
    """

    auc: float
    auc_ci95: Interval
    rank_correlation: float
    rank_correlation_ci95: Interval


def agreement(
    groups: Sequence[Hashable], scores: Sequence[float], verdicts: Sequence[bool]
) -> Agreement:
    """Measure the agreement of *scores* with *verdicts*; intervals by bootstrap over *groups*."""
    scored, said = np.array(scores, dtype=np.float64), np.array(verdicts, dtype=np.float64)

    def measured(statistic: Callable[[Vector, Vector], float]) -> tuple[float, Interval]:
        value = statistic(scored, said)
        if math.isnan(value) or len(set(groups)) < 2:
            return value, NOT_MEASURED
        figures = resampled(groups, lambda places: statistic(scored[places], said[places]))
        return value, interval_of(figures[~np.isnan(figures)])

    return Agreement(*measured(auc), *measured(rank_correlation))


def auc(scores: Vector, verdicts: Vector) -> float:
    """Return the share of pairs in which the higher score has the verdict yes; ties count half."""
    yes = verdicts.sum()
    no = len(verdicts) - yes
    if not yes or not no:
        return math.nan
    return float((mean_ranks(scores)[verdicts == 1].sum() - yes * (yes + 1) / 2) / (yes * no))


def rank_correlation(scores: Vector, verdicts: Vector) -> float:
    """Return Spearman's coefficient of *scores* and *verdicts*."""
    first, second = mean_ranks(scores), mean_ranks(verdicts)
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return math.nan
    return float(np.corrcoef(first, second)[0, 1])


def mean_ranks(values: Vector) -> Vector:
    """Return ranks from 1; equal values get the mean of their ranks."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks: Vector = (last - (counts - 1) / 2)[place]
    return ranks
