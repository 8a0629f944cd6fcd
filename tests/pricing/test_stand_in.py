import asyncio

import pytest

from augcon_lib.pricing.past_splits import PastSplits
from augcon_lib.pricing.stand_in import DistinctShares, StandIn
from augcon_lib.records import Node
from augcon_lib.tree.context_split_tree import ContextSplitTree
from tests.support.trees import BOUNDARY, PROMPTS, REWRITE, TEXT, context

ALL_DISTINCT = DistinctShares(first=1.0, further=1.0)


def grow(chat: StandIn, text: str = TEXT, split: str = "rewrite") -> tuple[Node, ...]:
    parameters = REWRITE if split == "rewrite" else BOUNDARY
    tree = ContextSplitTree(chat, PROMPTS, parameters, "en")
    return asyncio.run(tree.grow(context(text))).nodes


@pytest.mark.parametrize("split", ["rewrite", "boundary"])
def test_a_tree_that_nobody_has_grown_is_split_in_the_middle(split: str) -> None:
    chat = StandIn("model", shares=ALL_DISTINCT)
    nodes = grow(chat, split=split)
    halves = [node.text for node in nodes if node.depth == 1]
    assert halves == [TEXT[: TEXT.index(" Gamma")], TEXT[TEXT.index("Gamma") :]]
    tally = chat.take_tally()
    assert tally.calls == sum(bool(node.query) for node in nodes)
    assert tally.guessed == tally.calls - 1
    assert chat.take_tally().calls == 0


@pytest.mark.parametrize("split", ["rewrite", "boundary"])
def test_a_tree_is_split_where_it_was_before(split: str) -> None:
    cut = TEXT.index(" Beta")
    old = [_node("r", TEXT), _node("a", TEXT[:cut], "r"), _node("b", TEXT[cut + 1 :], "r")]
    edited = TEXT.replace("corn", "wheat")
    chat = StandIn("model", shares=ALL_DISTINCT)
    chat.begin_context(PastSplits(old))
    halves = [node.text for node in grow(chat, edited, split) if node.depth == 1]
    assert halves == [edited[:cut], edited[cut + 1 :]]
    doubting = StandIn("model", shares=ALL_DISTINCT, trusts_past=False)
    doubting.begin_context(PastSplits(old))
    halves = [node.text for node in grow(doubting, edited, split) if node.depth == 1]
    assert halves[1].startswith("Gamma")


def test_the_same_question_is_counted_once() -> None:
    chat = StandIn("model", shares=ALL_DISTINCT)
    first = grow(chat)
    asked = chat.take_tally().calls
    assert grow(chat) == first
    again = chat.take_tally()
    assert (again.calls, again.replayed) == (0, asked)


def test_queries_repeat_as_often_as_in_the_past() -> None:
    queries = [n.query for n in grow(StandIn("model", shares=DistinctShares(first=0.5))) if n.query]
    different = [n.query for n in grow(StandIn("model", shares=ALL_DISTINCT)) if n.query]
    assert len(set(different)) == len(different)
    assert len(set(queries)) < len(queries)


def _node(node_id: str, text: str, parent_id: str | None = None) -> Node:
    return Node(
        node_id=node_id,
        document_id="doc.md",
        context_id="c",
        parent_id=parent_id,
        round=0,
        depth=0 if parent_id is None else 1,
        text=text,
        start_char=0,
        end_char=len(text),
        verbatim=True,
        query="What?",
        stop_reason="",
        split_rouge_l=None,
        path=(node_id,),
    )
