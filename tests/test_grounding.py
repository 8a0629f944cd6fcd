import pytest

from augcon_lib.answers.grounding import is_refusal, ungrounded
from augcon_lib.text.numerals import all_numbers, digit_numbers

MILL = (
    "The mill at the harbour ran at night in March 1843. Eleven shillings bought a sack; 1,500 "
    "sacks went to Bristol. Jean-Luc's boat, built by the Americans, took 2.5 million pounds."
)


@pytest.mark.parametrize(
    ("answer", "missing"),
    [
        ("It went to Bristol by boat.", []),
        ("It went to Leith and to Oban.", ["Leith", "Oban"]),
        ("It cost 11 shillings in 1843.", []),
        ("It cost 12 shillings in 1844.", ["12", "1844"]),
        ("There were 1500 sacks, or 2,500,000 pounds.", []),
        ("An American called Jean-Luc built it.", []),
        ("FBI agents ran it.", ["FBI"]),
        ("It ran in Mar. 1843, that is 1843-03.", []),
        ("It ran in June 1843.", ["June"]),
        ("1. The mill ran. 2. The boat went.\n3. Sacks were sold.", []),
        ("“The boat” went. Flour was sold: Millers were glad.", []),
        ("The mill at the Harbour ran.", []),
        ("1.5 Sacks", []),
    ],
)
def test_names_numbers_and_dates_must_stand_in_the_passage(answer: str, missing: list[str]) -> None:
    assert ungrounded(answer, [MILL], "en") == missing


@pytest.mark.parametrize(
    ("answer", "missing"),
    [
        ("学校有120名学员，2001年成立。", []),
        ("切成1.5cm1.5cm的小块。", ["1.5", "cm"]),
        ("学校有130名学员，教 Java。", ["130", "Java"]),
        ("学员读《红楼梦》。", []),
        ("学员读《西游记》。", ["西游记"]),
    ],
)
def test_chinese_numerals_latin_words_and_quoted_titles_are_checked(
    answer: str, missing: list[str]
) -> None:
    passage = "张家口足校在2001年成立，有一百二十名学员，教 Python，读《红楼梦》。"
    assert ungrounded(answer, [passage], "zh") == missing


def test_another_ending_is_the_same_name_in_scripts_with_inflections() -> None:
    passage = "Корабль пришёл из Бристоля в Москву в мае ١٨٤٣ года."
    assert ungrounded("Он шёл от Москвы до Бристоль 1843.", [passage], "ru") == []
    assert ungrounded("Он шёл до Лондона.", [passage], "ru") == ["Лондона"]


def test_german_nouns_are_no_names() -> None:
    assert ungrounded("Das ist ein großes Haus mit 3 Türen.", ["Ein Haus."], "de") == ["3"]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("two hundred and five thousand", {"205000", "200", "205", "2", "5"}),
        ("一亿零五百万", {"105000000"}),
        ("twenty-one", {"21"}),
        ("version 3.11.7", {"3", "11", "7"}),
        ("1.234,5", {"1", "234", "5"}),
        ("٢٥", {"25"}),
        ("in September", {"9"}),
    ],
)
def test_numbers_are_read_in_digits_and_in_words(text: str, numbers: set[str]) -> None:
    assert numbers <= all_numbers(text)


def test_a_group_of_three_digits_may_be_thousands_or_a_fraction() -> None:
    assert digit_numbers("1,500")["1,500"] == {"1500", "1.5"}


@pytest.mark.parametrize(
    "answer",
    [
        "The passage does not say.",
        "It is not known who built it.",
        "I'm sorry, but I cannot answer this.",
        "There is no information about the price.",
        "原文没有给出相关内容。",
        "这一点无从得知。",
    ],
)
def test_an_answer_that_says_there_is_none_is_a_refusal(answer: str) -> None:
    assert is_refusal(answer, MILL)


@pytest.mark.parametrize(
    "answer", ["The policy does not cover dogs.", "It did not run by day.", "面粉没有运到。"]
)
def test_a_negative_fact_is_no_refusal(answer: str) -> None:
    assert not is_refusal(answer, MILL)


def test_what_the_passage_itself_calls_unknown_is_no_refusal() -> None:
    said = "The builder is not known."
    assert is_refusal(said, MILL)
    assert not is_refusal("It is not known.", f"{MILL} Its builder is not known.")


@pytest.mark.parametrize(
    ("answer", "number"),
    [
        (f"It is {'9' * 5000}.", "9" * 5000),
        ("It is 1٫5 million.", "1500000"),
        ("二" * 5000, "2" * 5000),
        ("two " + "hundred " * 5000, "200"),
    ],
)
def test_a_number_without_end_or_in_other_marks_is_no_error(answer: str, number: str) -> None:
    assert number in all_numbers(answer)
    ungrounded(answer, [MILL], "en")
