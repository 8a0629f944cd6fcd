"""Figures over many values, and placeholders for figures that were not measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

# Marks a field with all values: it is plotted, and left out of the figures.
PLOTTED: Mapping[str, bool] = {"plotted": True}


@dataclass(frozen=True, slots=True)
class NotMeasured:
    """Replaces a figure that could not be measured, with the reason."""

    not_measured: str


@dataclass(frozen=True, slots=True)
class Distribution:
    """Mean, median and 95th percentile of ``count`` values."""

    count: int
    mean: float
    median: float
    p95: float


def distribution(values: Sequence[float]) -> Distribution | NotMeasured:
    """Return the :class:`Distribution` of *values*, or ``NotMeasured`` without any."""
    if not len(values):
        return NotMeasured("there was nothing to measure")
    known = np.asarray(values, dtype=np.float64)
    median, p95 = np.quantile(known, (0.5, 0.95))
    return Distribution(len(known), float(known.mean()), float(median), float(p95))
