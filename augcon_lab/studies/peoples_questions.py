"""Compare people's questions with a tree's and a worse prompt's, on the same contexts.

A person's question is compared twice: on the root context, and on the smallest node that carries
its answer, because people mostly ask for a detail.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from augcon_lab.studies.inputs import StudyInputs
from augcon_lab.studies.runs import Asked, Trees, ask_all
from augcon_lib.benchmark.answers import carried_share
from augcon_lib.benchmark.generation import passage_of
from augcon_lib.benchmark.gold import GoldQuestion
from augcon_lib.queries.contrastive_pairs import (
    NEGATIVE_KINDS,
    NegativeKind,
    Positive,
    worsened_request,
)
from augcon_lib.queries.linear_scorer import Scorer
from augcon_lib.queries.pair_measures import PairMeasures, measure_pairs
from augcon_lib.records import Node

ROOT, SMALLEST = "root context", "smallest node with the answer"
VIEWS = (ROOT, SMALLEST)


@dataclass(frozen=True, slots=True)
class Trio:
    """Three questions on one context: a person's, the tree's, and one by a worse prompt."""

    view: str
    document_id: str
    context: str
    person: str
    tree: str
    worsened: str

    @property
    def questions(self) -> tuple[str, str, str]:
        """All three questions."""
        return (self.person, self.tree, self.worsened)


@dataclass(frozen=True, slots=True)
class Scored:
    """A trio with the scores s(C, q) of its questions."""

    trio: Trio
    person: float
    tree: float
    worsened: float


def halves_of(document_ids: Sequence[str], seed: int) -> tuple[set[str], set[str]]:
    """Split the documents at random, with a seed, into halves to train on and to compare on."""
    ordered = sorted(set(document_ids))
    random.Random(seed).shuffle(ordered)
    middle = (len(ordered) + 1) // 2
    return set(ordered[:middle]), set(ordered[middle:])


def viewed(question: GoldQuestion, nodes: Sequence[Node]) -> dict[str, Node]:
    """Return the nodes on which *question* is compared, by view; none if no node has its answer.

    *nodes* are those of the first trees of its passage.
    """
    asked = [node for node in nodes if node.round == 0 and node.query]
    holding = [node for node in asked if carried_share(node.text, question.answers) >= 1]
    roots = [node for node in holding if node.parent_id is None]
    # An answer that is not a quote still belongs to the passage, if the passage is one context.
    roots = roots or [
        n for n in asked if n.parent_id is None and n.text == question.passage.strip()
    ]
    found = {ROOT: roots[0]} if roots else {}
    if holding:
        found[SMALLEST] = min(holding, key=lambda node: (len(node.text), node.node_id))
    return found


def make_trios(
    inputs: StudyInputs,
    trees: Trees,
    gold: Sequence[GoldQuestion],
    document_ids: set[str],
    stage: str,
) -> tuple[list[Trio], Asked]:
    """Return the trios of the *gold* questions about *document_ids*; generate the worse ones.

    The kinds of worse prompts alternate. Raises as ``ask_all`` does.
    """
    by_passage = {passage_of(each): each for each in document_ids & trees.nodes.keys()}
    positives: list[tuple[str, NegativeKind, Positive, str]] = []
    asked_here = [each for each in gold if each.passage_id in by_passage]
    for number, question in enumerate(asked_here):
        document_id = by_passage[question.passage_id]
        kind = NEGATIVE_KINDS[number % len(NEGATIVE_KINDS)]
        for view, node in viewed(question, trees.nodes[document_id]).items():
            language = trees.documents[document_id].language
            positive = Positive(node.node_id, document_id, language, node.text, node.query)
            positives.append((view, kind, positive, question.question))
    run = trees.trial.run
    tree = run.settings.tree
    requests = [
        worsened_request(run.prompts, kind, positive, tree.parts, tree.temperature)
        for _, kind, positive, _ in positives
    ]
    asked = ask_all(inputs, trees, requests, stage)
    trios = [
        Trio(view, positive.document_id, positive.context, person, positive.query, worse)
        for (view, _, positive, person), reply in zip(positives, asked.replies, strict=True)
        if reply and (worse := str(reply.fields["question"]).strip())
    ]
    return trios, asked


def scored(scorer: Scorer, trios: Sequence[Trio]) -> list[Scored]:
    """Return *trios* with the scores of *scorer*."""
    contexts = [trio.context for trio in trios]
    by_origin = [
        scorer.score(contexts, [trio.questions[place] for trio in trios]) for place in range(3)
    ]
    return [Scored(*each) for each in zip(trios, *by_origin, strict=True)]


def comparisons(trios: Sequence[Scored]) -> Mapping[str, PairMeasures]:
    """Return how often the first of two origins has the higher score, and the AUC."""
    documents = [each.trio.document_id for each in trios]
    person = [each.person for each in trios]
    tree = [each.tree for each in trios]
    worsened = [each.worsened for each in trios]
    return {
        "tree over worsened": measure_pairs(documents, tree, worsened),
        "person over worsened": measure_pairs(documents, person, worsened),
        "person over tree": measure_pairs(documents, person, tree),
    }
