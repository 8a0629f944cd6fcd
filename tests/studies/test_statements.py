import math

import pytest

from augcon_lab.studies.statements import compared, standings, with_interval


@pytest.mark.parametrize(
    ("difference", "interval", "verdict"),
    [
        (0.1, (0.02, 0.2), "is above"),
        (-0.1, (-0.2, -0.02), "is below"),
        (0.1, (-0.02, 0.2), "is level with"),
        (0.0, (0.0, 0.0), "is level with"),
    ],
)
def test_the_interval_decides_what_is_said(
    difference: float, interval: tuple[float, float], verdict: str
) -> None:
    said = compared("A", "B", difference, interval, "coverage")
    assert said.startswith(f"A {verdict} B in coverage (difference {difference:+.3f}, ")


def test_what_was_not_measured_is_said_to_be_so() -> None:
    nan = (math.nan, math.nan)
    assert "nothing was measured" in compared("A", "B", math.nan, nan)
    assert "how surely is unknown" in compared("A", "B", 0.1, nan)
    assert with_interval(math.nan, nan) == "–"
    assert with_interval(0.5, nan) == "0.500"
    assert with_interval(0.5, (0.25, 0.75)) == "0.500 (0.250 to 0.750)"


def test_standings_group_names_by_their_intervals() -> None:
    nan = (math.nan, math.nan)
    differences = {
        "A": (0.1, (0.05, 0.2)),
        "B": (0.0, (-0.1, 0.1)),
        "C": (-0.5, (-0.6, -0.4)),
        "D": (0.3, nan),
    }
    assert standings("X", "Coverage", differences) == (
        "Coverage: above X: A (+0.100, +0.050 to +0.200); level with X: B (+0.000, -0.100 to "
        "+0.100); below X: C (-0.500, -0.600 to -0.400); unsure against X: D (+0.300)."
    )
