"""Study 8: does the scorer agree with people?

The study uses two kinds of human judgement. It compares questions that people wrote (a benchmark's
gold questions) with the tree's question and a worse prompt's question on the same context: a good
scorer ranks a person's question above the worse one. And if a review file is given, it compares the
scores of its queries with its verdicts.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from augcon_lab.studies.inputs import StudyInputs
from augcon_lab.studies.page import Cell, Picture, Section, StudyPage, Table, what_was_run
from augcon_lab.studies.peoples_questions import (
    VIEWS,
    Scored,
    comparisons,
    halves_of,
    make_trios,
    scored,
)
from augcon_lab.studies.rank_agreement import Agreement, agreement
from augcon_lab.studies.reviews import Verdict, is_review, read_review
from augcon_lab.studies.runs import Trees, embedder_for, make_pairs, make_trees
from augcon_lab.studies.spent import Spent
from augcon_lab.studies.statements import with_interval
from augcon_lib.evaluation.plots import bars
from augcon_lib.pipeline import QUERY_SCORER
from augcon_lib.queries.contrastive_pairs import ContrastivePair
from augcon_lib.queries.features import FEATURE_NAMES, features
from augcon_lib.queries.linear_scorer import LinearScorer, Scorer
from augcon_lib.queries.pair_measures import PairMeasures
from augcon_lib.stages.query_scorer import train
from augcon_lib.stages.scorer_embeddings import ready_to_score
from augcon_lib.stages.stage_run import StageReport

NAME = "human_judgement"
EXAMPLES = 3
FEATURES_SHOWN = 3


@dataclass(frozen=True)
class Trained:
    """A corpus's scorer, the number of its training pairs, and the trios of other documents."""

    scorer: Scorer
    train_pairs: int
    trios: Sequence[Scored]

    def of(self, view: str) -> list[Scored]:
        """Return the trios of one view."""
        return [each for each in self.trios if each.trio.view == view]


def run(inputs: StudyInputs) -> StudyPage:
    """Train a scorer on half of each corpus, and compare questions on the other half."""
    spent = Spent()
    reviews = {each.name: read_review(each.path) for each in inputs.corpora if is_review(each.path)}
    inputs = replace(inputs, corpora=[each for each in inputs.corpora if each.name not in reviews])
    trained: dict[str, Trained] = {}
    judged: dict[tuple[str, str], Agreement] = {}
    for corpus in inputs.opened:
        trees = make_trees(inputs, corpus, NAME, {})
        pairs, calls = make_pairs(trees)
        learn, compare = halves_of(list(trees.documents), inputs.seed)
        known = [pair for pair in pairs if pair.document_id in learn]
        trios, asked = make_trios(inputs, trees, corpus.gold, compare, NAME)
        learned, train_pairs = _learn(trees, known, inputs.seed, spent)
        texts = [text for trio in trios for text in (trio.context, *trio.questions)]
        scorer = ready_to_score(trees.trial.run, StageReport(QUERY_SCORER), learned, texts)
        trained[corpus.name] = Trained(scorer, train_pairs, scored(scorer, trios))
        for review, verdicts in reviews.items():
            texts = [text for each in verdicts for text in (each.context, each.query)]
            scorer = ready_to_score(trees.trial.run, StageReport(QUERY_SCORER), learned, texts)
            judged[review, corpus.name] = reviewed(scorer, verdicts)
        spent.count(calls)
        spent.add(trees.trial)
        spent.add(asked)
    return StudyPage(
        name=NAME,
        title="The scorer against human judgement",
        question=(
            "The scorer learns to tell the queries of a full prompt from those of a worse one. "
            "Does it also see that people's own questions are good, and does it rank queries as "
            "people who review them do?"
        ),
        what_was_run=what_was_run(
            inputs,
            {f"{name}, pairs trained on": each.train_pairs for name, each in trained.items()}
            | {f"{name}, queries reviewed": len(each) for name, each in reviews.items()},
            spent,
        ),
        findings=list(findings(trained, judged)),
        sections=[
            _questions(trained),
            *_features(trained),
            *_preferred(trained),
            _reviews(reviews, judged),
        ],
    )


