import asyncio
from dataclasses import replace

import pytest

from augcon_lib.tree.context_split_tree import ContextSplitTree, last_sentence_of_first_half
from tests.support.stub_chat import StubChat, slot
from tests.support.trees import PROMPTS, REWRITE, TEXT, context

MIDDLE = replace(REWRITE, split="middle", min_context_chars=40)


def test_the_model_is_asked_for_a_question_alone_and_the_middle_sentence_ends_the_first_part() -> (
    None
):
    chat = StubChat(lambda request: {"question": f"What about {slot(request, 'context')[:20]}?"})
    tree = ContextSplitTree(chat, PROMPTS, MIDDLE, "en")
    grown = asyncio.run(tree.grow(context()))
    assert {request.reply_format.name for request in chat.requests} == {"question"}
    root, *parts = sorted(grown.nodes, key=lambda node: node.depth)[:3]
    assert root.text == TEXT
    # The middle of TEXT lies in its second sentence.
    assert [part.text for part in parts] == [
        "Alpha boils water quickly. Beta freezes milk slowly.",
        "Gamma roasts corn. Delta bakes bread.",
    ]
    assert all(node.verbatim for node in grown.nodes)
    assert len(chat.requests) == sum(bool(node.query) for node in grown.nodes) > 1


@pytest.mark.parametrize(
    ("sentences", "chars", "last"),
    [
        ([(0, 10), (10, 20), (20, 30)], 30, 2),  # the middle is in the second
        ([(0, 20), (20, 30)], 30, 1),
        ([(0, 5), (5, 30)], 30, 1),  # it is in the last one, which the second part keeps
        ([(0, 30)], 30, 0),  # one sentence cannot be split
    ],
)
def test_the_middle_sentence_goes_whole_to_the_first_part(
    sentences: list[tuple[int, int]], chars: int, last: int
) -> None:
    assert last_sentence_of_first_half(sentences, chars) == last
