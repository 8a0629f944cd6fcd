"""A measured share or mean with its interval and what it is the mean of."""

import math
from collections.abc import Hashable, Iterable
from dataclasses import dataclass

from augcon_lab.studies.statements import with_interval
from augcon_lib.evaluation.resampling import NOT_MEASURED, Interval, mean_interval


@dataclass(frozen=True, slots=True)
class Figure:
    """The mean of ``count`` values, NaN if there are none, and its 95 % bootstrap ``interval``."""

    value: float
    interval: Interval
    count: int

    def __str__(self) -> str:
        return with_interval(self.value, self.interval)


def figure(values: Iterable[tuple[Hashable, float | None]]) -> Figure:
    """Return the mean of (group, value) pairs, by bootstrap over groups; ``None`` is skipped."""
    measured = [(group, value) for group, value in values if value is not None]
    if not measured:
        return Figure(math.nan, NOT_MEASURED, 0)
    groups, kept = zip(*measured, strict=True)
    return Figure(sum(kept) / len(kept), mean_interval(groups, kept), len(kept))