def _learn(
    trees: Trees, pairs: Sequence[ContrastivePair], seed: int, spent: Spent
) -> tuple[Scorer, int]:
    """Train a scorer of the workspace's kind; return it and its number of pairs.

    Adds the cost to *spent*.
    """
    texts = (t for p in pairs for t in (p.context, p.positive_query, p.negative_query))
    embedder = embedder_for(trees, texts, spent)
    scorer, report = train(trees.trial.run, pairs, seed, embedder)
    return scorer, report.train_pairs


def findings(
    trained: Mapping[str, Trained], judged: Mapping[tuple[str, str], Agreement]
) -> Iterator[str]:
    """State the findings."""
    compared = False
    for name, each in trained.items():
        for view in VIEWS:
            trios = each.of(view)
            if not trios:
                continue
            compared = True
            found = comparisons(trios)
            person, tree = found["person over worsened"], found["tree over worsened"]
            against = found["person over tree"]
            reason = _reason(each.scorer, trios) if against.pair_accuracy < 0.5 else ""
            yield (
                f"{name}, {view}: the scorer puts a person's question above the worse prompt's in "
                f"{_share(person)} of {person.pairs} cases, the tree's own in {_share(tree)}; "
                f"{_preference(against)}{reason}."
            )
    if not compared:
        yield "No corpus with people's questions was given, so none were compared."
    for (review, corpus), found_agreement in judged.items():
        yield (
            f"Review {review}, scorer of {corpus}: AUC "
            f"{with_interval(found_agreement.auc, found_agreement.auc_ci95)}, rank correlation "
            f"{_correlation(found_agreement)}."
        )
    if not judged:
        yield "No review file was given: how scores agree with reviewers' verdicts is not measured."


def reviewed(scorer: Scorer, verdicts: Sequence[Verdict]) -> Agreement:
    """Measure the agreement of the reviewed queries' scores with the verdicts, by context."""
    contexts = [each.context for each in verdicts]
    scores = scorer.score(contexts, [each.query for each in verdicts])
    return agreement(contexts, scores, [each.accepted for each in verdicts])


def feature_shares(scorer: LinearScorer, trios: Sequence[Scored]) -> list[tuple[str, float]]:
    """Return what each feature adds to the score of a person's question, compared with the tree's.

    The values are means over *trios*, the largest first; their sum is the mean difference of the
    scores.
    """
    contexts = [each.trio.context for each in trios]
    person = features(contexts, [each.trio.person for each in trios])
    tree = features(contexts, [each.trio.tree for each in trios])
    count = len(FEATURE_NAMES)
    weights = np.array(scorer.weights[:count]) / np.array(scorer.scale[:count])
    shares = (person - tree).mean(axis=0) * weights
    named = zip(FEATURE_NAMES, (float(share) for share in shares), strict=True)
    return sorted(named, key=lambda one: -abs(one[1]))


def _reason(scorer: Scorer, trios: Sequence[Scored]) -> str:
    """State in words which features lower the scores of people's questions most."""
    if not isinstance(scorer, LinearScorer):
        return ""
    feature, share = min(feature_shares(scorer, trios), key=lambda one: one[1])
    return f"; what counts most against people's is `{feature}` ({share:+.3f})" if share else ""


def _preference(found: PairMeasures) -> str:
    low, high = found.pair_accuracy_ci95
    if high < 0.5:
        verdict = "of a person's and the tree's it prefers the tree's"
    elif low > 0.5:
        verdict = "of a person's and the tree's it prefers the person's"
    else:
        verdict = "between a person's and the tree's it has no sure preference"
    return f"{verdict} (the person's is higher in {_share(found)})"


def _share(found: PairMeasures) -> str:
    return with_interval(found.pair_accuracy, found.pair_accuracy_ci95)


def _correlation(found: Agreement) -> str:
    return with_interval(found.rank_correlation, found.rank_correlation_ci95)


