from collections.abc import Sequence

from augcon_lab.studies.scorer_generalisation import findings, transfer
from augcon_lib.queries.contrastive_pairs import ContrastivePair
from augcon_lib.queries.linear_scorer import (
    ScorerReport,
    pair_wins,
    scorer_report,
    split_by_document,
)


class ByLength:
    """Likes long queries, or short ones."""

    def __init__(self, sign: int) -> None:
        self.sign = sign

    def score(self, contexts: Sequence[str], queries: Sequence[str]) -> list[float]:
        return [self.sign * float(len(query)) for query in queries]


def pairs(good: str, bad: str) -> list[ContrastivePair]:
    return [
        ContrastivePair(f"d{n}", f"n{n}", "en", "both", "context", good, bad) for n in range(10)
    ]


LONG, SHORT = pairs("a long one?", "short?"), pairs("short?", "a long one?")


def test_a_pair_is_won_lost_or_drawn() -> None:
    drawn = pairs("same?", "like?")
    assert list(pair_wins(ByLength(1), [LONG[0], SHORT[0], drawn[0]])) == [1.0, 0.0, 0.5]


def train(found: Sequence[ContrastivePair], seed: int) -> tuple[ByLength, ScorerReport]:
    """Learns whether the good queries are longer; held out is what the product holds out."""
    scorer = ByLength(1 if len(found[0].positive_query) > len(found[0].negative_query) else -1)
    return scorer, scorer_report(scorer, 8, split_by_document(found, seed)[1])


def test_a_scorer_is_tested_on_its_own_held_out_documents_and_on_all_others() -> None:
    found = transfer(train, {"long": LONG, "short": SHORT}, "long", [1, 2, 3])
    assert found.reports["long"].held_out.pairs == len(found.held_out) == 2
    assert found.reports["long"].held_out.pair_accuracy == 1.0
    assert found.reports["short"].held_out.pairs == 10
    assert found.reports["short"].held_out.pair_accuracy == 0.0
    assert found.splits == [1.0, 1.0, 1.0]


def test_findings_name_what_does_not_carry_over() -> None:
    every = {"long": LONG, "short": SHORT}
    said = findings([transfer(train, every, name, [1]) for name in every])
    assert said[0].startswith("The lowest of 4 pair accuracies is 0.000")
    assert said[1] == "Not surely better than a coin: long on short, short on long."
    assert "On long, its own scorer is above the mean of 1 trained elsewhere" in said[2]
    assert "difference +1.000" in said[2]


def test_a_corpus_of_one_document_holds_nothing_out() -> None:
    said = findings([transfer(train, {"one": LONG[:1]}, "one", [1])])
    assert said == ["one: too few documents to hold any out; no figure."]
