import asyncio
from dataclasses import replace

import pytest

from augcon_lib.errors import AnswerRejected, EndpointError
from augcon_lib.strategies.root_draws import direct_draws
from augcon_lib.tree.context_split_tree import GrownTrees
from augcon_lib.tree.invariants import broken_rules
from tests.support.stub_chat import Answerer, StubChat, slot
from tests.support.trees import PROMPTS, REWRITE, TEXT, context

# TEXT is worth four queries.
PARAMETERS = replace(REWRITE, split="none", chars_per_query=len(TEXT) // 4, max_rounds=3)
WORDS = ["alpha one", "beta two", "gamma three", "delta four", "epsilon five", "zeta six"]


def grow(answerer: Answerer, **changes: object) -> tuple[GrownTrees, StubChat]:
    chat = StubChat(answerer)
    parameters = replace(PARAMETERS, **changes)  # type: ignore[arg-type]
    return asyncio.run(direct_draws(chat, PROMPTS, parameters, "en").grow(context())), chat


def test_the_quota_is_drawn_at_once_from_the_whole_root_context_with_distinct_samples() -> None:
    grown, chat = grow(lambda request: {"question": WORDS[request.sample]})
    assert [request.sample for request in chat.requests] == [0, 1, 2, 3]
    assert chat.most_at_once == 4
    assert {slot(request, "context") for request in chat.requests} == {TEXT}
    assert [(n.text, n.round, n.query) for n in grown.nodes] == [
        (TEXT, number, WORDS[number]) for number in range(4)
    ]
    assert broken_rules(TEXT, grown.nodes) == []


def test_only_what_is_missing_is_drawn_again() -> None:
    texts = ["alpha one", "alpha one", "beta two", "beta two", "gamma three", "delta four"]
    _, chat = grow(lambda request: {"question": texts[request.sample]})
    assert len(chat.requests) == 6


def test_draws_that_bring_nothing_new_are_the_last() -> None:
    _, chat = grow(lambda request: {"question": "always the same"})
    assert len(chat.requests) == 4 + 3


def test_no_more_than_max_rounds_are_drawn() -> None:
    _, chat = grow(lambda request: {"question": WORDS[request.sample // 3]}, max_rounds=2)
    assert len(chat.requests) == 4 + 2


def test_a_bad_answer_costs_its_own_draw_alone() -> None:
    def answer(request: object) -> object:
        sample = request.sample  # type: ignore[attr-defined]
        return AnswerRejected("refused", "no") if sample == 1 else {"question": WORDS[sample]}

    grown, _ = grow(answer)  # type: ignore[arg-type]
    assert [node.query for node in grown.nodes if node.query] == [WORDS[n] for n in (0, 2, 3, 4)]
    assert [(r.reason, r.detail) for r in grown.rejections] == [("refused", "no")]


@pytest.mark.parametrize("error", [EndpointError("gone"), AnswerRejected("call_failed", "500")])
def test_an_endpoint_that_fails_stops_the_draws(error: Exception) -> None:
    with pytest.raises(type(error)):
        grow(lambda request: error)


def test_a_context_below_lambda_is_not_asked_about() -> None:
    grown, chat = grow(lambda request: {"question": "never"}, min_context_chars=1000)
    assert chat.requests == []
    assert [r.reason for r in grown.rejections] == ["context_too_short"]