def _questions(trained: Mapping[str, Trained]) -> Section:
    text = (
        "Each question of a person is set beside the tree's question and a worse prompt's, on the "
        "same context: the *root context*, and the *smallest node* that carries the answer. The "
        "scorer was trained on the other half of the corpus. Pair accuracy: the share of pairs "
        "with the first above the second, ties half; AUC: every first against every second, "
        "whatever their contexts. Rank correlation (Spearman) is that of the score with being a "
        "person's question and not a worse prompt's. Intervals: 95 %, bootstrap over passages. A "
        "worse prompt sometimes gets a good question all the same, so 1 is not to be had."
    )
    columns = ("corpus", "context", "pair", "pairs", "pair accuracy", "AUC", "rank correlation")
    rows: list[tuple[Cell, ...]] = []
    shown: dict[str, dict[str, PairMeasures]] = {}
    for name, view, trios in _views(trained):
        for pair, found in comparisons(trios).items():
            over_worsened = pair == "person over worsened"
            correlation = _correlation(_with_worsened(trios)) if over_worsened else ""
            auc = with_interval(found.auc, found.auc_ci95)
            rows.append((name, view, pair, found.pairs, _share(found), auc, correlation))
            shown.setdefault(view, {})[f"{name}, {pair}"] = found
    if not rows:
        return Section("People's questions", [f"{text} No corpus here has such questions."])
    pictures = [_picture(view, found) for view, found in shown.items()]
    return Section("People's questions", [text, Table(columns, rows), *pictures])


def _picture(view: str, shown: Mapping[str, PairMeasures]) -> Picture:
    title = f"Pair accuracy, {view}"
    values = [each.pair_accuracy for each in shown.values()]
    intervals = [each.pair_accuracy_ci95 for each in shown.values()]
    return Picture(
        bars(title, list(shown), values, intervals, "pair accuracy"),
        f"Pair accuracy on the {view}; half is chance. Whiskers: 95 % intervals over passages.",
        f"{title}: {'; '.join(f'{name} {v.pair_accuracy:.2f}' for name, v in shown.items())}",
    )


def _with_worsened(trios: Sequence[Scored]) -> Agreement:
    return agreement(
        [each.trio.document_id for each in trios] * 2,
        [each.person for each in trios] + [each.worsened for each in trios],
        [True] * len(trios) + [False] * len(trios),
    )


def _features(trained: Mapping[str, Trained]) -> Iterator[Section]:
    rows = [
        (name, view, feature, f"{share:+.3f}")
        for name, view, trios in _views(trained)
        if isinstance(scorer := trained[name].scorer, LinearScorer)
        for feature, share in feature_shares(scorer, trios)[:FEATURES_SHOWN]
    ]
    if rows:
        text = (
            "What the features add, on average, to the score of a person's question over that of "
            "the tree's: the largest of each corpus. Negative: the scorer holds it against people."
        )
        columns = ("corpus", "context", "feature", "share of the difference")
        yield Section("Why the scorer prefers what it does", [text, Table(columns, rows)])


def _preferred(trained: Mapping[str, Trained]) -> Iterator[Section]:
    rows: list[tuple[Cell, ...]] = []
    for name, view, trios in _views(trained):
        ranked = sorted(trios, key=lambda each: (each.person - each.tree, each.trio.person))
        # Take one person's question per tree question, or all examples would share one context.
        first = {each.trio.tree: each for each in reversed(ranked) if each.person < each.tree}
        for each in sorted(first.values(), key=lambda each: each.person - each.tree)[:EXAMPLES]:
            trio = each.trio
            rows.append((name, view, trio.person, each.person, trio.tree, each.tree))
    if rows:
        columns = ("corpus", "context", "a person's", "score", "the tree's", "its score")
        text = "The contexts on which the tree's question leads a person's by most."
        yield Section("Where the scorer prefers the tree", [text, Table(columns, rows)])


def _reviews(
    reviews: Mapping[str, Sequence[Verdict]], judged: Mapping[tuple[str, str], Agreement]
) -> Section:
    text = (
        'A review file holds rows `{"context", "query", "accepted"}`, `accepted` true or false; it '
        "is given among `corpora`."
    )
    if not judged:
        return Section("Review", [f"{text} None was given for this page."])
    rows = [
        (
            review,
            corpus,
            sum(each.accepted for each in reviews[review]),
            sum(not each.accepted for each in reviews[review]),
            with_interval(found.auc, found.auc_ci95),
            _correlation(found),
        )
        for (review, corpus), found in judged.items()
    ]
    columns = ("review", "scorer of", "accepted", "rejected", "AUC", "rank correlation")
    return Section("Review", [text, Table(columns, rows)])


def _views(trained: Mapping[str, Trained]) -> Iterator[tuple[str, str, list[Scored]]]:
    for name, each in trained.items():
        for view in VIEWS:
            if trios := each.of(view):
                yield name, view, trios
