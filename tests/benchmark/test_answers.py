import pytest

from augcon_lib.benchmark.answers import carried_share, exact_match, token_f1


def test_case_articles_and_punctuation_do_not_count() -> None:
    assert exact_match("The Beatles!", ["beatles"]) == 1
    assert exact_match("Beatles songs", ["beatles"]) == 0
    assert exact_match("a", ["the"]) == 0


def test_f1_is_that_of_the_best_answer() -> None:
    # two of three and two of two tokens: precision 2/3, recall 1
    assert token_f1("hot green tea", ["coffee", "green tea"]) == pytest.approx(0.8)
    assert token_f1("coffee", ["tea"]) == 0


def test_a_span_is_carried_as_it_stands_or_not_at_all() -> None:
    assert carried_share("It is served with green tea.", ["green tea"]) == 1
    assert carried_share("It is green, as tea is.", ["green tea"]) == 0
    assert carried_share("The sweet teapot", ["tea"]) == 0
    assert carried_share("苏镜宇原名苏博。", ["苏博"]) == 1


def test_a_long_answer_is_carried_by_its_sentences() -> None:
    told = "Tea from the hills of Assam is strong and dark and takes milk well in the morning."
    other = "Coffee was first grown in Ethiopia and later on in Yemen, Java and the New World, too."
    assert carried_share(f"We know: {told}", [f"{told} {other}"]) == 0.5
    assert carried_share("Nothing of it.", [f"{told} {other}"]) == 0


def test_an_answer_without_words_is_carried_by_nothing() -> None:
    assert carried_share("anything", ["?"]) == 0
