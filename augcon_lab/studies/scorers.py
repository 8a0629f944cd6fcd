"""Study 3: the trained scorer against heuristics, the model's own ratings, and no ranking."""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module

import numpy as np

from augcon_lab.studies.inputs import Corpus, StudyInputs
from augcon_lab.studies.page import Cell, Picture, Section, StudyPage, Table, what_was_run
from augcon_lab.studies.rankers import (
    QueryLength,
    Ratings,
    Relevance,
    Tie,
    as_rating,
    rating_request,
)
from augcon_lab.studies.runs import (
    Trees,
    ask_all,
    embedder_for,
    make_pairs,
    make_trees,
    make_trial,
    pair_settings,
)
from augcon_lab.studies.spent import Spent
from augcon_lab.studies.statements import standings, with_interval
from augcon_lib.benchmark.generation import generated
from augcon_lib.benchmark.measures import (
    Measured,
    Scores,
    confidence_interval,
    measure,
)
from augcon_lib.evaluation.plots import bars
from augcon_lib.evaluation.resampling import mean_interval
from augcon_lib.queries.contrastive_pairs import ContrastivePair
from augcon_lib.queries.linear_scorer import RandomChoice, Scorer, pair_wins, split_by_document
from augcon_lib.stages.query_scorer import train

NAME = "scorers"
QUESTION = (
    "The trees hold more queries than the quota wants, and a scorer decides which stay (section "
    "3.3). It has to be trained on pairs that cost model calls. Would a rule of thumb do, or the "
    "model's own rating of each query, or no ranking at all?"
)
TRAINED, LENGTH, RELEVANCE = "trained scorer", "query length", "TF-IDF relevance"
RATED, AS_MADE, RANDOM = "rating by the model", "as made", "random"
MEASURES = {"coverage": "Coverage", "closed_book_f1": "Closed-book F1"}
Key = tuple[str, str]


@dataclass
class Ranked:
    """The result of one ranker on a corpus.

    ``wins`` are those on held-out pairs. ``model_calls`` counts the calls of the ranking alone.
    ``seconds`` is the time of training and scoring ``queries`` queries, without the calls.
    """

    wins: Scores
    model_calls: int
    seconds: float
    queries: int
    kept: int
    measured: Measured | None = None


@dataclass
class OnCorpus:
    """The results on one corpus by ranker; ``documents`` are those of the held-out pairs."""

    corpus: Corpus
    documents: Sequence[str]
    ranked: dict[str, Ranked] = field(default_factory=dict)


def run(inputs: StudyInputs) -> StudyPage:
    """Rank the queries of the same trees with every ranker, and measure the selected ones."""
    spent = Spent()
    results = [_on_corpus(inputs, corpus, spent) for corpus in inputs.opened]
    settings = inputs.workspace.settings
    return StudyPage(
        name=NAME,
        title="The trained scorer against other ways to choose queries",
        question=QUESTION,
        what_was_run=what_was_run(
            inputs,
            {
                **pair_settings(settings),
                "selection.oversample": settings.selection.oversample,
            },
            spent,
        ),
        findings=findings(results),
        sections=[_pictures(results), *(_section(result) for result in results)],
    )


def _on_corpus(inputs: StudyInputs, corpus: Corpus, spent: Spent) -> OnCorpus:
    trees = make_trees(inputs, corpus, f"{NAME}-trees", {})
    pairs, negatives = make_pairs(trees)
    spent.add(trees.trial)
    spent.count(negatives)
    held_out = split_by_document(pairs, inputs.seed)[1]
    queries = _queries(trees)
    asked = negatives.needed_calls
    prepared = _prepared(inputs, trees, pairs, held_out, queries, asked, spent)
    result = OnCorpus(corpus, [pair.document_id for pair in held_out])
    for name, (scorer, calls, seconds) in prepared.items():
        started = time.perf_counter()
        scorer.score([context for context, _ in queries], [query for _, query in queries])
        seconds += time.perf_counter() - started
        trial = make_trial(
            inputs,
            corpus,
            f"{NAME}-{len(result.ranked)}",
            {"scorer": {"kind": "none"}},
            scorer=scorer,
        )
        rows = generated(trial)
        spent.add(rows)
        result.ranked[name] = Ranked(
            pair_wins(scorer, held_out),
            calls,
            seconds,
            len(queries),
            len(rows.rows),
            measure(corpus.gold, rows.rows) if corpus.gold else None,
        )
    return result


