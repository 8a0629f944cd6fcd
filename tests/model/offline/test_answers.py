import pytest

from augcon_lab.studies.rankers import rating_request
from augcon_lib.chat.messages import WireForm
from augcon_lib.chat.reply_formats import RATING
from augcon_lib.offline_model import complete
from augcon_lib.offline_model.passages import plain_text, template_language
from tests.model.offline.requests import (
    CHINESE,
    ENGLISH,
    PROMPTS,
    answer_body,
    body_of,
    judgement_body,
    reply_to,
)


def answer_to(text: str, question: str, *answers: str, language: str = "en") -> str:
    return str(reply_to(answer_body(text, question, answers, language))["answer"])


def test_the_sentence_that_matches_the_question_is_quoted() -> None:
    answer = answer_to(ENGLISH, "When is the travel desk open?", "Short one.")
    assert answer == "The travel desk is open from Monday to Friday."
    answer = answer_to(CHINESE, "如果水温太高，应该怎么办？", "短。", language="zh")
    assert answer == "如果水温太高，蛋液会结块。"


def test_markup_is_left_out_of_an_answer() -> None:
    answer = answer_to(ENGLISH, "What does the voucher name?", "Short.")
    assert answer == "The voucher names the project code and the supervisor."


def test_answers_are_about_as_long_as_those_shown() -> None:
    question = "What are the rules for a trip, the travel desk, receipts and the voucher?"
    short = answer_to(ENGLISH, question, "Brief.")
    long = answer_to(ENGLISH, question, "A long answer of many words. " * 10)
    assert len(short) < len(long)


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        ("A voucher within five days.", "yes"),
        ("Hand in a voucher within five days to get expenses back.", "yes"),
        ("Receipts are needed for all lodging.", "no"),
        ("Wizards ride purple dragons over the mountains.", "no"),
        ("?", "no"),
        ("A voucher within five days. " + ENGLISH * 3, "no"),
    ],
)
def test_the_verdict_follows_reference_and_passage(answer: str, verdict: str) -> None:
    reply = reply_to(
        judgement_body(
            ENGLISH,
            "What must be handed in to get expenses back?",
            "A voucher, within five days.",
            answer,
        )
    )
    assert reply["verdict"] == verdict
    assert reply["reason"].endswith(".")


def test_a_verdict_on_chinese_gives_its_reason_in_chinese() -> None:
    reply = reply_to(
        judgement_body(CHINESE, "蒸多久？", "大火蒸十分钟。", "十分钟，大火蒸。", "zh")
    )
    assert reply == {"verdict": "yes", "reason": "答案与参考答案的内容一致。"}


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        ("## A *bold* `name`", "A bold name"),
        ("- [x] see [the page](https://example.org/a(b)) now", "see the page now"),
        ("| a | b |", "a, b"),
        ("|---|---|", ""),
        ("A {% page '/x/' %} tag &amp; more", "A tag & more"),
        ("go to [the page]({% page", "go to the page"),
        ("snake_case and 2 * 3", "snake_case and 2 * 3"),
        ("> 1. quoted\n> wrapped", "quoted wrapped"),
    ],
)
def test_markup_is_taken_off(raw: str, plain: str) -> None:
    assert plain_text(raw) == plain


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The cat is on the mat.", "en"),
        ("Die Katze ist auf dem Dach und schläft.", "de"),
        ("Le chat est sur le toit et il dort dans les fleurs.", "fr"),
        ("猫在屋顶上。", "zh"),
        ("猫は屋根の上にいます。", "ja"),
        ("SQLite 是一个数据库 library with a small C API。数据库文件很小。", "zh"),
        ("x = 1", "en"),
    ],
)
def test_the_language_of_templates_is_that_of_the_passage(text: str, language: str) -> None:
    assert template_language(text) == language


@pytest.mark.parametrize("form", WireForm)
def test_a_question_is_rated_by_what_the_passage_knows_of_it(form: WireForm) -> None:
    def rating(question: str) -> int:
        request = rating_request(PROMPTS, ENGLISH, question, "en")
        body = body_of(RATING, request.instruction, request.user, form=form)
        return int(RATING.parse(str(complete(body)["choices"][0]["message"]["content"]))["rating"])

    assert rating("When is the travel desk open?") == 10
    assert rating("When do purple dragons ride?") == 1
    assert 1 < rating("When is the purple desk open for dragons?") < 10
