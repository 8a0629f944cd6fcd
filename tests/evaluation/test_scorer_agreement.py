import math

import pytest

from augcon_lib.evaluation.numbers import NotMeasured
from augcon_lib.evaluation.scorer_agreement import held_out_of, measure_scorer, spearman
from augcon_lib.warehouse.evaluation_rows import JudgedQuery


def test_rank_correlation_is_spearmans_with_mean_ranks_for_ties() -> None:
    assert spearman([1, 2, 3], [10, 20, 900]) == pytest.approx(1.0)
    assert spearman([1, 2, 3], [3, 2, 1]) == pytest.approx(-1.0)
    # Ranks 1, 2, 3 against 1.5, 1.5, 3: covariance 1.5, variances 2 and 1.5.
    assert spearman([1, 2, 3], [5, 5, 9]) == pytest.approx(1.5 / math.sqrt(2 * 1.5))
    assert math.isnan(spearman([1, 2], [7, 7]))


def judged(query: str, score: float, rank: int, reason: str) -> JudgedQuery:
    return JudgedQuery("c", query, score, rank, 4, not reason, reason, rank - 1, "a b c d e f")


SCORED = [
    judged("a b c d", 4.0, 1, ""),
    judged("a b c", 3.0, 2, "repeats:n1"),
    judged("a x", 2.0, 3, ""),
    judged("x", 1.0, 4, "over_quota"),
]


def test_what_scores_go_with_and_what_is_selected() -> None:
    found = measure_scorer(SCORED, NotMeasured("none"))
    assert not isinstance(found, NotMeasured)
    assert found.rank_correlations["query length"] == pytest.approx(1.0)
    assert found.rank_correlations["depth"] == pytest.approx(-1.0)
    assert math.isnan(found.rank_correlations["passage length"])
    assert found.selected_share == 0.5
    assert found.selected_in_upper_half == 0.5
    assert found.left_out == {"over_quota": 1, "repeats": 1}


def test_held_out_measures_come_from_the_stored_report() -> None:
    report = {
        "kind": "linear", "held_out_pairs": 10, "held_out_documents": 2, "pair_accuracy": 0.9,
        "pair_accuracy_low": 0.8, "pair_accuracy_high": 1.0, "auc": 0.85, "auc_low": 0.7,
        "auc_high": 0.95,
    }  # fmt: skip
    found = held_out_of(report)
    assert not isinstance(found, NotMeasured)
    assert found.pair_accuracy_ci95 == (0.8, 1.0)
    assert isinstance(held_out_of({**report, "held_out_pairs": 0}), NotMeasured)
    assert isinstance(held_out_of(None), NotMeasured)
    assert isinstance(measure_scorer([], found), NotMeasured)
