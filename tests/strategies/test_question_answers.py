import asyncio
from dataclasses import replace

from augcon_lib.records import FewShotExample
from augcon_lib.strategies.question_answers import question_answer_draws
from augcon_lib.tree.context_split_tree import GrownTrees
from tests.support.stub_chat import Answerer, StubChat
from tests.support.trees import PROMPTS, REWRITE, TEXT, context

PARAMETERS = replace(REWRITE, split="none", chars_per_query=len(TEXT) // 2, max_rounds=1)
SHOTS = [FewShotExample("Ice is cold.", "How is ice?", "Cold.")]
PAIR = {"question": "What boils water?", "answer": " Alpha. "}


def grow(answerer: Answerer, name: str) -> tuple[GrownTrees, StubChat]:
    chat = StubChat(answerer)
    draws = question_answer_draws(chat, PROMPTS, PARAMETERS, "en", name, SHOTS)
    return asyncio.run(draws.grow(context())), chat


def test_the_answer_comes_along_with_its_query() -> None:
    grown, _ = grow(lambda request: PAIR, "question_answer")
    assert [(node.query, node.answer) for node in grown.nodes] == [
        ("What boils water?", "Alpha."),
        ("What boils water?", "Alpha."),
    ]


def test_examples_are_shown_as_the_replies_that_are_asked_for() -> None:
    _, chat = grow(lambda request: PAIR, "question_answer")
    shown = chat.requests[0].examples[0].reply
    assert shown == {"question": "How is ice?", "answer": "Cold."}
    _, chat = grow(lambda request: {**PAIR, "confidence": "high"}, "question_answer_confidence")
    assert chat.requests[0].examples[0].reply == {**shown, "confidence": "high"}


def test_what_the_model_is_not_sure_of_is_left_out_and_named() -> None:
    sure = ["high", "medium"]
    grown, _ = grow(
        lambda request: {**PAIR, "confidence": sure[request.sample]}, "question_answer_confidence"
    )
    assert [node.query for node in grown.nodes] == ["What boils water?", ""]
    assert [(r.reason, r.detail) for r in grown.rejections] == [
        ("low_confidence", "medium: What boils water?")
    ]
