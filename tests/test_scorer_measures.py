import math

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from augcon_lib.queries.pair_measures import measure_pairs


def test_the_figures_are_the_share_of_won_pairs_and_the_area_under_the_curve() -> None:
    rng = np.random.default_rng(5)
    high, low = rng.normal(0.6, 1, 400).round(1), rng.normal(0, 1, 400).round(1)
    documents = [f"d{place % 23}" for place in range(400)]
    measured = measure_pairs(documents, list(high), list(low))
    assert (measured.pairs, measured.documents) == (400, 23)
    won = (high > low).sum() + (high == low).sum() / 2
    assert measured.pair_accuracy == pytest.approx(won / 400)
    labels = [1] * 400 + [0] * 400
    assert measured.auc == pytest.approx(roc_auc_score(labels, [*high, *low]))
    low_end, high_end = measured.auc_ci95
    assert low_end < measured.auc < high_end


def test_pairs_of_one_document_count_as_one_in_the_interval() -> None:
    """Ten documents, five of them all right and five all wrong: 200 pairs say no more than ten."""
    documents = [f"d{place // 20}" for place in range(200)]
    high = [float(place // 20 % 2) for place in range(200)]
    measured = measure_pairs(documents, high, [0.5] * 200)
    assert measured.pair_accuracy == 0.5
    low_end, high_end = measured.pair_accuracy_ci95
    assert high_end - low_end > 0.5
    apart = measure_pairs([str(place) for place in range(200)], high, [0.5] * 200)
    assert apart.pair_accuracy_ci95[1] - apart.pair_accuracy_ci95[0] < 0.2


def test_one_document_gives_no_interval_and_no_pair_no_figure() -> None:
    one = measure_pairs(["d", "d"], [1.0, 0.0], [0.0, 1.0])
    assert one.pair_accuracy == 0.5
    assert math.isnan(one.pair_accuracy_ci95[0])
    none = measure_pairs([], [], [])
    assert none.pairs == 0
    assert math.isnan(none.auc)
