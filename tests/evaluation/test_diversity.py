"""Diversity on queries that can be counted by hand."""

import math
from itertools import combinations

import pytest

from augcon_lib.evaluation.diversity import (
    distinct,
    measure_diversity,
    rouge_l_table,
    self_bleu,
    within_groups,
)
from augcon_lib.evaluation.numbers import NotMeasured
from augcon_lib.text.rouge import tokenize
from tests.support.rouge import rouge_l_f1

QUERIES = ["what is the tide", "what is the mill", "who wrote the book"]


def test_distinct_n_is_different_runs_over_all_runs() -> None:
    # 12 words, of which what, is, the repeat: what is the tide mill who wrote book.
    assert distinct(QUERIES, 1) == 8 / 12
    # 9 pairs; "what is" and "is the" stand twice.
    assert distinct(QUERIES, 2) == 7 / 9
    # 6 triples; "what is the" stands twice.
    assert distinct(QUERIES, 3) == 5 / 6
    assert distinct([], 2) == 0.0


def test_a_character_of_an_unspaced_script_is_a_token() -> None:
    assert distinct(["水的量", "水的火"], 2) == 3 / 4


def test_self_bleu_of_equal_texts_is_one() -> None:
    assert self_bleu([tokenize("the mill by the tide")] * 3) == pytest.approx(1.0)


def test_self_bleu_counts_runs_up_to_four_clipped_by_the_best_of_the_others() -> None:
    texts = [tokenize("a b c d"), tokenize("a b c e"), tokenize("x b x b")]
    # a b c d: 3 of 4 tokens, 2 of 3 pairs, 1 of 2 triples, none of 1 (epsilon).
    first = (3 / 4 * 2 / 3 * 1 / 2 * 0.1) ** 0.25
    # x b x b: one b (the others have no more), none of the pairs, triples and fours.
    third = (1 / 4 * 0.1 / 3 * 0.1 / 2 * 0.1) ** 0.25
    assert self_bleu(texts) == pytest.approx((2 * first + third) / 3)


def test_self_bleu_punishes_texts_shorter_than_the_nearest_other() -> None:
    short, long = tokenize("a b"), tokenize("a b c d")
    # a b: all its runs stand in the other, which is twice as long. The other: 2/4, 1/3, ε/2, ε/1.
    expected = (math.exp(1 - 4 / 2) + (2 / 4 * 1 / 3 * 0.1 / 2 * 0.1) ** 0.25) / 2
    assert self_bleu([short, long]) == pytest.approx(expected)


def test_self_bleu_needs_another_text() -> None:
    assert math.isnan(self_bleu([tokenize("alone")]))


def test_the_table_of_pairs_is_rouge_l_f1() -> None:
    tokens = [tokenize(query) for query in QUERIES]
    table = rouge_l_table(tokens)
    for one, other in combinations(range(3), 2):
        assert table[one, other] == pytest.approx(rouge_l_f1(tokens[one], tokens[other]))


def test_within_a_group_only_its_own_queries_are_paired() -> None:
    pairs = within_groups([*QUERIES, "what is the tide"], ["a", "a", "b", None], seed=1)
    assert pairs.tolist() == [pytest.approx(3 / 4)]


def test_all_measures_of_a_few_queries() -> None:
    found = measure_diversity(QUERIES, ["a", "a", "b"], seed=1)
    assert (found.queries, found.self_bleu_queries) == (3, 3)
    assert not isinstance(found.within_context, NotMeasured)
    assert found.within_context.pairs.count == 1
    assert found.within_context.repeats_share == 1.0
    assert not isinstance(found.across_corpus, NotMeasured)
    # what is the tide/mill: 3/4; who wrote the book with each: 1/4.
    assert found.across_corpus.pairs.mean == pytest.approx((3 / 4 + 1 / 4 + 1 / 4) / 3)
    assert not isinstance(found.nearest, NotMeasured)
    assert found.nearest.mean == pytest.approx((3 / 4 + 3 / 4 + 1 / 4) / 3)


def test_a_single_query_has_no_pairs_and_no_figure_is_made_up() -> None:
    found = measure_diversity(["what is the tide"], ["a"], seed=1)
    assert isinstance(found.within_context, NotMeasured)
    assert isinstance(found.across_corpus, NotMeasured)
    assert isinstance(found.nearest, NotMeasured)
    assert math.isnan(found.self_bleu)
