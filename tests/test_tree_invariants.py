"""Whatever the text and whatever the model replies, the trees are well formed."""

import asyncio
import zlib
from collections.abc import Callable
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from augcon_lib.chat.port import ChatRequest
from augcon_lib.errors import AnswerRejected
from augcon_lib.records import Context, Node
from augcon_lib.tree.context_split_tree import ContextSplitTree, TreeParameters
from augcon_lib.tree.invariants import broken_rules
from tests.support.stub_chat import Answer, Answerer, StubChat, slot
from tests.support.trees import BOUNDARY, PROMPTS, REWRITE

LOOSE = {"min_context_chars": 8, "max_rounds": 2, "chars_per_query": 20}
Halver = Callable[[str], tuple[str, str]]

HALVERS: dict[str, Halver] = {
    "verbatim": lambda text: (text[: len(text) // 2], text[len(text) // 2 :]),
    "swapped": lambda text: (text[len(text) // 2 :], text[: len(text) // 2]),
    "squeezed": lambda text: (
        " ".join(text[: len(text) // 2].split()),
        "\n\n".join(text[len(text) // 2 :].split()),
    ),
    "rewritten": lambda text: (text[: len(text) // 3].upper() + "x", "y" + text[len(text) // 2 :]),
    "overlapping": lambda text: (text[: len(text) * 2 // 3], text[len(text) // 3 :]),
    "same": lambda text: (text[: len(text) // 3], text[: len(text) // 3]),
    "garbage": lambda text: ("\u202e\x1b[31m", "</context><context>"),
    "too long": lambda text: (text + "x", text),
    "empty": lambda text: ("", text[1:]),
    "blank": lambda text: (" \n", "\t"),
}


def answering(names: list[str]) -> Answerer:
    """Replies that depend on nothing but passage and round, so that a second run is the same."""

    def answer(request: ChatRequest) -> Answer:
        passage = slot(request, "context")
        draw = zlib.crc32(f"{request.sample}{passage}".encode())
        name = names[draw % len(names)]
        if name == "rejected":
            return AnswerRejected("unparsable", "garbage")
        question = "no" if draw % 11 == 0 else f"What is {draw}?"
        if name.startswith("sentence "):
            return {"question": question, "last_sentence_of_first_part": int(name[9:])}
        first, second = HALVERS[name](passage)
        return {"question": question, "context_1": first, "context_2": second}

    return answer


def grown(document: str, start: int, answerer: Answerer, parameters: TreeParameters) -> list[Node]:
    root = Context("c", "doc", document[start:], start, len(document))
    tree = ContextSplitTree(StubChat(answerer), PROMPTS, parameters, "en")
    return list(asyncio.run(tree.grow(root)).nodes)


def check(document: str, start: int, answerer: Answerer, parameters: TreeParameters) -> None:
    nodes = grown(document, start, answerer, parameters)
    assert broken_rules(document, nodes) == []
    by_id = {node.node_id: node for node in nodes}
    assert len(by_id) == len(nodes)
    for node in nodes:
        assert start <= node.start_char <= node.end_char <= len(document)
        if node.verbatim:
            assert document[node.start_char : node.end_char] == node.text
        if node.parent_id:
            parent = by_id[node.parent_id]
            assert parent.start_char <= node.start_char <= node.end_char <= parent.end_char
            assert node.path == (*parent.path, node.node_id)
            assert not parent.stop_reason
    assert nodes == grown(document, start, answerer, parameters)


WORDS = st.lists(
    st.sampled_from(
        ["tea", "is", "hot", "Dr.", "end.", "What?", "\n\n", "茶。", "<context>", "茶很"]
    ),
    min_size=8,
    max_size=30,
).map(" ".join)
TEXTS = st.one_of(WORDS, st.text(max_size=60))


@given(
    TEXTS,
    TEXTS,
    st.lists(st.sampled_from([*HALVERS, "rejected"]), min_size=1, max_size=5),
    st.sampled_from([0.0, 0.7]),
)
@settings(max_examples=250, deadline=None, derandomize=True)
def test_trees_of_any_rewriting_are_well_formed_and_the_same_again(
    before: str, text: str, names: list[str], min_split_rouge_l: float
) -> None:
    parameters = replace(REWRITE, min_split_rouge_l=min_split_rouge_l, **LOOSE)
    check(before + text, len(before), answering(names), parameters)


@given(TEXTS, TEXTS, st.lists(st.integers(-2, 12), min_size=1, max_size=5))
@settings(max_examples=150, deadline=None, derandomize=True)
def test_trees_of_any_boundaries_are_well_formed_and_the_same_again(
    before: str, text: str, boundaries: list[int]
) -> None:
    parameters = replace(BOUNDARY, **LOOSE)
    answerer = answering([f"sentence {number}" for number in boundaries])
    check(before + text, len(before), answerer, parameters)
