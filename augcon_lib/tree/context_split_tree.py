"""Step 1, the Context-Split-Tree (paper, section 3.2 and Algorithm 1).

One call per node returns its query and both halves; the halves recurse. ``grow`` repeats whole
trees of one root context, each with its own sample number, until they contain enough distinct
queries (section 3.3: the filter alternates with the tree).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from augcon_lib.chat.port import Chat, ChatExample, ChatReply, ChatRequest
from augcon_lib.chat.reply_formats import CST_BOUNDARY, CST_REWRITE, QUESTION, ReplyFormat
from augcon_lib.concurrency import run_together
from augcon_lib.errors import AnswerRejected
from augcon_lib.pipeline import CST_NODES, StageName
from augcon_lib.prompts import Prompt, PromptLibrary
from augcon_lib.records import Context, Node, Rejection, content_id
from augcon_lib.text.rouge import rouge_l_precision, tokenize
from augcon_lib.text.rouge_filter import PRECISION, first_repeats
from augcon_lib.text.sentences import split_sentences
from augcon_lib.tree.passages import Passage, locate, passage_of

TOO_LONG = "context_length"  # the reason code of a passage that the endpoint rejects as too long
# By ``TreeParameters.split``; the last two are ablations of section 4.4.
REPLY_FORMATS = {
    "rewrite": CST_REWRITE,
    "boundary": CST_BOUNDARY,
    "middle": QUESTION,
    "none": QUESTION,
}

# A model may answer with halves that are nearly the whole; each passes Algorithm 1, and the tree
# would not end. A sound tree queries one or two nodes per lambda characters.
MAX_NODES_PER_LAMBDA = 16


@dataclass(frozen=True, slots=True)
class TreeParameters:
    """The knobs of Algorithm 1, with presets resolved; lengths in characters."""

    split: str
    min_context_chars: int
    min_query_chars: int
    min_split_rouge_l: float
    temperature: float
    max_rounds: int
    chars_per_query: int
    oversample: float
    max_rouge_l: float
    rouge_l: str = PRECISION

    def quota(self, context_chars: int) -> int:
        """Return the quota of a root context of this many characters; at least one."""
        return max(1, round(context_chars / self.chars_per_query))

    def repeats(self, queries: Sequence[str]) -> list[int | None]:
        """Apply the greedy filter to *queries*, as in the selection."""
        return first_repeats(queries, self.max_rouge_l, self.rouge_l)


@dataclass(frozen=True, slots=True)
class GrownTrees:
    """All trees of one root context, round after round, and the rejections."""

    nodes: tuple[Node, ...]
    rejections: tuple[Rejection, ...]


class ContextSplitTree:
    """Grows the trees of root contexts of one language."""

    def __init__(
        self, chat: Chat, prompts: PromptLibrary, parameters: TreeParameters, language: str
    ) -> None:
        self._chat = chat
        self._parameters = parameters
        self._language = language
        self._reply_format = REPLY_FORMATS[parameters.split]
        self._prompt = prompts.get(self._reply_format.name, language)
        self._examples = cst_examples(prompts, language, self._reply_format)

    async def grow(self, context: Context) -> GrownTrees:
        """Repeat CST on *context* until its distinct queries reach the oversampled quota.

        Also stops after ``max_rounds``, or when a further round returns no new query. Raises
        ``EndpointError``, ``BudgetExceeded``, and ``AnswerRejected`` if the endpoint failed (a bad
        answer, in contrast, ends only its own branch).
        """
        wanted = math.ceil(self._parameters.quota(len(context.text)) * self._parameters.oversample)
        nodes: list[Node] = []
        rejections: list[Rejection] = []
        distinct = 0
        for round_number in range(self._parameters.max_rounds):
            tree = await self._grow_one(context, round_number)
            nodes += tree.nodes
            rejections += tree.rejections
            queries = [node.query for node in nodes if node.query]
            repeats = self._parameters.repeats(queries)
            before, distinct = distinct, repeats.count(None)
            if distinct >= wanted or distinct == before:
                break
        return GrownTrees(tuple(nodes), tuple(rejections))

    async def _grow_one(self, context: Context, round_number: int) -> GrownTrees:
        tree = _Tree(context, round_number)
        root = Passage(context.text, context.start_char, context.end_char, verbatim=True)
        allowance = MAX_NODES_PER_LAMBDA * len(root.text) / self._parameters.min_context_chars
        await self._visit(tree, root, None, "0", max(1.0, allowance))
        tree.nodes.sort(key=lambda entry: entry[0])
        return GrownTrees(
            tuple(node for _, node in tree.nodes),
            tuple(rejection for _, rejection in sorted(tree.rejections, key=lambda e: e[0])),
        )

    async def _visit(
        self, tree: "_Tree", passage: Passage, parent: Node | None, place: str, allowance: float
    ) -> None:
        """Run Algorithm 1 on one passage; *place* is its address in the tree ("0", "01", ...).

        *allowance* bounds how many nodes below it may be queried; the halves share it by length.
        """
        if len(passage.text) < self._parameters.min_context_chars:  # line 2
            node = tree.add(passage, parent, place, stop_reason="below_min_context_chars")
            if parent is None:
                tree.reject(node, place, "context_too_short", f"{len(passage.text)} characters")
            return
        if allowance < 1:
            node = tree.add(passage, parent, place, stop_reason="tree_too_large")
            tree.reject(node, place, "tree_too_large", "the parts hardly get shorter; not followed")
            return
        try:
            reply = await self._chat.ask(self._request(tree, passage))  # line 5
        except AnswerRejected as error:
            if error.is_transient:
                raise
            halves = self._middle_halves(passage) if error.reason == TOO_LONG else []
            if halves:
                node = tree.add(passage, parent, place, stop_reason="split_for_length")
                tree.reject(node, place, TOO_LONG, f"split without the model: {error.detail}")
                await self._visit_halves(tree, node, halves, place, allowance)
                return
            node = tree.add(passage, parent, place, stop_reason=f"model_{error.reason}")
            tree.reject(node, place, error.reason, error.detail)
            return
        query = str(reply.fields["question"]).strip()
        if len(query) < self._parameters.min_query_chars:
            node = tree.add(passage, parent, place, stop_reason="query_too_short", reply=reply)
            tree.reject(node, place, "query_too_short", query)
            return
        halves = self._halves(tree.context, passage, reply)
        stop_reason, detail, precision = self._judge_split(passage, halves)
        node = tree.add(  # line 6
            passage,
            parent,
            place,
            query=query,
            stop_reason=stop_reason,
            split_rouge_l=precision,
            reply=reply,
        )
        if stop_reason:  # line 7
            tree.reject(node, place, stop_reason, detail)
            return
        await self._visit_halves(tree, node, halves, place, allowance)  # lines 10 and 11

    async def _visit_halves(
        self,
        tree: "_Tree",
        node: Node,
        halves: Sequence[Passage],
        place: str,
        allowance: float,
    ) -> None:
        await run_together(
            self._visit(
                tree,
                half,
                node,
                f"{place}{number}",
                (allowance - 1) * len(half.text) / sum(len(each.text) for each in halves),
            )
            for number, half in enumerate(halves, start=1)
        )

    def _request(self, tree: "_Tree", passage: Passage) -> ChatRequest:
        return cst_request(
            self._prompt,
            self._examples,
            self._reply_format,
            text=passage.text,
            language=self._language,
            temperature=self._parameters.temperature,
            sample=tree.round,
            stage=CST_NODES,
            document_id=tree.context.document_id,
        )

    def _middle_halves(self, passage: Passage) -> list[Passage]:
        """Cut *passage* at the sentence end nearest its middle; empty if it is one sentence."""
        ends = [end for _, end in split_sentences(passage.text, self._language)[:-1]]
        if not ends:
            return []
        cut = min(ends, key=lambda end: (abs(2 * end - len(passage.text)), end))
        return [passage_of(passage, 0, cut), passage_of(passage, cut, len(passage.text))]

    def _halves(self, context: Context, passage: Passage, reply: ChatReply) -> list[Passage]:
        if self._reply_format is CST_REWRITE:
            first = locate(str(reply.fields["context_1"]).strip(), passage, context)
            second = locate(str(reply.fields["context_2"]).strip(), passage, context, first)
            return [first, second]
        sentences = split_sentences(passage.text, self._language)
        if self._parameters.split == "middle":
            last = last_sentence_of_first_half(sentences, len(passage.text))
        else:
            last = int(reply.fields["last_sentence_of_first_part"])
        if not 1 <= last < len(sentences):
            return []
        cut = sentences[last - 1][1]
        return [passage_of(passage, 0, cut), passage_of(passage, cut, len(passage.text))]

    def _judge_split(
        self, passage: Passage, halves: Sequence[Passage]
    ) -> tuple[str, str, float | None]:
        """Return why the split is not followed (empty: it is), the detail, and its ROUGE-L[P]."""
        if not halves or any(not half.text for half in halves):
            return "split_impossible", "the passage was not split in two parts", None
        if max(len(half.text) for half in halves) >= len(passage.text):
            return "split_not_shorter", "a part is not shorter than its parent", None
        parent = tokenize(passage.text)
        precision = min(rouge_l_precision(tokenize(half.text), parent) for half in halves)
        if precision < self._parameters.min_split_rouge_l:
            return "split_low_rouge_l", f"ROUGE-L precision {precision:.3f}", precision
        return "", "", precision


class _Tree:
    """The growing tree of one round: nodes and rejections with their places, in any order."""

    def __init__(self, context: Context, round_number: int) -> None:
        self.context = context
        self.round = round_number
        self.nodes: list[tuple[str, Node]] = []
        self.rejections: list[tuple[str, Rejection]] = []

    def add(
        self,
        passage: Passage,
        parent: Node | None,
        place: str,
        *,
        query: str = "",
        stop_reason: str = "",
        split_rouge_l: float | None = None,
        reply: ChatReply | None = None,
    ) -> Node:
        node_id = content_id("node", self.context.context_id, self.round, place, passage.text)
        node = Node(
            node_id=node_id,
            document_id=self.context.document_id,
            context_id=self.context.context_id,
            parent_id=parent.node_id if parent else None,
            round=self.round,
            depth=parent.depth + 1 if parent else 0,
            text=passage.text,
            start_char=passage.start_char,
            end_char=passage.end_char,
            verbatim=passage.verbatim,
            query=query,
            stop_reason=stop_reason,
            split_rouge_l=split_rouge_l,
            path=(*parent.path, node_id) if parent else (node_id,),
            journal_key=reply.journal_key if reply else "",
            sample=reply.sample if reply else None,
        )
        self.nodes.append((place, node))
        return node

    def reject(self, node: Node, place: str, reason: str, detail: str) -> None:
        self.rejections.append(
            (place, Rejection(CST_NODES, node.document_id, node.node_id, reason, detail))
        )


def last_sentence_of_first_half(sentences: Sequence[tuple[int, int]], chars: int) -> int:
    """Return the number, from 1, of the sentence in the middle of *chars* characters (4.4).

    The whole sentence goes to the first part, unless nothing would be left for the second one,
    which then gets it.
    """
    before = sum(start <= chars / 2 for start, _ in sentences)
    return min(before, len(sentences) - 1)


def cst_request(
    prompt: Prompt,
    examples: Sequence[ChatExample],
    reply_format: ReplyFormat,
    *,
    text: str,
    language: str,
    temperature: float,
    sample: int = 0,
    stage: StageName,
    document_id: str,
) -> ChatRequest:
    """Build the call of Algorithm 1, line 5, on *text*, which is numbered for a boundary split."""
    if reply_format is CST_BOUNDARY:
        text = numbered_sentences(text, language)
    return ChatRequest(
        instruction=prompt.instruction(),
        user=prompt.user(context=text),
        reply_format=reply_format,
        temperature=temperature,
        language=language,
        examples=tuple(examples),
        sample=sample,
        stage=stage,
        document_id=document_id,
    )


def numbered_sentences(text: str, language: str) -> str:
    """Put the sentences of *text* on separate lines, numbered ``[1]``, ``[2]``, ...

    Blank lines stay, collapsed to one: they show where the subject may change.
    """
    shown = ""
    before = 0
    for number, (start, end) in enumerate(split_sentences(text, language), start=1):
        if number > 1:
            shown += "\n\n" if text.count("\n", before, start) > 1 else "\n"
        shown += f"[{number}] {text[start:end]}"
        before = end
    return shown


def cst_examples(
    prompts: PromptLibrary, language: str, reply_format: ReplyFormat
) -> tuple[ChatExample, ...]:
    """Return E_CST: the few-shot examples of the prompt for *reply_format* as chat turns."""
    prompt = prompts.get(reply_format.name, language)
    return tuple(
        ChatExample(
            user=prompt.user(context=example.context),
            reply={field.name: getattr(example, field.name) for field in reply_format.fields},
        )
        for example in prompts.examples(reply_format.name, language)
    )
