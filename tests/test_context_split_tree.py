import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from augcon_lib.chat.port import ChatRequest
from augcon_lib.errors import AnswerRejected, EndpointError
from augcon_lib.records import Context
from augcon_lib.tree.context_split_tree import (
    ContextSplitTree,
    GrownTrees,
    TreeParameters,
    numbered_sentences,
)
from augcon_lib.tree.invariants import broken_rules
from tests.support.stub_chat import Answer, Answerer, StubChat, halves, slot
from tests.support.trees import BOUNDARY, PROMPTS, REWRITE, TEXT, context


def grow(answerer: Answerer, parameters: TreeParameters = REWRITE, text: str = TEXT) -> GrownTrees:
    tree = ContextSplitTree(StubChat(answerer), PROMPTS, parameters, "en")
    return asyncio.run(tree.grow(context(text)))


def question_about(request: ChatRequest) -> str:
    return f"What is meant by {' '.join(slot(request, 'context').split()[:3])} there?"


def good_split(request: ChatRequest) -> Answer:
    first, second = halves(slot(request, "context"))
    return {"question": question_about(request), "context_1": first, "context_2": second}


def split_into(first: str, second: str) -> Answerer:
    return lambda request: {
        "question": "What is it all for?",
        "context_1": first,
        "context_2": second,
    }


def cut_at(boundary: int) -> Callable[[ChatRequest], Answer]:
    return lambda request: {
        "question": "What is it all for?",
        "last_sentence_of_first_part": boundary,
    }


def test_halves_of_good_splits_recurse_until_they_are_below_lambda() -> None:
    grown = grow(good_split)
    assert [(node.depth, node.text, node.stop_reason) for node in grown.nodes] == [
        (0, TEXT, ""),
        (1, "Alpha boils water quickly. Beta freezes milk slowly.", ""),
        (2, "Alpha boils water quickly.", "below_min_context_chars"),
        (2, "Beta freezes milk slowly.", "below_min_context_chars"),
        (1, "Gamma roasts corn. Delta bakes bread.", ""),
        (2, "Gamma roasts corn.", "below_min_context_chars"),
        (2, "Delta bakes bread.", "below_min_context_chars"),
    ]
    assert [bool(node.query) for node in grown.nodes] == [
        True,
        True,
        False,
        False,
        True,
        False,
        False,
    ]
    assert grown.rejections == ()


def test_a_node_knows_its_parent_and_its_path() -> None:
    root, first, leaf, *_ = grow(good_split).nodes
    assert (root.parent_id, first.parent_id, leaf.parent_id) == (
        None,
        root.node_id,
        first.node_id,
    )
    assert leaf.path == (root.node_id, first.node_id, leaf.node_id)


def test_a_context_below_lambda_is_not_asked_about() -> None:
    chat = StubChat(good_split)
    tree = ContextSplitTree(chat, PROMPTS, REWRITE, "en")
    grown = asyncio.run(tree.grow(context("Too short.")))
    assert [node.stop_reason for node in grown.nodes] == ["below_min_context_chars"]
    assert chat.requests == []


def test_a_context_as_long_as_lambda_is_asked_about() -> None:
    text = "Exactly thirty characters now."
    assert len(text) == REWRITE.min_context_chars
    assert grow(good_split, text=text).nodes[0].query


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        (TEXT, "Delta bakes bread.", "split_not_shorter"),
        ("Delta bakes bread.", TEXT + " And more.", "split_not_shorter"),
        ("Delta bakes bread.", "Nobody ever said such a thing.", "split_low_rouge_l"),
        ("", "Delta bakes bread.", "split_impossible"),
    ],
)
def test_a_hallucinated_split_ends_the_branch_and_keeps_its_query(
    first: str, second: str, reason: str
) -> None:
    grown = grow(split_into(first, second))
    assert [(node.query, node.stop_reason) for node in grown.nodes] == [
        ("What is it all for?", reason)
    ]
    assert [(r.subject_id, r.reason) for r in grown.rejections] == [
        (grown.nodes[0].node_id, reason)
    ]


def test_the_lower_rouge_l_precision_of_both_halves_is_kept() -> None:
    grown = grow(split_into("Alpha boils water quickly.", "Delta bakes cold unheard bread."))
    assert grown.nodes[0].split_rouge_l == pytest.approx(3 / 5)
    assert "0.600" in grown.rejections[0].detail


@pytest.mark.parametrize("boundary", [-1, 0, 4, 5, 999])
def test_a_boundary_that_leaves_a_part_empty_ends_the_branch(boundary: int) -> None:
    grown = grow(cut_at(boundary), BOUNDARY)
    assert [node.stop_reason for node in grown.nodes] == ["split_impossible"]


def test_a_boundary_gives_verbatim_halves() -> None:
    grown = grow(cut_at(1), replace(BOUNDARY, min_context_chars=70))
    assert [(node.text, node.verbatim) for node in grown.nodes] == [
        (TEXT, True),
        ("Alpha boils water quickly.", True),
        ("Beta freezes milk slowly. Gamma roasts corn. Delta bakes bread.", True),
    ]


