import math

import numpy as np
import pytest

from augcon_lab.studies.rank_agreement import agreement, auc, mean_ranks, rank_correlation


def test_equal_values_share_their_mean_rank() -> None:
    assert mean_ranks(np.array([3.0, 1.0, 3.0, 2.0])).tolist() == [3.5, 1.0, 3.5, 2.0]


@pytest.mark.parametrize(
    ("scores", "expected"),
    [([1, 2, 3, 4], 1.0), ([4, 3, 2, 1], 0.0), ([1, 3, 2, 4], 0.75), ([1, 1, 1, 1], 0.5)],
)
def test_auc_is_the_share_of_pairs_won(scores: list[float], expected: float) -> None:
    assert auc(np.array(scores, dtype=float), np.array([0.0, 0.0, 1.0, 1.0])) == expected


def test_spearman_of_a_small_case() -> None:
    """Ranks 1 3 2 4 and 1.5 1.5 3.5 3.5: covariance 2, variances 5 and 4."""
    found = rank_correlation(np.array([1.0, 3.0, 2.0, 4.0]), np.array([0.0, 0.0, 1.0, 1.0]))
    assert found == pytest.approx(2 / math.sqrt(5 * 4))


def test_verdicts_that_are_all_alike_measure_nothing() -> None:
    found = agreement(["a", "b"], [1.0, 2.0], [True, True])
    assert math.isnan(found.auc)
    assert math.isnan(found.rank_correlation)


def test_contexts_that_agree_leave_no_doubt_and_one_context_leaves_it_open() -> None:
    sure = agreement(["a", "a", "b", "b"], [1, 2, 1, 2], [False, True, False, True])
    assert (sure.auc, sure.auc_ci95, sure.rank_correlation_ci95) == (1, (1, 1), (1, 1))
    alone = agreement(["a", "a"], [1, 2], [False, True])
    assert alone.auc == 1
    assert math.isnan(alone.auc_ci95[0])
