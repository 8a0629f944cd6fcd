import numpy as np
import pytest

from augcon_lib.benchmark.generation import GeneratedRow
from augcon_lib.benchmark.gold import GoldQuestion
from augcon_lib.benchmark.measures import confidence_interval, distinct_2, measure

TEA = GoldQuestion("1", "tea", "...", "How long does green tea stand?", ("two minutes",))
MILL = GoldQuestion("2", "mill", "...", "Where did the flour of the mill go?", ("Bristol",))
GOLD = [TEA, MILL]


def rows(*given: tuple[str, str, str]) -> list[GeneratedRow]:
    return [GeneratedRow(*row) for row in given]


def scores(name: str, *given: tuple[str, str, str]) -> list[float]:
    return list(measure(GOLD, rows(*given)).scores[name])


def test_a_gold_question_is_covered_by_answer_and_question_on_its_own_passage() -> None:
    asked, said = "How long should green tea stand?", "It stands for two minutes."
    assert scores("coverage", ("tea", asked, said)) == [1, 0]
    assert scores("coverage", ("mill", asked, said)) == [0, 0]
    assert scores("coverage", ("tea", asked, "It stands for an hour.")) == [0, 0]
    assert scores("coverage", ("tea", "What burnt down in 1843?", said)) == [0, 0]


def test_what_is_carried_under_any_question_is_told_apart_from_coverage() -> None:
    found = measure(GOLD, rows(("tea", "What burnt down in 1843?", "For two minutes.")))
    assert (found.scores["coverage"].sum(), found.answers_carried) == (0, 0.5)


def test_closed_book_answers_come_from_the_nearest_question_of_all_passages() -> None:
    given = (
        ("other", "How long does green tea stand?", "two minutes"),
        ("tea", "What is green?", "moss"),
        ("mill", "Where did flour go?", "To Bristol by boat"),
    )
    assert scores("closed_book_em", *given) == [1, 0]
    assert scores("closed_book_f1", *given) == [1, pytest.approx(2 / 5)]


def test_no_rows_score_nothing() -> None:
    found = measure(GOLD, [])
    assert all(values.sum() == 0 for values in found.scores.values())
    assert found.distinct_2 == 0


def test_a_question_that_shares_nothing_with_any_row_is_not_answered() -> None:
    assert scores("closed_book_f1", ("tea", "Вопрос?", "two minutes Bristol")) == [0, 0]


def test_distinct_2_is_the_share_of_different_pairs_of_tokens() -> None:
    assert distinct_2(["how is tea", "how is ice"]) == 3 / 4


def test_the_interval_resamples_passages_not_questions() -> None:
    """A hundred questions on one passage are one observation."""
    many = [GoldQuestion(str(n), "one", "", "?", ("a",)) for n in range(100)]
    values = np.array([1.0] * 50 + [0.0] * 50)
    assert confidence_interval(many, values) == (0.5, 0.5)
    apart = [GoldQuestion(str(n), str(n), "", "?", ("a",)) for n in range(100)]
    low, high = confidence_interval(apart, values)
    assert 0.35 < low < 0.45 < 0.55 < high < 0.65


def test_a_difference_is_taken_on_the_same_passages() -> None:
    apart = [GoldQuestion(str(n), str(n), "", "?", ("a",)) for n in range(100)]
    values = np.array([1.0] * 50 + [0.0] * 50)
    low, high = confidence_interval(apart, values, values - 0.1)
    assert (low, high) == (pytest.approx(0.1), pytest.approx(0.1))
