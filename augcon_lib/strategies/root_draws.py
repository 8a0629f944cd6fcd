"""No tree: queries drawn repeatedly from the whole root context (section 4.4, first ablation).

Each draw is the same prompt with another sample number, until the root context has as many
distinct queries as its trees would need.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from augcon_lib.chat.port import Chat, ChatReply, ChatRequest, ReplyFields
from augcon_lib.concurrency import run_together
from augcon_lib.errors import AnswerRejected
from augcon_lib.pipeline import CST_NODES
from augcon_lib.prompts import PromptLibrary
from augcon_lib.records import Context, Node, Rejection, content_id
from augcon_lib.tree.context_split_tree import (
    REPLY_FORMATS,
    GrownTrees,
    TreeParameters,
    cst_examples,
    cst_request,
)


@dataclass(frozen=True, slots=True)
class Flaw:
    """Why a reply is not used: a reason code, and its text."""

    reason: str
    detail: str


class RootDraws:
    """Draws from root contexts: *request* makes the n-th call, *flaw* judges its reply."""

    def __init__(
        self,
        chat: Chat,
        parameters: TreeParameters,
        request: Callable[[Context, int], ChatRequest],
        flaw: Callable[[ReplyFields], Flaw | None],
    ) -> None:
        self._chat = chat
        self._parameters = parameters
        self._request = request
        self._flaw = flaw

    async def grow(self, context: Context) -> GrownTrees:
        """Draw as many queries as are missing, until none is or draws return no new one.

        At most ``max_rounds`` times, as a tree. Raises ``EndpointError``, ``BudgetExceeded``, and
        ``AnswerRejected`` if the endpoint failed.
        """
        if len(context.text) < self._parameters.min_context_chars:
            return too_short(context)
        wanted = math.ceil(self._parameters.quota(len(context.text)) * self._parameters.oversample)
        nodes: list[Node] = []
        rejections: list[Rejection] = []
        distinct = 0
        for _ in range(self._parameters.max_rounds):
            samples = range(len(nodes), len(nodes) + wanted - distinct)
            drawn = await run_together(self._draw(context, sample) for sample in samples)
            nodes += [node for node, _ in drawn]
            rejections += [rejection for _, rejection in drawn if rejection]
            queries = [node.query for node in nodes if node.query]
            repeats = self._parameters.repeats(queries)
            before, distinct = distinct, repeats.count(None)
            if distinct >= wanted or distinct == before:
                break
        return GrownTrees(tuple(nodes), tuple(rejections))

    async def _draw(self, context: Context, sample: int) -> tuple[Node, Rejection | None]:
        try:
            reply = await self._chat.ask(self._request(context, sample))
        except AnswerRejected as error:
            if error.is_transient:
                raise
            node = root_node(context, sample, stop_reason=f"model_{error.reason}")
            return node, _rejection(node, error.reason, error.detail)
        query = str(reply.fields["question"]).strip()
        flaw = self._flaw(reply.fields)
        if len(query) < self._parameters.min_query_chars:
            flaw = Flaw("query_too_short", query)
        if flaw is not None:
            node = root_node(context, sample, stop_reason=flaw.reason, reply=reply)
            return node, _rejection(node, flaw.reason, flaw.detail)
        answer = str(reply.fields.get("answer", "")).strip()
        node = root_node(
            context, sample, query=query, answer=answer, stop_reason="not_split", reply=reply
        )
        return node, None


def too_short(context: Context) -> GrownTrees:
    """Return the node, without a query, and the rejection for a root context below lambda."""
    node = root_node(context, 0, stop_reason="below_min_context_chars")
    detail = f"{len(context.text)} characters"
    return GrownTrees((node,), (_rejection(node, "context_too_short", detail),))


def direct_draws(
    chat: Chat, prompts: PromptLibrary, parameters: TreeParameters, language: str
) -> RootDraws:
    """The ablation: the prompt of the tree without its parts."""
    reply_format = REPLY_FORMATS["none"]
    prompt = prompts.get(reply_format.name, language)
    examples = cst_examples(prompts, language, reply_format)

    def request(context: Context, sample: int) -> ChatRequest:
        return cst_request(
            prompt,
            examples,
            reply_format,
            text=context.text,
            language=language,
            temperature=parameters.temperature,
            sample=sample,
            stage=CST_NODES,
            document_id=context.document_id,
        )

    return RootDraws(chat, parameters, request, lambda fields: None)


def root_node(
    context: Context,
    draw: int,
    *,
    query: str = "",
    answer: str = "",
    stop_reason: str,
    reply: ChatReply | None = None,
) -> Node:
    """Return the *draw*-th node over the whole of *context*: a tree with only a root."""
    node_id = content_id("node", context.context_id, draw, "0", context.text)
    return Node(
        node_id=node_id,
        document_id=context.document_id,
        context_id=context.context_id,
        parent_id=None,
        round=draw,
        depth=0,
        text=context.text,
        start_char=context.start_char,
        end_char=context.end_char,
        verbatim=True,
        query=query,
        stop_reason=stop_reason,
        split_rouge_l=None,
        path=(node_id,),
        answer=answer,
        journal_key=reply.journal_key if reply else "",
        sample=reply.sample if reply else None,
    )


def _rejection(node: Node, reason: str, detail: str) -> Rejection:
    return Rejection(CST_NODES, node.document_id, node.node_id, reason, detail)