def _queries(trees: Trees) -> dict[Key, str]:
    """Return every (context, query) of *trees*, with its language."""
    return {
        (node.text, node.query): trees.documents[document_id].language
        for document_id, nodes in trees.nodes.items()
        for node in nodes
        if node.query
    }


def _prepared(
    inputs: StudyInputs,
    trees: Trees,
    pairs: Sequence[ContrastivePair],
    held_out: Sequence[ContrastivePair],
    queries: Mapping[Key, str],
    negatives: int,
    spent: Spent,
) -> dict[str, tuple[Scorer, int, float]]:
    """Return each ranker by name, with its model calls and the seconds of its preparation."""
    tested = {
        (pair.context, query): pair.language
        for pair in held_out
        for query in (pair.positive_query, pair.negative_query)
    }
    texts = {
        *(text for pair in pairs for text in (pair.context, pair.positive_query)),
        *(pair.negative_query for pair in pairs),
        *(text for key in queries for text in key),
    }
    embedder = embedder_for(trees, sorted(texts), spent)
    import_module("sklearn.linear_model")  # takes a second that should not count as training
    started = time.perf_counter()
    trained = train(trees.trial.run, pairs, inputs.seed, embedder)[0]
    training = time.perf_counter() - started
    started = time.perf_counter()
    relevance = Relevance([context for context, _ in queries] or [""])
    fitting = time.perf_counter() - started
    rated, calls = _rated(inputs, trees, queries, spent)
    known = rated | _rated(inputs, trees, tested, spent)[0]
    return {
        TRAINED: (trained, negatives, training),
        LENGTH: (QueryLength(), 0, 0.0),
        RELEVANCE: (relevance, 0, fitting),
        RATED: (Ratings(known), calls, 0.0),
        AS_MADE: (Tie(), 0, 0.0),
        RANDOM: (RandomChoice(), 0, 0.0),
    }


def _rated(
    inputs: StudyInputs, trees: Trees, queries: Mapping[Key, str], spent: Spent
) -> tuple[dict[Key, float], int]:
    """Return the model's ratings of *queries*, and the number of calls."""
    prompts = trees.trial.run.prompts
    requests = [
        rating_request(prompts, context, query, language)
        for (context, query), language in queries.items()
    ]
    asked = ask_all(inputs, trees, requests, "ratings")
    spent.add(asked)
    ratings = {
        key: as_rating(reply.fields["rating"])
        for key, reply in zip(queries, asked.replies, strict=True)
        if reply
    }
    return ratings, asked.model_calls


def findings(results: Sequence[OnCorpus]) -> list[str]:
    """Compare each ranker with the trained scorer, over all corpora; then state their cost."""
    names = list(results[0].ranked)
    documents = [f"{r.corpus.name}/{each}" for r in results for each in r.documents]
    wins = {name: np.concatenate([r.ranked[name].wins for r in results]) for name in names}
    said = []
    if documents:
        own = with_interval(float(wins[TRAINED].mean()), mean_interval(documents, wins[TRAINED]))
        said.append(f"The {TRAINED} has a pair accuracy of {own}.")
        title = f"Pair accuracy on {len(documents):,} held-out pairs"
        said.append(standings(f"the {TRAINED}", title, _apart(wins, documents)))
    measured = [result for result in results if result.corpus.gold]
    places = [f"{r.corpus.name}/{gold.passage_id}" for r in measured for gold in r.corpus.gold]
    for key, title in MEASURES.items() if measured else ():
        scores = {name: np.concatenate(_scores(measured, name, key)) for name in names}
        words = f"{title} of what is selected, over {len(places):,} questions"
        said.append(standings(f"the {TRAINED}", words, _apart(scores, places)))
    queries = sum(result.ranked[TRAINED].queries for result in results)
    kept = sum(result.ranked[TRAINED].kept for result in results)
    if kept:
        said.append(
            f"The trees hold {queries / kept:.1f} queries for each row that is kept, so there is "
            "that much to choose from, repeated ones included."
        )
    calls = {n: sum(result.ranked[n].model_calls for result in results) for n in (TRAINED, RATED)}
    said.append(
        f"For these {queries:,} queries the {TRAINED} needs {calls[TRAINED]:,} calls, for its "
        f"negatives, and none for further queries; {RATED} needs {calls[RATED]:,}, one for each "
        "query and for every further one."
    )
    return said


