import math

import pytest

from augcon_lab.studies.human_judgement import feature_shares, reviewed
from augcon_lab.studies.peoples_questions import (
    ROOT,
    SMALLEST,
    Trio,
    comparisons,
    halves_of,
    scored,
    viewed,
)
from augcon_lab.studies.reviews import Verdict
from augcon_lib.benchmark.gold import GoldQuestion
from augcon_lib.queries.features import FEATURE_NAMES
from augcon_lib.queries.linear_scorer import LinearScorer
from augcon_lib.records import Node

MILL = "The mill ran at night. A sack weighed 280 pounds."


class ByLength:
    """Longer is better."""

    def score(self, contexts: list[str], queries: list[str]) -> list[float]:
        return [float(len(query)) for query in queries]


def node(
    node_id: str, text: str, parent: str | None = None, *, query: str = "?", round_: int = 0
) -> Node:
    return Node(
        node_id=node_id,
        document_id="d",
        context_id="c",
        parent_id=parent,
        round=round_,
        depth=0 if parent is None else 1,
        text=text,
        start_char=0,
        end_char=len(text),
        verbatim=True,
        query=query,
        stop_reason="",
        split_rouge_l=None,
        path=("r",) if parent is None else ("r", node_id),
    )


def gold(answer: str, passage: str = MILL) -> GoldQuestion:
    return GoldQuestion("q", "p", passage, "How heavy was a sack?", (answer,))


TREE = [
    node("r", MILL),
    node("a", "The mill ran at night.", "r"),
    node("b", "A sack weighed 280 pounds.", "r"),
    node("unasked", "280 pounds.", "r", query=""),
    node("second", "280 pounds", round_=1),
]


def test_a_question_is_compared_on_the_root_and_on_the_smallest_node_with_its_answer() -> None:
    found = viewed(gold("280 pounds"), TREE)
    assert {view: each.node_id for view, each in found.items()} == {ROOT: "r", SMALLEST: "b"}


def test_an_answer_that_nobody_can_quote_leaves_the_whole_passage() -> None:
    found = viewed(gold("three hundred and twenty"), TREE)
    assert {view: each.node_id for view, each in found.items()} == {ROOT: "r"}


def test_without_one_context_for_the_passage_such_a_question_is_left_out() -> None:
    assert viewed(gold("three hundred", f"{MILL} More."), TREE) == {}


def test_pair_accuracy_counts_who_scores_higher_on_the_same_context() -> None:
    trios = [
        Trio(ROOT, "d1", "c", person="four", tree="three", worsened="two"),
        Trio(ROOT, "d2", "c", person="one", tree="three", worsened="two"),
        Trio(ROOT, "d3", "c", person="three", tree="three", worsened="fifteen"),
        Trio(ROOT, "d4", "c", person="six", tree="eleven", worsened="x"),
    ]
    found = comparisons(scored(ByLength(), trios))
    assert found["person over worsened"].pair_accuracy == (1 + 0.5 + 0 + 1) / 4
    assert found["person over tree"].pair_accuracy == (0 + 0 + 0.5 + 0) / 4
    assert found["tree over worsened"].pair_accuracy == (1 + 1 + 0 + 1) / 4
    assert found["person over tree"].documents == 4


def test_no_document_is_trained_on_and_compared() -> None:
    learn, compare = halves_of(["a", "b", "c", "d", "e"], seed=1)
    assert (len(learn), len(compare)) == (3, 2)
    assert learn | compare == {"a", "b", "c", "d", "e"}
    assert halves_of(["e", "d", "c", "b", "a"], seed=1) == (learn, compare)


def test_a_review_is_held_against_the_scores() -> None:
    verdicts = [
        Verdict("c1", "long question", True),
        Verdict("c1", "short", False),
        Verdict("c2", "longish", True),
        Verdict("c2", "longer one", False),
    ]
    found = reviewed(ByLength(), verdicts)
    assert found.auc == 0.75  # of four pairs, "longish" loses to "longer one"
    assert not math.isnan(found.auc_ci95[0])


def test_the_shares_of_the_features_make_the_difference_of_the_scores() -> None:
    count = len(FEATURE_NAMES)
    weights = tuple(0.1 * (place + 1) for place in range(count))
    scorer = LinearScorer(weights, (0.5,) * count, (2.0,) * count)
    trios = scored(
        scorer,
        [
            Trio(ROOT, "d", MILL, "How heavy was a sack?", "What is said of the mill?", "Mill?"),
            Trio(ROOT, "d", MILL, "When did it run?", "How did the mill run at night?", "Sack?"),
        ],
    )
    shares = dict(feature_shares(scorer, trios))
    apart = sum(each.person - each.tree for each in trios) / len(trios)
    assert sum(shares.values()) == pytest.approx(apart)
    assert apart != 0
