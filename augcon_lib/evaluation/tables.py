"""An evaluation as a table of figures with their meanings, for terminals, UI and pages."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from augcon_lib.evaluation.diversity import REPEAT_ROUGE_L, Diversity, PairwiseRougeL
from augcon_lib.evaluation.evaluate import Evaluation
from augcon_lib.evaluation.faithfulness import Faithfulness
from augcon_lib.evaluation.granularity import Granularity
from augcon_lib.evaluation.numbers import Distribution, NotMeasured
from augcon_lib.evaluation.scorer_agreement import HeldOut, ScorerAgreement
from augcon_lib.evaluation.splits import SplitIndependence
from augcon_lib.evaluation.topics import TopicCoverage


@dataclass(frozen=True, slots=True)
class Line:
    """One figure: its section and name, its value or why there is none, and its meaning.

    ``of`` is the size of what it was measured on, as text.
    """

    section: str
    name: str
    value: float | NotMeasured
    meaning: str
    of: str = ""

    @property
    def key(self) -> str:
        """Its name in metadata, such as ``diversity/distinct_2``."""
        return f"{self.section}/{re.sub(r'[^a-z0-9]+', '_', self.name.lower())}"

    @property
    def is_measured(self) -> bool:
        """Whether there is a value."""
        return not isinstance(self.value, NotMeasured) and not math.isnan(self.value)

    @property
    def says(self) -> str:
        """The meaning of the value, or why there is none."""
        if isinstance(self.value, NotMeasured):
            return f"not measured: {self.value.not_measured}"
        return self.meaning if self.is_measured else "not measured: nothing varies"

    @property
    def written(self) -> str:
        """The value with three digits behind the point; counts whole; a dash without one."""
        if not self.is_measured:
            return "–"
        return f"{self.value:,}" if isinstance(self.value, int) else f"{self.value:.3f}"


def lines(evaluation: Evaluation) -> list[Line]:
    """All lines, in the order in which they are shown."""
    return [
        *_dataset(evaluation),
        *_diversity(evaluation.diversity),
        *_section("topics", "coverage", evaluation.topics, _topics),
        *_section("granularity", "shares", evaluation.granularity, _granularity),
        *_section("splits", "sibling ROUGE-L", evaluation.split_independence, _splits),
        *_section("faithfulness", "grounded answers", evaluation.faithfulness, _faithfulness),
        *_section("scorer", "pair accuracy", evaluation.scorer, _scorer),
    ]


def _section(section: str, name: str, found: object, show: object) -> list[Line]:
    if isinstance(found, NotMeasured):
        return [Line(section, name, found, "")]
    assert callable(show)
    return list(show(found))


def _dataset(found: Evaluation) -> Iterator[Line]:
    yield Line("dataset", "rows", found.rows, "question and answer pairs of the version")
    yield Line("dataset", "documents", found.documents, "documents that they come from")
    of = f"{found.measured_rows:,} rows"
    for name, chars in (
        ("query characters", found.lengths.query_chars),
        ("response characters", found.lengths.response_chars),
    ):
        if isinstance(chars, Distribution):
            yield Line("dataset", name, chars.mean, f"mean; median {chars.median:.0f}", of)


def _diversity(found: Diversity) -> Iterator[Line]:
    of = f"{found.queries:,} queries"
    for order, value in enumerate((found.distinct_1, found.distinct_2, found.distinct_3), 1):
        meaning = f"different runs of {order} tokens over all; falls with size"
        yield Line("diversity", f"distinct-{order}", value, meaning, of)
    of = f"{found.self_bleu_queries:,} queries"
    meaning = "BLEU-4 of a query against all others; lower is more diverse"
    yield Line("diversity", "self-BLEU", found.self_bleu, meaning, of)
    for name, pairwise in (
        ("ROUGE-L within a context", found.within_context),
        ("ROUGE-L across the corpus", found.across_corpus),
    ):
        if isinstance(pairwise, PairwiseRougeL):
            of = f"{pairwise.pairs.count:,} pairs"
            meaning = f"mean F1; {pairwise.repeats_share:.2%} at {REPEAT_ROUGE_L:g} or more"
            yield Line("diversity", name, pairwise.pairs.mean, meaning, of)
        else:
            yield Line("diversity", name, pairwise, "")
    if isinstance(found.nearest, Distribution):
        of = f"{found.nearest.count:,} queries"
        yield Line(
            "diversity", "ROUGE-L to the nearest", found.nearest.mean, "mean F1 of each query", of
        )


def _topics(found: TopicCoverage) -> Iterator[Line]:
    of = f"{found.sentences:,} sentences, {found.queries:,} queries"
    meaning = f"sentences whose topic holds a query; {found.covered_topics} of {found.topics}"
    yield Line("topics", "coverage", found.coverage, f"{meaning} topics", of)
    yield Line("topics", "overlap", found.overlap, "1: queries are spread as the corpus is", of)


def _granularity(found: Granularity) -> Iterator[Line]:
    of = f"{found.queries:,} queries"
    for name, value, meaning in (
        ("detail", found.detail_share, "about at most a fifth of the root context"),
        ("concept", found.concept_share, "about a part between"),
        ("macro", found.macro_share, "about more than two thirds of it"),
        ("evenness", found.evenness, "1: the three are alike often"),
        ("mean depth", found.mean_depth, "0 is the root"),
    ):
        yield Line("granularity", name, value, meaning, of)


def _splits(found: SplitIndependence) -> Iterator[Line]:
    of = f"{found.splits:,} splits"
    means = found.means
    for name, value, meaning in (
        ("sibling ROUGE-L", means.sibling_rouge_l, "precision of the shorter part in the other"),
        ("sibling Jaccard", means.sibling_jaccard, "tokens that both parts have"),
        ("shared text", means.shared_text, "runs of 5 tokens that stand in both"),
        ("parent coverage", means.parent_coverage, "tokens of the whole that the parts hold"),
        ("new text", means.new_text, "tokens of the parts that the whole does not hold"),
        ("balance", means.balance, "length of the shorter over the longer"),
    ):
        yield Line("splits", name, value, meaning, of)


def _faithfulness(found: Faithfulness) -> Iterator[Line]:
    of = f"{found.answers:,} answers"
    meaning = "all names, numbers and dates stand in the passage"
    yield Line("faithfulness", "grounded answers", found.grounded_share, meaning, of)
    meaning = "share of an answer's tokens that the passage holds"
    yield Line("faithfulness", "tokens from the passage", found.tokens_from_passage, meaning, of)
    meaning = "answers that the model's own verdict bears out"
    yield Line("faithfulness", "judged faithful", found.judged_faithful_share, meaning)
    reasons = ", ".join(f"{n:,} {why}" for why, n in found.rejections.items())
    rejected = sum(found.rejections.values())
    yield Line("faithfulness", "rejected answers", rejected, reasons or "none was rejected")


def _scorer(found: ScorerAgreement) -> Iterator[Line]:
    held = found.held_out
    if isinstance(held, HeldOut):
        of = f"{held.pairs:,} pairs of {held.documents:,} documents"
        for name, value, (low, high) in (
            ("pair accuracy", held.pair_accuracy, held.pair_accuracy_ci95),
            ("AUC", held.auc, held.auc_ci95),
        ):
            meaning = "held-out documents"
            if not math.isnan(low):
                meaning += f"; 95 %: {low:.3f} to {high:.3f}"
            yield Line("scorer", name, value, meaning, of)
    else:
        yield Line("scorer", "pair accuracy", held, "")
    of = f"{found.queries:,} queries"
    for name, value in found.rank_correlations.items():
        yield Line("scorer", f"score and {name}", value, "Spearman's rank correlation", of)
    yield Line("scorer", "selected", found.selected_share, "share of all queries", of)
    meaning = "selected queries in the upper half of their context's ranking"
    yield Line("scorer", "selected in upper half", found.selected_in_upper_half, meaning, of)
