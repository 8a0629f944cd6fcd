"""Queries on the parts that another splitter makes of a root context, for comparison.

The splitter returns all parts at once, and they may overlap. Each is queried with the prompt of
the tree without its halves; draws are repeated until the parts have as many distinct queries as a
root context's trees would need. Between root and parts are nodes without a query, two below each,
so that lineage and rules are those of any tree.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from augcon_lib.chat.port import Chat, ChatReply
from augcon_lib.concurrency import run_together
from augcon_lib.errors import AnswerRejected
from augcon_lib.pipeline import CST_NODES
from augcon_lib.prompts import PromptLibrary
from augcon_lib.records import Context, Node, Rejection, content_id
from augcon_lib.strategies.root_draws import too_short
from augcon_lib.tree.context_split_tree import (
    REPLY_FORMATS,
    GrownTrees,
    TreeParameters,
    cst_examples,
    cst_request,
)

Span = tuple[int, int]
Splitter = Callable[[str, str], Sequence[Span]]
"""Text and language to the spans of its parts, in order: starts and ends rise, and all is held."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The result for a part: its query, or what was wrong; the model's reply."""

    query: str
    stop_reason: str
    problem: str = ""
    reply: ChatReply | None = None


class PartDraws:
    """Queries the parts of root contexts in one language."""

    def __init__(
        self,
        chat: Chat,
        prompts: PromptLibrary,
        parameters: TreeParameters,
        language: str,
        split: Splitter,
    ) -> None:
        self._chat = chat
        self._parameters = parameters
        self._language = language
        self._split = split
        self._reply_format = REPLY_FORMATS["none"]
        self._prompt = prompts.get(self._reply_format.name, language)
        self._examples = cst_examples(prompts, language, self._reply_format)

    async def grow(self, context: Context) -> GrownTrees:
        """Query every part until there are enough queries, or a round returns no new one.

        At most ``max_rounds`` times. Raises ``EndpointError``, ``BudgetExceeded``, and
        ``AnswerRejected`` if the endpoint failed.
        """
        if len(context.text) < self._parameters.min_context_chars:
            return too_short(context)
        spans = list(self._split(context.text, self._language))
        wanted = math.ceil(self._parameters.quota(len(context.text)) * self._parameters.oversample)
        nodes: list[Node] = []
        rejections: list[Rejection] = []
        distinct = 0
        for draw in range(self._parameters.max_rounds):
            asked = await run_together(self._ask(context, span, draw) for span in spans)
            tree = parts_tree(context, draw, spans, asked)
            nodes += tree.nodes
            rejections += tree.rejections
            queries = [node.query for node in nodes if node.query]
            before, distinct = distinct, self._parameters.repeats(queries).count(None)
            if distinct >= wanted or distinct == before:
                break
        return GrownTrees(tuple(nodes), tuple(rejections))

    async def _ask(self, context: Context, span: Span, draw: int) -> Asked:
        request = cst_request(
            self._prompt,
            self._examples,
            self._reply_format,
            text=context.text[span[0] : span[1]],
            language=self._language,
            temperature=self._parameters.temperature,
            sample=draw,
            stage=CST_NODES,
            document_id=context.document_id,
        )
        try:
            reply = await self._chat.ask(request)
        except AnswerRejected as error:
            if error.is_transient:
                raise
            return Asked("", f"model_{error.reason}", error.detail)
        query = str(reply.fields["question"]).strip()
        if len(query) < self._parameters.min_query_chars:
            return Asked("", "query_too_short", query, reply)
        return Asked(query, "not_split", reply=reply)


def parts_tree(
    context: Context, draw: int, spans: Sequence[Span], asked: Sequence[Asked]
) -> GrownTrees:
    """Build a balanced tree whose leaves are the parts, each with its query or what was wrong."""
    nodes: list[Node] = []
    rejections: list[Rejection] = []

    def node(first: int, last: int, parent: Node | None, place: str) -> None:
        start, end = spans[first][0], spans[last - 1][1]
        text, is_part = context.text[start:end], last - first == 1
        part = asked[first] if is_part else Asked("", "")
        node_id = content_id("node", context.context_id, draw, place, text)
        made = Node(
            node_id=node_id,
            document_id=context.document_id,
            context_id=context.context_id,
            parent_id=parent.node_id if parent else None,
            round=draw,
            depth=parent.depth + 1 if parent else 0,
            text=text,
            start_char=context.start_char + start,
            end_char=context.start_char + end,
            verbatim=True,
            query=part.query,
            stop_reason=part.stop_reason,
            split_rouge_l=None,
            path=(*parent.path, node_id) if parent else (node_id,),
            journal_key=part.reply.journal_key if part.reply else "",
            sample=part.reply.sample if part.reply else None,
        )
        nodes.append(made)
        if is_part and not part.query:
            rejections.append(
                Rejection(CST_NODES, context.document_id, node_id, part.stop_reason, part.problem)
            )
        if not is_part:
            middle = (first + last) // 2
            node(first, middle, made, f"{place}1")
            node(middle, last, made, f"{place}2")

    node(0, len(spans), None, "0")
    return GrownTrees(tuple(nodes), tuple(rejections))