def _scores(measured: Sequence[OnCorpus], name: str, key: str) -> list[Scores]:
    return [m.scores[key] for result in measured if (m := result.ranked[name].measured)]


def _apart(
    scores: Mapping[str, Scores], groups: Sequence[str]
) -> dict[str, tuple[float, tuple[float, float]]]:
    """Return the mean difference to the trained scorer, and its interval, by name."""
    differences = {name: each - scores[TRAINED] for name, each in scores.items() if name != TRAINED}
    return {
        name: (float(each.mean()), mean_interval(groups, each))
        for name, each in differences.items()
    }


def _pictures(results: Sequence[OnCorpus]) -> Section:
    names = list(results[0].ranked)
    documents = [f"{r.corpus.name}/{each}" for r in results for each in r.documents]
    wins = [np.concatenate([r.ranked[name].wins for r in results]) for name in names]
    pictures = [
        Picture(
            bars(
                "Pair accuracy on held-out pairs",
                names,
                [float(each.mean()) if len(each) else math.nan for each in wins],
                [mean_interval(documents, each) for each in wins],
                "share of pairs",
            ),
            "Share of pairs with s(C, q⁺) > s(C, q⁻), ties half, on documents that the scorer was "
            "not trained on; 95 % intervals by bootstrap over documents, all corpora together.",
            f"Bars of pair accuracy for {', '.join(names)}",
        )
    ]
    measured = [result for result in results if result.corpus.gold]
    if measured:
        places = [f"{r.corpus.name}/{gold.passage_id}" for r in measured for gold in r.corpus.gold]
        scores = [np.concatenate(_scores(measured, name, "coverage")) for name in names]
        pictures.append(
            Picture(
                bars(
                    "Coverage of what is selected, at equal quota",
                    names,
                    [float(each.mean()) for each in scores],
                    [mean_interval(places, each) for each in scores],
                    "share of gold answers",
                ),
                "Gold answers that a row of the same passage carries, with a matching question; "
                "95 % intervals by bootstrap over passages, all corpora together.",
                f"Bars of coverage for {', '.join(names)}",
            )
        )
    return Section(
        "All corpora",
        [
            f"All rank the queries of the same trees, with the same quota. `{LENGTH}`: more tokens "
            f"first; `{RELEVANCE}`: cosine of query and context; `{RATED}`: a prompt of its own "
            "(`query_rating.md`) asks for a number from 1 to 10; `as made`: bigger parts first. "
            "The offline provider rates by the share of a query's words that stand in its context.",
            *pictures,
        ],
    )


def _section(result: OnCorpus) -> Section:
    corpus = result.corpus
    rows: list[list[Cell]] = []
    for name, ranked in result.ranked.items():
        accuracy = float(ranked.wins.mean()) if len(ranked.wins) else math.nan
        cells: list[Cell] = [with_interval(accuracy, mean_interval(result.documents, ranked.wins))]
        if measured := ranked.measured:
            cells += [
                with_interval(
                    float(measured.scores[key].mean()),
                    confidence_interval(corpus.gold, measured.scores[key]),
                )
                for key in MEASURES
            ]
        per_thousand = 1000 * ranked.seconds / ranked.queries if ranked.queries else math.nan
        rows.append([name, *cells, ranked.kept, ranked.model_calls, per_thousand])
    shown = [name.lower() for name in MEASURES.values()] if corpus.gold else []
    last = ["rows", "calls to rank", "seconds for 1,000 queries"]
    return Section(
        corpus.name,
        [
            f"{len(result.documents):,} held-out pairs of {len(set(result.documents))} documents; "
            "seconds are without those of calls, training and scoring.",
            Table(["ranked by", "pair accuracy", *shown, *last], rows),
        ],
    )
