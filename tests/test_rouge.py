import pytest
from hypothesis import given
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer

from augcon_lib.rouge import first_repeats, rouge_l_precision, tokenize

words = st.text(alphabet="abcde 019,.?", max_size=60)


@given(words, words)
def test_precision_equals_that_of_rouge_score(candidate: str, reference: str) -> None:
    expected = RougeScorer(["rougeL"]).score(reference, candidate)["rougeL"].precision
    ours = rouge_l_precision(tokenize(candidate), tokenize(reference))
    assert ours == pytest.approx(expected, abs=1e-12)


def test_chinese_is_compared_by_characters() -> None:
    assert tokenize("煮面,3分钟") == ("煮", "面", "3", "分", "钟")
    assert rouge_l_precision(tokenize("怎样煮面"), tokenize("怎样炒面")) == 0.75


def test_letters_outside_ascii_are_words_not_dropped() -> None:
    assert tokenize("Où est la Crème?") == ("où", "est", "la", "crème")
    assert tokenize("Что это такое") == ("что", "это", "такое")


def test_a_query_at_the_limit_repeats_and_one_below_does_not() -> None:
    # "a b c d e f g x y z" shares 7 of its 10 tokens in order with the first: precision 0.7
    texts = ["a b c d e f g h i j", "a b c d e f g x y z", "a b c d e f u x y z"]
    assert first_repeats(texts, 0.7) == [None, 0, None]


def test_what_was_rejected_rejects_nothing_itself() -> None:
    texts = ["a b c d", "a b c e", "e f g h", "a b c e e"]
    assert first_repeats(texts, 0.7) == [None, 0, None, None]
