"""Put figures into words: a finding claims no more than its interval supports."""

import math
from collections.abc import Mapping

Interval = tuple[float, float]


def compared(
    subject: str, other: str, difference: float, interval: Interval, measure: str = ""
) -> str:
    """State how *subject* compares with *other*: level if the 95 % *interval* contains zero."""
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


def standings(other: str, measure: str, differences: Mapping[str, tuple[float, Interval]]) -> str:
    """State in one sentence which of *differences* are above *other*, level with it, below it.

    Level means that the 95 % interval contains zero; the interval is given for each.
    """
    groups: dict[str, list[str]] = {
        "above": [],
        "level with": [],
        "below": [],
        "unsure against": [],
    }
    for name, (difference, (low, high)) in differences.items():
        unsure = math.isnan(low)
        place = (
            "unsure against"
            if unsure
            else "above"
            if low > 0
            else "below"
            if high < 0
            else "level with"
        )
        interval = "" if unsure else f", {low:+.3f} to {high:+.3f}"
        groups[place].append(f"{name} ({difference:+.3f}{interval})")
    told = [f"{place} {other}: {', '.join(names)}" for place, names in groups.items() if names]
    return f"{measure}: {'; '.join(told)}."


def with_interval(value: float, interval: Interval) -> str:
    """Return ``0.912 (0.897 to 0.928)``, or a dash if nothing was measured."""
    if math.isnan(value):
        return "–"
    low, high = interval
    return f"{value:.3f}" if math.isnan(low) else f"{value:.3f} ({low:.3f} to {high:.3f})"
