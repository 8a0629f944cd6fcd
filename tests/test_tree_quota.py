"""The quota loop of the Context-Split-Tree: section 3.3 alternates the filter with the tree."""

import asyncio
from dataclasses import replace

import pytest

from augcon_lib.chat.port import ChatRequest
from augcon_lib.tree.context_split_tree import ContextSplitTree, GrownTrees
from tests.support.stub_chat import Answer, Answerer, StubChat
from tests.support.trees import PROMPTS, REWRITE, TEXT, context

# A tree is its root alone; TEXT is worth two queries, and 1.15 times as many are three.
QUOTA = replace(
    REWRITE, min_context_chars=80, chars_per_query=len(TEXT) // 2, oversample=1.15, max_rounds=6
)


def grow(answerer: Answerer) -> tuple[GrownTrees, StubChat]:
    chat = StubChat(answerer)
    tree = ContextSplitTree(chat, PROMPTS, QUOTA, "en")
    return asyncio.run(tree.grow(context())), chat


def asking(question: str) -> Answer:
    return {"question": question, "context_1": "no", "context_2": "such part"}


def test_trees_are_drawn_until_the_oversampled_quota_holds() -> None:
    words = ["alpha one", "beta two", "gamma three", "delta four"]
    grown, chat = grow(lambda request: asking(words[request.sample]))
    assert QUOTA.quota(len(TEXT)) == 2
    assert [request.sample for request in chat.requests] == [0, 1, 2]
    assert [(node.round, node.query) for node in grown.nodes] == list(enumerate(words[:3]))


def test_rounds_ask_the_same_but_for_the_sample_number() -> None:
    _, chat = grow(lambda request: asking(f"query{request.sample} word{request.sample}"))
    assert len(chat.requests) == 3
    first, *others = (replace(request, sample=0) for request in chat.requests)
    assert all(request == first for request in others)


def test_a_round_without_a_new_query_is_the_last() -> None:
    grown, chat = grow(lambda request: asking("always the same question"))
    assert len(chat.requests) == 2
    assert len({node.node_id for node in grown.nodes}) == 2


def test_rephrasings_do_not_count_as_new() -> None:
    texts = ["how long to boil noodles", "how long to boil noodles well", "unasked for"]
    _, chat = grow(lambda request: asking(texts[request.sample]))
    assert [request.sample for request in chat.requests] == [0, 1]


def test_a_round_without_any_usable_query_is_the_last() -> None:
    _, chat = grow(lambda request: asking("?"))
    assert len(chat.requests) == 1


@pytest.mark.parametrize("max_rounds", [1, 4])
def test_no_more_than_max_rounds_are_drawn(max_rounds: int) -> None:
    parameters = replace(QUOTA, chars_per_query=1, max_rounds=max_rounds)
    chat = StubChat(lambda request: asking(f"query{request.sample} word{request.sample}"))
    tree = ContextSplitTree(chat, PROMPTS, parameters, "en")
    asyncio.run(tree.grow(context()))
    assert [request.sample for request in chat.requests] == list(range(max_rounds))


@pytest.mark.parametrize(("chars", "quota"), [(1, 1), (150, 1), (230, 2), (1600, 11)])
def test_a_context_is_worth_a_query_per_so_many_characters_and_one_at_least(
    chars: int, quota: int
) -> None:
    assert replace(REWRITE, chars_per_query=150).quota(chars) == quota


def test_one_branch_waits_for_no_other() -> None:
    """Both halves of a node are asked about at once."""

    def answer(request: ChatRequest) -> Answer:
        middle = TEXT.index("Gamma")
        return {
            "question": f"What about {len(request.user)} things?",
            "context_1": TEXT[:middle].strip(),
            "context_2": TEXT[middle:].strip(),
        }

    parameters = replace(REWRITE, min_context_chars=30)
    chat = StubChat(answer)
    tree = ContextSplitTree(chat, PROMPTS, parameters, "en")
    asyncio.run(tree.grow(context()))
    assert chat.most_at_once == 2
