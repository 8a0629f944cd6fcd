"""Study 4: does a scorer generalise to corpora and languages that it was not trained on?"""

import math
import statistics
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from augcon_lab.studies.inputs import StudyInputs
from augcon_lab.studies.page import Cell, Picture, Section, StudyPage, Table, what_was_run
from augcon_lab.studies.runs import Trees, embedder_for, make_pairs, make_trees, pair_settings
from augcon_lab.studies.spent import Spent
from augcon_lab.studies.statements import compared, with_interval
from augcon_lib.evaluation.plots import heat_map
from augcon_lib.evaluation.resampling import mean_interval
from augcon_lib.queries.contrastive_pairs import ContrastivePair
from augcon_lib.queries.linear_scorer import (
    Scorer,
    ScorerReport,
    pair_wins,
    scorer_report,
    split_by_document,
)
from augcon_lib.queries.pair_measures import PairMeasures
from augcon_lib.stages.query_scorer import train

NAME = "scorer_generalisation"
QUESTION = (
    "The scorer learns from pairs that the corpus itself gives (section 3.3): good queries, and "
    "queries of worsened prompts. Would one scorer do for all corpora and languages? Here a scorer "
    "is trained on each corpus and tested on its own held-out documents and on all pairs of each "
    "other corpus."
)
SPLITS = 10
HELD_OUT = "held out"

Pairs = Mapping[str, Sequence[ContrastivePair]]
Train = Callable[[Sequence[ContrastivePair], int], tuple[Scorer, ScorerReport]]


@dataclass(frozen=True)
class Transfer:
    """A scorer trained on one corpus: its reports by corpus, and its own held-out pairs.

    ``reports[trained_on]`` measures held-out documents; ``splits`` contains the pair accuracy on
    them and on other choices of held-out documents.
    """

    trained_on: str
    scorer: Scorer
    reports: Mapping[str, ScorerReport]
    splits: Sequence[float]
    held_out: Sequence[ContrastivePair]


def run(inputs: StudyInputs) -> StudyPage:
    """Generate each corpus's pairs by the settings, and test every scorer on every corpus."""
    spent = Spent()
    trees: dict[str, Trees] = {}
    pairs: dict[str, list[ContrastivePair]] = {}
    for corpus in inputs.opened:
        name = corpus.name
        trees[name] = make_trees(inputs, corpus, NAME, {})
        pairs[name], negatives = make_pairs(trees[name])
        spent.add(trees[name].trial)
        spent.count(negatives)
    texts = (
        text
        for found in pairs.values()
        for pair in found
        for text in (pair.context, pair.positive_query, pair.negative_query)
    )
    embedder = embedder_for(next(iter(trees.values())), texts, spent)
    settings = inputs.workspace.settings
    splits = 1 if settings.scorer.kind == "transformer" else SPLITS
    inputs.progress(f"training on {len(pairs)} corpora, {splits} splits of each")
    transfers = [
        transfer(
            partial(train, trees[name].trial.run, embedder=embedder),
            pairs,
            name,
            [inputs.seed + number for number in range(splits)],
        )
        for name in pairs
    ]
    return StudyPage(
        name=NAME,
        title="Does a scorer carry over to corpora that it was not trained on?",
        question=QUESTION,
        what_was_run=what_was_run(
            inputs,
            pair_settings(settings),
            spent,
        ),
        findings=findings(transfers),
        sections=_sections(transfers, pairs),
    )


def transfer(trained: Train, pairs: Pairs, trained_on: str, seeds: Sequence[int]) -> Transfer:
    """Train on the pairs of *trained_on*; measure there, in other splits, and on other corpora.

    *trained* trains a scorer with a seed, which decides what is held out. The scorer of the first
    of *seeds* is tested.
    """
    scorer, report = trained(pairs[trained_on], seeds[0])
    others = [trained(pairs[trained_on], seed)[1] for seed in seeds[1:]]
    return Transfer(
        trained_on,
        scorer,
        {
            name: report
            if name == trained_on
            else scorer_report(scorer, report.train_pairs, pairs[name])
            for name in pairs
        },
        [each.held_out.pair_accuracy for each in (report, *others)],
        split_by_document(pairs[trained_on], seeds[0])[1],
    )


