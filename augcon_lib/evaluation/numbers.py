"""Figures of many values at once, and of things that were not measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

# Marks a field that holds all values: it is plotted, and left out of the figures.
PLOTTED: Mapping[str, bool] = {"plotted": True}


@dataclass(frozen=True, slots=True)
class NotMeasured:
    """In the place of a figure that there is no ground for, and why."""

    not_measured: str


@dataclass(frozen=True, slots=True)
class Distribution:
    """Of ``count`` values: mean, median and the value that 5 % of them exceed."""

    count: int
    mean: float
    median: float
    p95: float


def distribution(values: Sequence[float]) -> Distribution | NotMeasured:
    """The :class:`Distribution` of *values*, of which there must be some."""
    if not len(values):
        return NotMeasured("there was nothing to measure")
    known = np.asarray(values, dtype=np.float64)
    median, p95 = np.quantile(known, (0.5, 0.95))
    return Distribution(len(known), float(known.mean()), float(median), float(p95))
