import math

import pytest

from augcon_lib.evaluation.numbers import NotMeasured
from augcon_lib.evaluation.splits import measure_split, measure_splits


def test_a_clean_cut_shares_nothing_and_holds_all() -> None:
    found = measure_split("a b c d e f", "a b c d", "e f")
    assert found.sibling_rouge_l == found.sibling_jaccard == found.shared_text == 0.0
    assert found.parent_coverage == 1.0
    assert found.new_text == 0.0
    assert found.balance == 0.5


def test_parts_that_share_a_passage_overlap() -> None:
    found = measure_split("a b c d e f g h", "a b c d e f", "b c d e f g h")
    # The shorter has 6 tokens, of which b c d e f stand in order in the other.
    assert found.sibling_rouge_l == pytest.approx(5 / 6)
    assert found.sibling_jaccard == pytest.approx(5 / 8)
    # Of its two runs of 5 tokens one stands in the other.
    assert found.shared_text == 0.5
    assert found.parent_coverage == 1.0
    # 13 tokens, of which the whole holds 8.
    assert found.new_text == pytest.approx(5 / 13)


def test_lost_and_invented_words_are_counted() -> None:
    found = measure_split("a b c d", "a b", "x")
    assert found.parent_coverage == 0.5
    assert found.new_text == pytest.approx(1 / 3)


def test_an_empty_part_has_no_text_to_share() -> None:
    found = measure_split("a b", "a b", "")
    assert found.sibling_rouge_l == found.shared_text == 0.0
    assert found.balance == 0.0
    assert math.isnan(measure_split("", "a", "b").parent_coverage)


def test_several_splits_give_their_means() -> None:
    found = measure_splits([("a b", "a", "b"), ("a b c d", "a b", "a c")])
    assert not isinstance(found, NotMeasured)
    assert found.splits == 2
    assert found.means.sibling_rouge_l == pytest.approx(0.25)
    assert found.means.parent_coverage == pytest.approx((1 + 3 / 4) / 2)
    assert found.sibling_rouge_l == [0.0, 0.5]


def test_without_splits_nothing_is_measured() -> None:
    assert isinstance(measure_splits([]), NotMeasured)
