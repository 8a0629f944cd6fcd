import re

import pytest

from augcon_lib.offline_model.english_shapes import lower_first, statement_questions
from tests.model.offline.requests import CHINESE, ENGLISH, question_for

MARKUP = re.compile(r"[#*|`]|\]\(|https?:|\{%")
OTHERS = {
    "ja": "東京は日本の首都です。人口は約千四百万人で、世界最大の都市の一つです。",
    "ko": "서울은 대한민국의 수도입니다. 한강이 도시를 가로질러 흐릅니다.",
    "ar": "القاهرة هي عاصمة مصر. يمر نهر النيل عبر المدينة، وهي أكبر مدينة عربية.",
    "ru": "Москва является столицей России. Через город протекает река Москва.",
    "th": "กรุงเทพมหานครเป็นเมืองหลวงของประเทศไทย แม่น้ำเจ้าพระยาไหลผ่านเมือง",
    "de": "Berlin ist die Hauptstadt von Deutschland. Die Spree fließt durch die Stadt.",
    "fr": "Paris est la capitale de la France. La Seine traverse la ville et les quais sont beaux.",
}
OPENINGS = {
    "ja": "「",
    "ko": "“",
    "ar": "م",
    "ru": "К",
    "th": "“",
    "de": "W",
    "fr": "Q",
}


@pytest.mark.parametrize(
    ("statement", "question"),
    [
        (
            "If a flight is cancelled, travellers call the desk.",
            "What happens if a flight is cancelled?",
        ),
        ("To get expenses back, hand in a voucher.", "How can one get expenses back?"),
        (
            "The voucher must be signed before the trip begins.",
            "When must the voucher be signed?",
        ),
        (
            "The database is stored locally on your computer, though it can be moved.",
            "Where is the database stored locally?",
        ),
        (
            "You can install the app from the internal store.",
            "What can you install from the internal store?",
        ),
        (
            "Use a password manager to store your passwords.",
            "What should you use to store your passwords?",
        ),
        ("The desk is closed because the staff are away.", "Why is the desk closed?"),
    ],
)
def test_a_statement_of_known_shape_gives_its_question(statement: str, question: str) -> None:
    assert question in statement_questions(statement, statement)


@pytest.mark.parametrize(
    "statement", ["It is stored there.", "Is it blue?", "This can be done by hand.", "", "Ok."]
)
def test_a_statement_that_points_elsewhere_gives_none(statement: str) -> None:
    assert statement_questions(statement, statement) == []


def test_a_first_word_is_lowered_unless_it_is_a_name() -> None:
    assert lower_first("The voucher", "") == "the voucher"
    assert lower_first("SQLite", "") == "SQLite"
    assert lower_first("Security Considerations", "") == "Security Considerations"
    assert lower_first("The Merge", "") == "the Merge"
    assert lower_first("Concur", "log in to Concur") == "Concur"
    assert lower_first("Print", "the print statement") == "print"


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("text", "language"), [(ENGLISH, "en"), (CHINESE, "zh")])
def test_questions_carry_no_markup_and_end_as_questions(
    text: str, language: str, seed: int
) -> None:
    for passage in (text, *text.split("\n\n")[1:]):
        question = question_for(passage, language=language, seed=seed)
        assert not MARKUP.search(question)
        assert question[-1] in "?？…"


@pytest.mark.parametrize("language", OTHERS)
def test_other_languages_are_asked_in_their_own(language: str) -> None:
    question = question_for(OTHERS[language], language=language)
    assert question.startswith(OPENINGS[language])


@pytest.mark.parametrize(("text", "language"), [(ENGLISH, "en"), (CHINESE, "zh")])
def test_a_seed_gives_another_question(text: str, language: str) -> None:
    asked = {question_for(text, language=language, seed=seed) for seed in range(4)}
    assert len(asked) >= 3


def test_a_long_passage_is_asked_about_more_than_one_sentence() -> None:
    sentences = [part for part in re.split(r"(?<=\.)\s+", ENGLISH) if part]
    words = {
        word
        for word in re.findall(r"[a-z]{4,}", question_for(ENGLISH).lower())
        if word in ENGLISH.lower()
    }
    touched = [one for one in sentences if any(word in one.lower() for word in words)]
    assert len(touched) >= 2


def poor(question: str) -> bool:
    return bool(
        re.search(r"…$|\b(?:this|here|the passage|else)\b|^(?:What|How) about|^Is ", question)
        or len(question) < 25
    )


def test_worse_prompts_get_worse_questions_but_not_always() -> None:
    passages = [
        f"The {animal} of {place} is fed before noon by the keeper. The keeper writes the weight "
        f"of the {animal} into the book. If the {animal} is ill, the doctor must be called."
        for animal in ("lion", "otter", "camel", "zebra", "goat", "heron", "tapir", "bison")
        for place in ("Basel", "Leipzig", "Madrid", "Oslo", "Turin", "Vienna", "Lisbon", "Prague")
    ]

    def share(**prompt: object) -> float:
        return sum(poor(question_for(text, **prompt)) for text in passages) / len(passages)

    good, few = share(), share(examples=1)
    weak, both = share(weak=True), share(weak=True, examples=1)
    assert good < 0.1
    assert 0.5 < few < 0.95
    assert few < weak + 0.05
    assert weak < both + 0.05
    assert both <= 1.0
    assert {question_for(text, weak=True) for text in passages} - {
        question for text in passages if poor(question := question_for(text, weak=True))
    }


@pytest.mark.parametrize(
    "passage",
    [
        "于1998年7月18日由长征三号乙运载火箭发射升空，",
        "由Debra Reynolds和Noam Kaniel所主唱。",
        "而至NET奇兵动画的英文版中播放的片头曲是这首主题曲的浓缩版。",
    ],
)
def test_a_chinese_passage_with_latin_names_or_without_clauses_is_asked_in_chinese(
    passage: str,
) -> None:
    question = question_for(passage, language="zh")
    assert question.endswith("？")
    assert not question.startswith("What")
