import math
from dataclasses import replace

import pytest

from augcon_lib.queries.contrastive_pairs import ContrastivePair, Positive, sample_positives
from augcon_lib.queries.features import FEATURE_NAMES, features
from augcon_lib.queries.linear_scorer import (
    INVERSE_REGULARISATION,
    LinearScorer,
    split_by_document,
    train_scorer,
)

CONTEXT = "The kettle on line {n} boils water in {n} minutes and is made of steel number {n}."


def pairs(documents: int, per_document: int = 6) -> list[ContrastivePair]:
    made = []
    for d in range(documents):
        for i in range(per_document):
            n = 10 * d + i
            made.append(
                ContrastivePair(
                    document_id=f"doc{d}",
                    node_id=f"node{n:04}",
                    language="en",
                    kind=("weak_instruction", "fewer_examples", "both")[i % 3],
                    context=CONTEXT.format(n=n),
                    positive_query=f"How long does the kettle on line {n} take to boil water?",
                    negative_query="What is this passage about",
                )
            )
    return made


def test_scorer_tells_good_from_bad_on_documents_it_has_not_seen() -> None:
    scorer, report = train_scorer(pairs(10), seed=1)
    assert report.held_out.documents == 2
    assert report.train_pairs + report.held_out.pairs == 60
    assert report.held_out.pair_accuracy == report.held_out.auc == 1.0
    unseen = CONTEXT.format(n=999)
    good, bad = scorer.score(
        [unseen, unseen], ["How long does the kettle on line 999 take?", "What is this about"]
    )
    assert good > bad


def test_the_weights_minimise_the_papers_loss() -> None:
    """-log σ(s(C, q⁺) - s(C, q⁻)), summed, with an L2 term on the weights of scaled features."""
    mixed = [
        replace(p, positive_query=p.negative_query, negative_query=p.positive_query)
        if place % 5 == 0
        else p
        for place, p in enumerate(pairs(10))
    ]
    scorer, _ = train_scorer(mixed, seed=1)
    learnt_from, _ = split_by_document(mixed, seed=1)

    def loss(weights: tuple[float, ...]) -> float:
        changed = replace(scorer, weights=weights)
        contexts = [pair.context for pair in learnt_from]
        better = changed.score(contexts, [pair.positive_query for pair in learnt_from])
        worse = changed.score(contexts, [pair.negative_query for pair in learnt_from])
        likely = sum(math.log1p(math.exp(w - b)) for b, w in zip(better, worse, strict=True))
        return INVERSE_REGULARISATION * likely + sum(w * w for w in weights) / 2

    least = loss(scorer.weights)
    assert 0.1 < least / len(learnt_from) < math.log(2)
    for place in range(len(scorer.weights)):
        for step in (-0.05, 0.05):
            moved = list(scorer.weights)
            moved[place] += step
            assert loss(tuple(moved)) > least


def test_indistinguishable_pairs_give_chance_not_a_claim() -> None:
    same = [
        ContrastivePair(p.document_id, p.node_id, "en", p.kind, p.context, "q?", "q?")
        for p in pairs(10)
    ]
    _, report = train_scorer(same, seed=1)
    assert report.held_out.pair_accuracy == report.held_out.auc == 0.5


def test_too_few_pairs_give_an_untrained_scorer_that_ties_all() -> None:
    scorer, report = train_scorer(pairs(1, 3), seed=1)
    assert scorer.score(["c", "c"], ["a?", "b?"]) == [0.0, 0.0]
    assert report.held_out.pairs == 0
    assert math.isnan(report.held_out.pair_accuracy)


def test_training_does_not_depend_on_the_order_of_pairs() -> None:
    there, _ = train_scorer(pairs(5), seed=1)
    back, _ = train_scorer(list(reversed(pairs(5))), seed=1)
    assert there == back


def test_scorer_survives_storage() -> None:
    scorer, _ = train_scorer(pairs(5), seed=1)
    assert LinearScorer.from_json(scorer.to_json()) == scorer
    assert LinearScorer.from_json(scorer.to_json()).version == scorer.version


@pytest.mark.parametrize("query", ["", "?", "什么？", "a" * 5000])
def test_features_are_finite_for_odd_queries(query: str) -> None:
    matrix = features(["", "一段话。"], [query, query])
    assert matrix.shape == (2, len(FEATURE_NAMES))
    assert all(math.isfinite(value) for value in matrix.flatten())


def test_positives_are_drawn_without_replacement_a_third_each_at_most() -> None:
    positives = [Positive(f"n{i}", f"d{i % 4}", "en", "c", "q") for i in range(10)]
    sampled = sample_positives(positives, 500, seed=3)
    drawn = [p.node_id for chosen in sampled.values() for p in chosen]
    assert [len(chosen) for chosen in sampled.values()] == [3, 3, 3]
    assert len(set(drawn)) == 9
    assert sampled == sample_positives(list(reversed(positives)), 500, seed=3)
