import pytest

from augcon_lib.pricing.calibration import Calibration, Factor, factor_of
from augcon_lib.pricing.estimate import Estimate
from augcon_lib.pricing.evidence import MOVED_SHARE, of_choice, of_contexts
from augcon_lib.pricing.stand_in import Tally
from augcon_lib.pricing.walk import Walked

SURE = Factor(real_per_guess=1.0, scatter=0.0, doubt=0.0)
NO_SCATTER = Calibration({("cst_nodes", ""): SURE})


def walked(calls: int, guessed: int = 0, *, is_new: bool = False) -> Walked:
    trees = Tally(calls=calls, guessed=guessed, input_tokens=100 * calls, output_tokens=calls)
    return Walked("en", is_new, trees, Tally(), ())


def pairs(*calls: int) -> list[tuple[Walked, Walked]]:
    return [(walked(each), walked(each)) for each in calls]


def test_what_is_known_exactly_has_no_range() -> None:
    estimate = of_contexts("cst_nodes", pairs(3, 4), 1.0, NO_SCATTER)
    assert (estimate.calls.low, estimate.calls.high) == (7, 7)
    assert estimate.input_tokens.middle == 700


def test_nothing_to_ask_costs_nothing() -> None:
    assert of_contexts("cst_nodes", pairs(0, 0), 5.0, NO_SCATTER) == Estimate()
    assert of_choice("query_scorer", Tally(), 0, NO_SCATTER) == Estimate()


def test_the_range_covers_splits_that_stay_and_splits_that_move() -> None:
    calls = of_contexts("cst_nodes", [(walked(10), walked(20))], 1.0, NO_SCATTER).calls
    assert calls.middle == pytest.approx(10 + 10 * MOVED_SHARE)
    assert calls.low <= 10
    assert calls.high >= 20


def test_the_past_corrects_what_was_guessed_alone() -> None:
    twice = Calibration({("cst_nodes", ""): Factor(2.0, 0.0, 0.0)})
    known, half, new = walked(10), walked(10, guessed=5), walked(10, is_new=True)
    found = [
        of_contexts("cst_nodes", [(w, w)], 1.0, twice).calls.middle for w in (known, half, new)
    ]
    assert found == pytest.approx([10, 15, 20])


def test_a_sample_stands_for_all_with_a_wider_range() -> None:
    full = of_contexts("cst_nodes", pairs(*[2, 10] * 10), 1.0, NO_SCATTER).calls
    sampled = of_contexts("cst_nodes", pairs(*[2, 10] * 2), 5.0, NO_SCATTER).calls
    assert full.middle == sampled.middle == 120
    assert full.high == 120
    assert sampled.high > 120


def test_failed_calls_of_the_past_are_expected_again() -> None:
    flaky = Calibration({("cst_nodes", ""): SURE}, issued_per_answer={"cst_nodes": 1.5})
    assert of_contexts("cst_nodes", pairs(10), 1.0, flaky).calls.middle == 15


def test_a_factor_is_the_ratio_of_sums_with_its_scatter() -> None:
    exact = factor_of([(10, 5), (20, 10)])
    assert (exact.real_per_guess, exact.scatter, exact.doubt) == (2.0, 0.0, 0.0)
    rough = factor_of([(14, 5), (16, 10)])
    assert rough.real_per_guess == 2.0
    assert rough.scatter > 0
    assert rough.doubt > 0
    assert factor_of([(0, 0)]) == Factor()


def test_a_language_without_a_past_takes_that_of_all_languages() -> None:
    calibration = Calibration({("cst_nodes", ""): SURE, ("cst_nodes", "zh"): Factor(3.0)})
    assert calibration.factor("cst_nodes", "zh").real_per_guess == 3.0
    assert calibration.factor("cst_nodes", "en") == SURE
    assert calibration.factor("responses", "en") == Factor()


def test_equal_answers_of_a_search_are_judged_once_at_best() -> None:
    tally = Tally(calls=100, input_tokens=1000, output_tokens=100)
    calls = of_choice("few_shot_examples", tally, 10, NO_SCATTER).calls
    assert (calls.low, calls.high) == (60, 100)
