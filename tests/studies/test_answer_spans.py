import pytest

from augcon_lab.studies.answer_spans import SpanUse, smallest_span, span_use

#       0         1         2         3         4         5         6
#       0123456789012345678901234567890123456789012345678901234567890123456789
TEXT = "The mill ran at night. Two men kept the sluice. Flour went to Bristol."
MILL, SLUICE, FLOUR = (0, 22), (23, 47), (48, 70)
ANYWHERE = (0, 0)


@pytest.mark.parametrize(
    ("answer", "span"),
    [
        ("Two men.", SLUICE),
        ("To Bristol, as flour.", FLOUR),
        ("The mill ran at night, and two men kept the sluice.", (0, 47)),
        ("The mill ran, and flour went to Bristol.", (0, 70)),
        ("At the weekend the mill ran.", MILL),
    ],
)
def test_the_answer_needs_the_sentences_that_hold_its_words(
    answer: str, span: tuple[int, int]
) -> None:
    assert smallest_span(answer, TEXT, "en", ANYWHERE) == span


def test_an_answer_of_other_words_has_no_span() -> None:
    assert smallest_span("Nobody knows.", TEXT, "en", ANYWHERE) is None
    assert span_use("Nobody knows.", TEXT, MILL, "en") is None


def test_a_word_of_every_sentence_does_not_widen_the_span() -> None:
    text = "Tea is hot. Tea is green. Tea is cheap."
    assert smallest_span("Tea is green.", text, "en", ANYWHERE) == (12, 25)


def test_of_equal_sentences_the_one_in_the_nodes_span_is_meant() -> None:
    text = "Salt melts ice. Oil floats. Salt melts ice."
    assert smallest_span("Salt melts ice.", text, "en", ANYWHERE) == (0, 15)
    assert smallest_span("Salt melts ice.", text, "en", (16, 43)) == (28, 43)


def test_inside_and_used_are_shares_of_the_two_spans() -> None:
    assert span_use("Two men.", TEXT, SLUICE, "en") == SpanUse(SLUICE, 1.0, 1.0)
    assert span_use("Two men.", TEXT, (23, 70), "en") == SpanUse(SLUICE, 1.0, 24 / 47)
    assert span_use("Two men.", TEXT, MILL, "en") == SpanUse(SLUICE, 0.0, 0.0)
    both = span_use("The mill ran at night, and two men kept the sluice.", TEXT, MILL, "en")
    assert both == SpanUse((0, 47), 22 / 47, 1.0)


def test_a_node_that_is_less_than_a_sentence_can_hold_all_of_an_answer() -> None:
    text = "Flour went to Bristol, and the boat took nine hours. It was small."
    clause = (22, 51)
    assert text[slice(*clause)] == " and the boat took nine hours"
    assert span_use("The boat took nine hours.", text, clause, "en") == SpanUse(clause, 1.0, 1.0)
    found = span_use("Flour went to Bristol.", text, clause, "en")
    assert found == SpanUse((0, 22), 0.0, 0.0)


def test_characters_of_unspaced_scripts_are_words() -> None:
    text = "磨坊在夜里运转。两个人看守水闸。面粉运到布里斯托尔。"
    assert smallest_span("两个人看守水闸", text, "zh", ANYWHERE) == (8, 16)