def test_sentences_are_shown_numbered_for_a_boundary() -> None:
    chat = StubChat(cut_at(0))
    asyncio.run(ContextSplitTree(chat, PROMPTS, BOUNDARY, "en").grow(context()))
    assert slot(chat.requests[0], "context").splitlines()[1] == "[2] Beta freezes milk slowly."


def test_numbered_sentences_keep_one_blank_line_where_there_are_some() -> None:
    text = "# Tea\n\nBoil water. Add tea.\n\n\nServe it."
    assert numbered_sentences(text, "en") == (
        "[1] # Tea\n\n[2] Boil water.\n[3] Add tea.\n\n[4] Serve it."
    )


def test_a_query_that_is_too_short_ends_the_branch_with_a_rejection() -> None:
    grown = grow(lambda request: {"question": " Eh? ", "context_1": "Alpha", "context_2": "Beta"})
    assert [(node.query, node.stop_reason) for node in grown.nodes] == [("", "query_too_short")]
    assert [rejection.reason for rejection in grown.rejections] == ["query_too_short"]


def test_an_unparsable_reply_ends_only_its_own_branch() -> None:
    def answer(request: ChatRequest) -> Answer:
        if slot(request, "context").startswith("Gamma"):
            return AnswerRejected("unparsable", "no JSON")
        return good_split(request)

    grown = grow(answer)
    assert len(grown.nodes) == 5
    lost = [node for node in grown.nodes if node.stop_reason == "model_unparsable"]
    assert [(node.text[:5], node.query) for node in lost] == [("Gamma", "")]
    assert [(r.subject_id, r.reason, r.detail) for r in grown.rejections] == [
        (lost[0].node_id, "unparsable", "no JSON")
    ]


@pytest.mark.parametrize(
    "error", [AnswerRejected("call_failed", "timeout"), EndpointError("no such host")]
)
def test_a_failed_endpoint_is_no_answer_and_propagates(error: Exception) -> None:
    def answer(request: ChatRequest) -> Answer:
        return error if slot(request, "context").startswith("Gamma") else good_split(request)

    with pytest.raises(type(error), match=str(error)):
        grow(answer)


def test_spans_are_the_documents_and_not_the_contexts() -> None:
    text = "# Heading\n\n" + TEXT
    start = len(text) - len(TEXT)
    tree = ContextSplitTree(StubChat(good_split), PROMPTS, REWRITE, "en")
    grown = asyncio.run(tree.grow(Context("c", "doc.md", TEXT, start, len(text))))
    assert broken_rules(text, grown.nodes) == []
    assert text[grown.nodes[-1].start_char : grown.nodes[-1].end_char] == "Delta bakes bread."


def test_halves_as_good_as_the_whole_do_not_grow_a_tree_without_end() -> None:
    def shave(request: ChatRequest) -> Answer:
        text = slot(request, "context")
        return {
            "question": question_about(request),
            "context_1": text[:-1].strip(),
            "context_2": text[1:].strip(),
        }

    text = "word " * 60
    grown = grow(shave, replace(REWRITE, max_rounds=1), text.strip())
    asked = [node for node in grown.nodes if node.query]
    assert len(asked) <= 16 * len(text) / REWRITE.min_context_chars
    assert "tree_too_large" in {node.stop_reason for node in grown.nodes}
    assert "tree_too_large" in {rejection.reason for rejection in grown.rejections}
    assert broken_rules(text.strip(), grown.nodes) == []


def test_a_context_too_short_to_ask_about_is_named() -> None:
    grown = grow(good_split, text="Too short.")
    assert [node.stop_reason for node in grown.nodes] == ["below_min_context_chars"]
    assert [rejection.reason for rejection in grown.rejections] == ["context_too_short"]


def too_long_over(characters: int) -> Answerer:
    def answer(request: ChatRequest) -> Answer:
        if len(slot(request, "context")) > characters:
            return AnswerRejected("context_length", "maximum context length is 10 tokens")
        return good_split(request)

    return answer


def test_a_passage_too_long_for_the_model_is_split_without_it_and_its_halves_go_on() -> None:
    grown = grow(too_long_over(60))
    root = grown.nodes[0]
    assert (root.stop_reason, root.query) == ("split_for_length", "")
    whole = grow(good_split)
    assert [node.text for node in grown.nodes] == [node.text for node in whole.nodes]
    assert [node.query for node in grown.nodes[1:]] == [node.query for node in whole.nodes[1:]]
    assert broken_rules(TEXT, list(grown.nodes)) == []
    assert ("context_length", root.node_id) in [(r.reason, r.subject_id) for r in grown.rejections]


def test_one_sentence_too_long_for_the_model_is_a_leaf() -> None:
    grown = grow(too_long_over(0), text="Alpha boils water quickly and never stops boiling water.")
    assert [node.stop_reason for node in grown.nodes] == ["model_context_length"]
