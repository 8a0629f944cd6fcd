import asyncio
from collections import defaultdict

import pytest

from augcon_lib.answers.few_shot_search import FewShotChoice, FewShotSearch
from augcon_lib.answers.responses import Responder
from augcon_lib.chat.port import ChatRequest
from augcon_lib.chat.reply_formats import ANSWER, JUDGEMENT
from augcon_lib.errors import AnswerRejected
from augcon_lib.records import FewShotExample
from augcon_lib.settings import ResponsesSettings
from tests.support.stub_chat import Answer, Answerer, StubChat, slot
from tests.support.trees import PROMPTS


def english(number: int) -> FewShotExample:
    return FewShotExample(
        f"The kettle number {number} boils water.", f"What boils {number}?", f"Kettle {number}."
    )


CHINESE = FewShotExample("水壶可以把水烧开。", "什么可以把水烧开？", "水壶。")


def search(
    answerer: Answerer, pool: int = 5, count: int = 2, trials: int = 6, seed: int = 1, extra=()
) -> tuple[FewShotChoice, StubChat]:
    chat = StubChat(answerer)
    searcher = FewShotSearch(
        chat, PROMPTS, Responder(chat, PROMPTS, "Be kind.", ResponsesSettings())
    )
    examples = [*map(english, range(pool)), *extra]
    return asyncio.run(searcher.search(examples, count, trials, seed)), chat


def verdict(word: str) -> Answerer:
    return lambda request: (
        {"answer": "An answer."}
        if request.reply_format is ANSWER
        else {"verdict": word, "reason": ""}
    )


def shown(request: ChatRequest) -> list[str]:
    """The answers of the few-shot examples in *request*."""
    return [str(example.reply["answer"]) for example in request.examples]


def likes_example_3(request: ChatRequest) -> Answer:
    """Answers are good where example 3 is shown first."""
    if request.reply_format is JUDGEMENT:
        return {"verdict": "yes" if slot(request, "answer") == "good" else "no", "reason": ""}
    first = shown(request)[:1]
    return {"answer": "good" if first == [english(3).answer] else "bad"}


def test_an_example_is_never_shown_while_it_is_answered_itself() -> None:
    _, chat = search(verdict("yes"), pool=4, count=3)
    answers = [request for request in chat.requests if request.reply_format is ANSWER]
    assert len(answers) == 6 * 4
    for request in answers:
        context = slot(request, "context")
        assert all(slot_of(example.user) != context for example in request.examples)


def slot_of(user: str) -> str:
    return user.split("<context>\n")[1].split("\n</context>")[0]


def test_a_spare_example_stands_in_so_that_all_are_answered_with_as_many() -> None:
    _, chat = search(verdict("yes"), pool=5, count=2)
    assert {len(r.examples) for r in chat.requests if r.reply_format is ANSWER} == {2}


def test_the_best_trial_is_chosen() -> None:
    choice, _ = search(likes_example_3, trials=16)
    chosen = [trial for trial in choice.trials if trial.chosen]
    assert len(chosen) == 1
    assert chosen[0].score == max(trial.score for trial in choice.trials) == 4 / 5
    assert choice.by_language["en"] == tuple(english(n) for n in chosen[0].examples)
    assert choice.by_language["en"][0] == english(3)


def test_every_trial_judges_every_example_and_is_logged() -> None:
    choice, chat = search(likes_example_3, pool=5, trials=6)
    assert [trial.number for trial in choice.trials] == list(range(6))
    assert {trial.judged for trial in choice.trials} == {5}
    assert len({trial.examples for trial in choice.trials}) == 6
    assert len(chat.requests) == 2 * 6 * 5


def test_the_judge_sees_passage_question_reference_and_answer_and_draws_no_lots() -> None:
    _, chat = search(verdict("yes"), pool=1, count=1)
    judged = [request for request in chat.requests if request.reply_format is JUDGEMENT]
    assert [slot(judged[0], tag) for tag in ("context", "question", "reference", "answer")] == [
        english(0).context,
        english(0).question,
        english(0).answer,
        "An answer.",
    ]
    assert judged[0].temperature == 0


@pytest.mark.parametrize("word", ["yes", "no"])
def test_a_judge_who_always_says_the_same_leaves_the_first_trial(word: str) -> None:
    choice, _ = search(verdict(word))
    assert [trial.chosen for trial in choice.trials] == [True, *[False] * 5]
    assert len(choice.by_language["en"]) == 2


def test_the_same_seed_gives_the_same_search() -> None:
    assert search(likes_example_3)[0] == search(likes_example_3)[0]
    assert search(likes_example_3, seed=2)[0].trials != search(likes_example_3)[0].trials


def test_an_unusable_answer_is_no_good_answer() -> None:
    choice, _ = search(lambda request: AnswerRejected("refused", ""))
    assert {trial.score for trial in choice.trials} == {0.0}


def test_a_failed_endpoint_stops_the_search() -> None:
    with pytest.raises(AnswerRejected, match="call_failed"):
        search(lambda request: AnswerRejected("call_failed", ""))


@pytest.mark.parametrize(("pool", "count"), [(0, 3), (3, 0)])
def test_nothing_is_asked_where_there_is_nothing_to_choose(pool: int, count: int) -> None:
    choice, chat = search(verdict("yes"), pool=pool, count=count)
    assert choice == FewShotChoice({}, ())
    assert choice.for_language("en") == ()
    assert chat.requests == []


@pytest.mark.parametrize(("pool", "trials"), [(1, 1), (2, 2)])
def test_a_pool_smaller_than_wanted_is_used_whole_in_every_order(pool: int, trials: int) -> None:
    choice, _ = search(verdict("yes"), pool=pool, count=3, trials=16)
    assert len(choice.trials) == trials
    assert set(choice.by_language["en"]) == {english(n) for n in range(pool)}


def test_languages_choose_among_their_own_examples() -> None:
    choice, chat = search(verdict("yes"), extra=[CHINESE])
    assert choice.by_language["zh"] == (CHINESE,)
    assert CHINESE not in choice.by_language["en"]
    languages = defaultdict(set)
    for request in chat.requests:
        languages[request.language].add("水" in request.user)
    assert languages == {"en": {False}, "zh": {True}}
    assert choice.for_language("zh-Hant") == (CHINESE,)
    assert choice.for_language("de") == choice.by_language["en"]


def test_a_language_without_examples_borrows_the_others() -> None:
    choice, _ = search(verdict("yes"))
    assert choice.for_language("zh") == choice.by_language["en"]


def test_the_version_tells_what_was_chosen_and_not_how() -> None:
    shots = {"en": (english(1), english(2))}
    assert FewShotChoice(shots, ()).version == FewShotChoice(dict(shots), ()).version
    swapped = {"en": (english(2), english(1))}
    assert FewShotChoice(shots, ()).version != FewShotChoice(swapped, ()).version
