"""Figures in words: a finding says no more than its interval."""

import math

Interval = tuple[float, float]


def compared(
    subject: str, other: str, difference: float, interval: Interval, measure: str = ""
) -> str:
    """How *subject* stands against *other*: level where the 95 % *interval* holds zero."""
    inside = f" in {measure}" if measure else ""
    if math.isnan(difference):
        return f"{subject} and {other} cannot be compared{inside}: nothing was measured"
    low, high = interval
    if math.isnan(low):
        return f"{subject} and {other} differ by {difference:+.3f}{inside}, how surely is unknown"
    verdict = "is above" if low > 0 else "is below" if high < 0 else "is level with"
    return (
        f"{subject} {verdict} {other}{inside} (difference {difference:+.3f}, 95 % interval "
        f"{low:+.3f} to {high:+.3f})"
    )


def with_interval(value: float, interval: Interval) -> str:
    """``0.912 (0.897 to 0.928)``; a dash where nothing was measured."""
    if math.isnan(value):
        return "–"
    low, high = interval
    return f"{value:.3f}" if math.isnan(low) else f"{value:.3f} ({low:.3f} to {high:.3f})"
