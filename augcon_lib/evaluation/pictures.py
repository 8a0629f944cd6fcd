"""An evaluation as plots."""

from dataclasses import dataclass

from augcon_lib.evaluation import plots
from augcon_lib.evaluation.diversity import PairwiseRougeL
from augcon_lib.evaluation.evaluate import Evaluation
from augcon_lib.evaluation.granularity import GRAINS, Granularity
from augcon_lib.evaluation.numbers import NotMeasured
from augcon_lib.evaluation.scorer_agreement import ScorerAgreement
from augcon_lib.evaluation.splits import SplitIndependence
from augcon_lib.evaluation.topics import TopicCoverage


@dataclass(frozen=True, slots=True)
class Picture:
    """A plot: its section, a description, and its bytes."""

    section: str
    alt: str
    png: bytes


def pictures(evaluation: Evaluation) -> list[Picture]:
    """Return all plots that have figures."""
    return [
        *_diversity(evaluation),
        *_topics(evaluation.topics),
        *_granularity(evaluation.granularity),
        *_splits(evaluation.split_independence),
        *_scorer(evaluation.scorer),
    ]


def _diversity(evaluation: Evaluation) -> list[Picture]:
    found = []
    for title, pairs in (
        ("How alike queries of one context are", evaluation.diversity.within_context),
        ("How alike queries of the corpus are", evaluation.diversity.across_corpus),
    ):
        if isinstance(pairs, PairwiseRougeL):
            png = plots.histogram(title, pairs.values, "ROUGE-L F1 of a pair")
            found.append(Picture("diversity", f"{title}: mean {pairs.pairs.mean:.2f}", png))
    return found


def _topics(topics: TopicCoverage | NotMeasured) -> list[Picture]:
    if isinstance(topics, NotMeasured):
        return []
    title = "Topics of the corpus"
    names = ["sentences in topics with a query", "queries spread as the corpus is"]
    png = plots.bars(title, names, [topics.coverage, topics.overlap], ylabel="share")
    return [Picture("topics", f"{title}: {topics.coverage:.0%} covered", png)]


def _granularity(found: Granularity | NotMeasured) -> list[Picture]:
    if isinstance(found, NotMeasured):
        return []
    shares = [found.detail_share, found.concept_share, found.macro_share]
    grains = plots.bars("Granularity of the questions", GRAINS, shares, ylabel="share of queries")
    depths = [float(depth) for depth, count in found.depths.items() for _ in range(count)]
    words = ", ".join(f"{name} {share:.0%}" for name, share in zip(GRAINS, shares, strict=True))
    return [
        Picture("granularity", f"Granularity: {words}", grains),
        Picture(
            "granularity",
            f"Depth of nodes in the tree: mean {found.mean_depth:.1f}",
            plots.histogram("Depth of the questions' nodes", depths, "depth (0: the root)"),
        ),
        Picture(
            "granularity",
            "Length of the passages that questions are about",
            plots.histogram("Length of the questions' nodes", found.lengths, "characters"),
        ),
    ]


def _splits(found: SplitIndependence | NotMeasured) -> list[Picture]:
    if isinstance(found, NotMeasured):
        return []
    overlap = plots.histogram(
        "How much the halves of a split overlap", found.sibling_rouge_l, "ROUGE-L precision"
    )
    mean = found.means.sibling_rouge_l
    return [Picture("splits", f"Overlap of the halves of splits: mean {mean:.2f}", overlap)]


def _scorer(found: ScorerAgreement | NotMeasured) -> list[Picture]:
    if isinstance(found, NotMeasured):
        return []
    names = list(found.rank_correlations)
    values = list(found.rank_correlations.values())
    png = plots.bars("What the scores go with", names, values, ylabel="rank correlation")
    return [Picture("scorer", "Rank correlations of the score with plain heuristics", png)]
