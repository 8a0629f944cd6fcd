import pytest

from augcon_lib.estimate import (
    Estimate,
    History,
    Range,
    estimate_few_shot,
    estimate_responses,
    estimate_scorer,
    estimate_trees,
)
from augcon_lib.settings import ModelSettings
from tests.support.states import SETTINGS, with_setting

TEXTS = [("en", 20_000), ("zh", 3_000)]


def test_estimates_are_ranges_that_grow_with_the_text() -> None:
    one = estimate_trees(SETTINGS, TEXTS)
    two = estimate_trees(SETTINGS, TEXTS * 2)
    for name in ("calls", "input_tokens", "output_tokens"):
        low, high = getattr(one, name).low, getattr(one, name).high
        assert 0 < low < high
        assert getattr(two, name).high == pytest.approx(2 * high)


def test_nothing_to_do_costs_nothing() -> None:
    nothing = Estimate()
    assert estimate_trees(SETTINGS, []) == estimate_responses(SETTINGS, []) == nothing
    assert estimate_scorer(SETTINGS, Range()) == estimate_few_shot(SETTINGS, 0) == nothing


def test_boundary_splits_save_output_tokens_and_no_calls() -> None:
    boundary = estimate_trees(with_setting("tree.split", "boundary"), TEXTS)
    rewrite = estimate_trees(SETTINGS, TEXTS)
    assert boundary.calls == rewrite.calls
    assert boundary.output_tokens.high < rewrite.output_tokens.high / 2


def test_responses_are_no_more_than_the_quota() -> None:
    settings = with_setting("selection.chars_per_query", 100)
    assert estimate_responses(settings, [("en", 5_000)]).calls == Range(25, 50)


def test_negatives_are_no_more_than_three_times_the_pairs_of_a_kind() -> None:
    settings = with_setting("scorer.pairs_per_negative_kind", 10)
    assert estimate_scorer(settings, Range(5, 1000)).calls == Range(5, 30)


def test_the_search_answers_and_judges_every_example_in_every_trial() -> None:
    settings = with_setting("responses.search_trials", 4)
    assert estimate_few_shot(settings, 10).calls.high == 4 * 10 * 2


def test_tokens_cost_what_the_settings_say() -> None:
    model = ModelSettings(input_usd_per_million_tokens=1.0, output_usd_per_million_tokens=10.0)
    settings = SETTINGS.model_copy(update={"model": model})
    estimate = Estimate(Range(1, 2), Range(1e6, 2e6), Range(1e5, 3e5))
    assert estimate.cost_usd(settings) == Range(2.0, 5.0)
    assert (estimate + estimate).cost_usd(settings) == Range(4.0, 10.0)


def test_a_workspaces_own_figures_win_over_lengths() -> None:
    history = History({"en": 0.01}, {"en": 0.004}, {"cst_nodes": (1000, 50)})
    trees = estimate_trees(SETTINGS, [("en", 10_000)], history)
    assert (trees.calls.low, trees.calls.high) == pytest.approx((85, 115))
    assert trees.input_tokens.high == pytest.approx(115_000)
    assert trees.output_tokens.low == pytest.approx(85 * 50)
    answers = estimate_responses(SETTINGS, [("en", 10_000)], history)
    assert (answers.calls.low, answers.calls.high) == pytest.approx((34, 46))
    chinese = [("zh", 3_000)]
    assert estimate_trees(SETTINGS, chinese, history).calls == (
        estimate_trees(SETTINGS, chinese).calls
    )


def test_an_edit_may_cost_less_but_not_more() -> None:
    estimate = Estimate(Range(10, 20), Range(100, 200), Range(1, 2))
    assert estimate.or_less(0.4) == Estimate(Range(4, 20), Range(40, 200), Range(0.4, 2))


def test_draws_without_a_tree_are_estimated_by_the_quota() -> None:
    direct = estimate_trees(with_setting("tree.strategy", "direct"), TEXTS)
    trees = estimate_trees(SETTINGS, TEXTS)
    assert 0 < direct.calls.low < trees.calls.low
    assert direct.output_tokens.low < trees.output_tokens.low


def test_strategies_that_bring_their_answers_ask_for_no_responses() -> None:
    assert estimate_responses(with_setting("tree.strategy", "etrc"), TEXTS) == Estimate()
