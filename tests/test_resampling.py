import math

import numpy as np
import pytest

from augcon_lib.evaluation.resampling import mean_interval, resampled_means


def test_equal_groups_leave_no_doubt() -> None:
    assert mean_interval(["a", "b", "a", "b"], [1, 1, 3, 3]) == (2, 2)


def test_two_groups_that_differ_are_drawn_one_by_one() -> None:
    """Each resample holds both groups or one of them twice."""
    means = resampled_means(["a", "a", "b"], np.array([0.0, 0.0, 3.0]))
    assert {round(float(mean), 6) for mean in means} == {0.0, 1.0, 3.0}
    assert mean_interval(["a", "a", "b"], [0, 0, 3]) == (0, 3)


@pytest.mark.parametrize("groups", [[], ["a"], ["a", "a"]])
def test_one_group_says_nothing_of_the_next(groups: list[str]) -> None:
    assert all(map(math.isnan, mean_interval(groups, [1.0] * len(groups))))