def findings(transfers: Sequence[Transfer]) -> list[str]:
    """State the lowest figure, and for each corpus its own scorer against those of others."""
    cells = [
        (report.held_out, each.trained_on, name)
        for each in transfers
        for name, report in each.reports.items()
        if report.held_out.pairs
    ]
    said = []
    if cells:
        measures, trained_on, name = min(cells, key=lambda cell: cell[0].pair_accuracy)
        said.append(
            f"The lowest of {len(cells)} pair accuracies is {_shown(measures)}, trained on "
            f"{trained_on} and tested on {name}; the mean of all is "
            f"{statistics.mean(cell[0].pair_accuracy for cell in cells):.3f}, a coin has 0.5."
        )
    chance = [f"{a} on {b}" for m, a, b in cells if not m.pair_accuracy_ci95[0] > 0.5]
    if chance:
        said.append(f"Not surely better than a coin: {', '.join(chance)}.")
    for each in transfers:
        others = [other for other in transfers if other is not each]
        if not each.held_out:
            said.append(f"{each.trained_on}: too few documents to hold any out; no figure.")
        elif others:
            said.append(f"On {each.trained_on}, {_against_others(each, others)}.")
    return said


def _against_others(each: Transfer, others: Sequence[Transfer]) -> str:
    """State how a corpus's own scorer compares with the mean of *others*, on its held-out pairs."""
    own = pair_wins(each.scorer, each.held_out)
    foreign = np.mean([pair_wins(other.scorer, each.held_out) for other in others], axis=0)
    documents = [pair.document_id for pair in each.held_out]
    return compared(
        "its own scorer",
        f"the mean of {len(others)} trained elsewhere",
        float((own - foreign).mean()),
        mean_interval(documents, own - foreign),
        f"pair accuracy on its {len(set(documents))} held-out documents",
    )


def _shown(measures: PairMeasures) -> str:
    return with_interval(measures.pair_accuracy, measures.pair_accuracy_ci95)


def _languages(found: Sequence[str]) -> str:
    """Return the languages with a share of at least a twentieth, the most frequent first."""
    counts = Counter(found).most_common()
    return ", ".join(name for name, count in counts if 20 * count >= len(found)) or "–"


def _sections(transfers: Sequence[Transfer], pairs: Pairs) -> list[Section]:
    names = [each.trained_on for each in transfers]
    matrix = [[each.reports[name].held_out.pair_accuracy for name in names] for each in transfers]
    picture = Picture(
        heat_map("Pair accuracy (row: trained on, column: tested on)", names, names, matrix),
        "Rows: trained on; columns: tested on. The diagonal is of held-out documents.",
        f"Heat map of pair accuracy for scorers trained and tested on {', '.join(names)}",
    )
    rows = [
        (
            each.trained_on,
            f"{name}, {HELD_OUT}" if name == each.trained_on else name,
            report.held_out.pairs,
            report.held_out.documents,
            _shown(report.held_out),
            with_interval(report.held_out.auc, report.held_out.auc_ci95),
        )
        for each in transfers
        for name, report in each.reports.items()
    ]
    kinds = sorted({pair.kind for found in pairs.values() for pair in found})
    by_kind: list[list[Cell]] = [
        [
            each.trained_on,
            *(each.reports[each.trained_on].accuracy_by_kind.get(k, math.nan) for k in kinds),
        ]
        for each in transfers
    ]
    return [
        Section(
            "Trained here, tested there",
            [
                "Pair accuracy: the share of pairs with s(C, q⁺) > s(C, q⁻), ties half; AUC: every "
                "q⁺ against every q⁻. In brackets what holds 95 % of 1,000 resamples of the "
                "documents.",
                picture,
                Table(
                    ("trained on", "tested on", "pairs", "documents", "pair accuracy", "AUC"), rows
                ),
            ],
        ),
        Section(
            "Which documents are held out matters",
            [
                f"Over {len(transfers[0].splits)} random splits, the one above among them.",
                Table(
                    ("corpus", "languages", "pairs", "mean", "lowest", "highest"),
                    [
                        (
                            each.trained_on,
                            _languages([pair.language for pair in pairs[each.trained_on]]),
                            len(pairs[each.trained_on]),
                            statistics.mean(each.splits),
                            min(each.splits),
                            max(each.splits),
                        )
                        for each in transfers
                    ],
                ),
            ],
        ),
        Section(
            "By kind of negative",
            [
                "Pair accuracy on the corpus's own held-out documents, by how the prompt of q⁻ was "
                "worsened.",
                Table(("trained on", *kinds), by_kind),
            ],
        ),
    ]
