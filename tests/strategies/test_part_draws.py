import asyncio

from augcon_lib.chat.port import ChatReply, ChatRequest
from augcon_lib.prompts import PromptLibrary
from augcon_lib.records import Context
from augcon_lib.strategies.part_draws import Asked, PartDraws, parts_tree
from augcon_lib.tree.context_split_tree import GrownTrees, TreeParameters
from augcon_lib.tree.invariants import broken_rules

TEXT = "The mill ran at night. Two men kept the sluice. Flour went to Bristol by boat."
CONTEXT = Context("c", "d.md", TEXT, 0, len(TEXT))
SPANS = [(0, 47), (23, 60), (48, len(TEXT))]
PARAMETERS = TreeParameters("none", 20, 5, 0.7, 0.85, 3, 30, 1.0, 0.7)


class Chat:
    """Asks about the first word of a part; about its last one in a further draw."""

    def __init__(self, *silent: str) -> None:
        self.requests: list[ChatRequest] = []
        self.silent = silent

    async def ask(self, request: ChatRequest) -> ChatReply:
        self.requests.append(request)
        passage = request.user.partition("<context>")[2].partition("</context>")[0].split()
        word = passage[-1 if request.sample else 0]
        return ChatReply({"question": "?" if word in self.silent else f"{word} {word}?"}, False)


def grow(chat: Chat, spans: list[tuple[int, int]], context: Context = CONTEXT) -> GrownTrees:
    draws = PartDraws(chat, PromptLibrary(), PARAMETERS, "en", lambda text, language: spans)
    return asyncio.run(draws.grow(context))


def test_every_part_is_asked_about_with_its_own_text_and_the_trees_are_well_formed() -> None:
    chat = Chat()
    trees = grow(chat, SPANS)
    asked = [node for node in trees.nodes if node.query]
    assert [TEXT[node.start_char : node.end_char] for node in asked] == [
        TEXT[s:e] for s, e in SPANS
    ]
    assert [node.query for node in asked] == ["The The?", "Two Two?", "Flour Flour?"]
    assert {request.reply_format.name for request in chat.requests} == {"question"}
    assert broken_rules(TEXT, trees.nodes) == []
    assert not trees.rejections


def test_parts_are_asked_about_again_until_the_quota_is_met_or_nothing_is_new() -> None:
    trees = grow(Chat(), [(0, 47), (48, len(TEXT))])
    assert [node.query for node in trees.nodes if node.query] == [
        "The The?",
        "Flour Flour?",
        "sluice. sluice.?",
        "boat. boat.?",
    ]
    assert {node.round for node in trees.nodes} == {0, 1}
    assert broken_rules(TEXT, trees.nodes) == []


def test_a_part_without_a_usable_query_is_a_rejection() -> None:
    trees = grow(Chat("Two"), SPANS)
    assert [(each.reason, each.detail) for each in trees.rejections][:1] == [
        ("query_too_short", "?")
    ]


def test_one_part_is_the_root_and_a_context_below_lambda_is_left_out() -> None:
    (root, *_) = parts_tree(CONTEXT, 0, [(0, len(TEXT))], [Asked("Why?", "not_split")]).nodes
    assert (root.parent_id, root.query, root.text) == (None, "Why?", TEXT)
    chat = Chat()
    trees = grow(chat, [], Context("c", "d.md", "Too short.", 0, 10))
    assert [each.reason for each in trees.rejections] == ["context_too_short"]
    assert not chat.requests
