import math

import pytest

from augcon_lib.evaluation.granularity import evenness, grain, measure_granularity
from augcon_lib.evaluation.numbers import NotMeasured


@pytest.mark.parametrize(
    ("chars", "expected"),
    [(900, "macro"), (601, "macro"), (600, "concept"), (225, "concept"), (180, "detail")],
)
def test_the_grain_is_the_share_of_the_root_context(chars: int, expected: str) -> None:
    assert grain(chars, 900) == expected


def test_shares_depths_and_lengths_of_four_queries() -> None:
    found = measure_granularity([900, 450, 225, 100], [900] * 4, [0, 1, 2, 3])
    assert not isinstance(found, NotMeasured)
    assert (found.macro_share, found.concept_share, found.detail_share) == (0.25, 0.5, 0.25)
    assert found.depths == {0: 1, 1: 1, 2: 1, 3: 1}
    assert found.mean_depth == 1.5
    entropy = 0.5 * math.log(2) + 2 * 0.25 * math.log(4)
    assert found.evenness == pytest.approx(entropy / math.log(3))


def test_evenness_is_one_where_all_are_alike_and_zero_where_one_has_all() -> None:
    assert evenness([1 / 3, 1 / 3, 1 / 3]) == pytest.approx(1.0)
    assert evenness([1.0, 0.0, 0.0]) == 0.0


def test_without_any_node_nothing_is_measured() -> None:
    assert isinstance(measure_granularity([], [], []), NotMeasured)
