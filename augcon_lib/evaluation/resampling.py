"""The uncertainty of a mean over grouped values: the bootstrap over groups.

Values of one passage or context are alike, so whole groups are drawn, not values.
"""

import math
from collections.abc import Callable, Hashable, Sequence

import numpy as np
import numpy.typing as npt

from augcon_lib.pipeline import SEED

RESAMPLES = 1000

Interval = tuple[float, float]
NOT_MEASURED: Interval = (math.nan, math.nan)


def mean_interval(
    groups: Sequence[Hashable], values: Sequence[float] | npt.NDArray[np.float64]
) -> Interval:
    """95 % interval of the mean of *values*, each of one of *groups*.

    NaN with fewer than two groups: one group says nothing about the next.
    """
    if len(set(groups)) < 2:
        return NOT_MEASURED
    return interval_of(resampled_means(groups, np.asarray(values, dtype=np.float64)))


def resampled_means(
    groups: Sequence[Hashable], values: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """The mean of *values* in each resample of the groups; seeded."""
    places = {group: place for place, group in enumerate(dict.fromkeys(groups))}
    group = np.array([places[each] for each in groups])
    sums = np.bincount(group, weights=values, minlength=len(places))
    counts = np.bincount(group, minlength=len(places))
    draws = np.random.default_rng(SEED).integers(len(places), size=(RESAMPLES, len(places)))
    means: npt.NDArray[np.float64] = sums[draws].sum(axis=1) / counts[draws].sum(axis=1)
    return means


def interval_of(figures: npt.NDArray[np.float64]) -> Interval:
    """Return the interval that contains 95 % of *figures*, one per resample."""
    low, high = np.quantile(figures, (0.025, 0.975))
    return float(low), float(high)


def resampled(
    groups: Sequence[Hashable], statistic: Callable[[npt.NDArray[np.intp]], float]
) -> npt.NDArray[np.float64]:
    """*statistic* of the places of the values in each resample of the groups; seeded."""
    members: dict[Hashable, list[int]] = {}
    for place, group in enumerate(groups):
        members.setdefault(group, []).append(place)
    places = [np.array(each, dtype=np.intp) for each in members.values()]
    draws = np.random.default_rng(SEED).integers(len(places), size=(RESAMPLES, len(places)))
    return np.array([statistic(np.concatenate([places[n] for n in draw])) for draw in draws])
