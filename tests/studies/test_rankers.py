import pytest

from augcon_lab.studies.rankers import (
    QueryLength,
    Ratings,
    Relevance,
    Tie,
    as_rating,
    rating_request,
)
from augcon_lib.chat.reply_formats import RATING
from augcon_lib.prompts import PromptLibrary

TEA, MILL = "Green tea stands for two minutes.", "The mill sent flour to Bristol."


def test_the_longer_query_comes_first() -> None:
    assert QueryLength().score(["", ""], ["how long?", "how long does tea stand?"]) == [2.0, 5.0]


def test_relevance_is_the_cosine_of_query_and_context() -> None:
    relevance = Relevance([TEA, MILL])
    same, other, none = relevance.score([TEA, TEA, TEA], [TEA, MILL, "zebra"])
    assert same == pytest.approx(1.0)
    assert (other, none) == (0.0, 0.0)
    assert 0 < relevance.score([TEA], ["green flour"])[0] < 1
    assert relevance.score([], []) == []


def test_without_a_ranking_all_queries_tie() -> None:
    assert Tie().score([TEA, MILL], ["a", "b"]) == [0.0, 0.0]


def test_what_the_model_did_not_rate_comes_last() -> None:
    ratings = Ratings({(TEA, "q"): 7.0})
    assert ratings.score([TEA, MILL], ["q", "q"]) == [7.0, 0.0]


@pytest.mark.parametrize(("reply", "rating"), [(7, 7.0), (0, 1.0), (100, 10.0)])
def test_a_rating_is_held_to_the_scale(reply: int, rating: float) -> None:
    assert as_rating(reply) == rating


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_model_is_shown_context_and_question(language: str) -> None:
    request = rating_request(PromptLibrary(), TEA, "How long?", language)
    assert f"<context>\n{TEA}\n</context>" in request.user
    assert "<question>\nHow long?\n</question>" in request.user
    assert request.reply_format is RATING
    assert "10" in request.instruction


@pytest.mark.parametrize("reply", ['{"rating": 8}', "Rating: 8", "评分：8", "```\nRating: 8\n```"])
def test_a_rating_is_read_in_the_forms_that_models_write(reply: str) -> None:
    assert RATING.parse(reply) == {"rating": 8}
