"""Answer a query from its node, from the node's parent, and from each of its halves."""

from dataclasses import dataclass

from augcon_lab.studies.answer_spans import Span, SpanUse, span_use
from augcon_lab.studies.inputs import StudyInputs, drawn
from augcon_lab.studies.runs import Asked, Selection, ask_all
from augcon_lib.answers.few_shot_search import first_examples
from augcon_lib.answers.responses import answer_request, lexical_fault
from augcon_lib.benchmark.answers import token_f1
from augcon_lib.chat.port import ChatReply
from augcon_lib.evaluation.granularity import grain

# Answers with this F1 of their tokens or more count as the same.
SAME_F1 = 0.8


@dataclass(frozen=True, slots=True)
class Place:
    """A selected query and the texts that it is answered from.

    ``span`` is the node's place in ``root``, the root context; ``None`` if the model rewrote the
    node's text. ``parent`` is empty for a root, ``halves`` for a node that was not split.
    """

    node_id: str
    document_id: str
    context_id: str
    language: str
    query: str
    text: str
    root: str
    span: Span | None
    parent: str
    halves: tuple[str, ...]

    @property
    def grain(self) -> str:
        """The grain (detail, concept or macro), by the share of the root context."""
        return grain(len(self.text), len(self.root))

    @property
    def texts(self) -> tuple[str, ...]:
        """The node's text, then its parent's and those of its halves, if it has them."""
        return (self.text, *filter(None, [self.parent]), *self.halves)


@dataclass(frozen=True, slots=True)
class Row:
    """A query with its answers from the node, its parent and its halves.

    ``None`` is an answer that could not become a row: a refusal, or one with foreign names.
    """

    place: Place
    own: str
    parent: str | None
    halves: tuple[str | None, ...]

    @property
    def use(self) -> SpanUse | None:
        """What the answer needs of the root context, by its words."""
        if self.place.span is None:
            return None
        return span_use(self.own, self.place.root, self.place.span, self.place.language)

    @property
    def needs_no_more(self) -> float | None:
        """1 if the parent gives the same answer, 0 if another; ``None`` for a root."""
        return float(self._same(self.parent)) if self.place.parent else None

    @property
    def needs_no_less(self) -> float | None:
        """1 if each half gives another answer, else 0; ``None`` if the node was not split."""
        if not self.place.halves:
            return None
        return float(not any(self._same(half) for half in self.halves))

    def _same(self, answer: str | None) -> bool:
        return answer is not None and token_f1(answer, [self.own]) >= SAME_F1


def places(selection: Selection) -> list[Place]:
    """Return every selected query with its node's surroundings."""
    found = []
    for document_id, queries in sorted(selection.queries.items()):
        nodes = {node.node_id: node for node in selection.trees.nodes[document_id]}
        halves: dict[str, list[str]] = {}
        for node in nodes.values():
            if node.parent_id:
                halves.setdefault(node.parent_id, []).append(node.text)
        for query in queries:
            node = nodes[query.node_id]
            root = nodes[node.path[0]]
            begin = root.start_char
            found.append(
                Place(
                    node_id=node.node_id,
                    document_id=document_id,
                    context_id=node.context_id,
                    language=query.language,
                    query=query.query,
                    text=node.text,
                    root=root.text,
                    span=(node.start_char - begin, node.end_char - begin)
                    if node.verbatim
                    else None,
                    parent=nodes[node.parent_id].text if node.parent_id else "",
                    halves=tuple(halves.get(node.node_id, ())),
                )
            )
    return found


def ask_again(
    inputs: StudyInputs, selection: Selection, stage: str, most: int
) -> tuple[list[Row | None], Asked]:
    """Answer a sample of at most *most* selected queries from all their texts.

    Uses the workspace's principles and its first examples. ``None`` is a query without a usable
    answer from its own node. Raises as ``ask_all`` does.
    """
    run = selection.trees.trial.run
    every = {place.node_id: place for place in places(selection)}
    chosen = [every[node_id] for node_id in drawn(list(every), most, inputs.seed)]
    examples = first_examples(run.examples, run.settings.responses.few_shot_count)
    requests = [
        answer_request(
            run.prompts,
            run.principles,
            run.settings.responses,
            context=text,
            query=place.query,
            few_shot=examples.for_language(place.language),
            language=place.language,
            stage=stage,
            document_id=place.document_id,
        )
        for place in chosen
        for text in place.texts
    ]
    asked = ask_all(inputs, selection.trees, requests, stage)
    replies = iter(asked.replies)

    def usable(place: Place, text: str, reply: ChatReply | None) -> str | None:
        answer = str(reply.fields["answer"]).strip() if reply else ""
        settings = run.settings.responses
        if not answer or lexical_fault(answer, text, place.query, place.language, settings):
            return None
        return answer

    rows: list[Row | None] = []
    for place in chosen:
        own, *others = [usable(place, text, next(replies)) for text in place.texts]
        parent = others.pop(0) if place.parent else None
        rows.append(Row(place, own, parent, tuple(others)) if own else None)
    return rows, asked
