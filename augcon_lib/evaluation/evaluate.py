"""All measures of one dataset version, from a warehouse."""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from augcon_lib.evaluation.diversity import Diversity, measure_diversity
from augcon_lib.evaluation.faithfulness import Faithfulness, measure_faithfulness
from augcon_lib.evaluation.granularity import Granularity, measure_granularity
from augcon_lib.evaluation.numbers import Distribution, NotMeasured, distribution
from augcon_lib.evaluation.scorer_agreement import ScorerAgreement, held_out_of, measure_scorer
from augcon_lib.evaluation.splits import SplitIndependence, measure_splits
from augcon_lib.evaluation.topics import TopicCoverage, measure_topics
from augcon_lib.pipeline import SEED
from augcon_lib.settings import Settings
from augcon_lib.warehouse import Warehouse
from augcon_lib.warehouse.choices import scorer_reports
from augcon_lib.warehouse.counts import rejection_counts
from augcon_lib.warehouse.evaluation_rows import (
    count_rows,
    read_judged,
    read_root_contexts,
    read_rows,
    read_splits,
)
from augcon_lib.warehouse.promotions import promoted_versions

MAX_ROWS = 20_000
MAX_SPLITS = 2_000
MAX_SCORED = 5_000


@dataclass(frozen=True, slots=True)
class Lengths:
    """The lengths of queries and responses, in characters."""

    query_chars: Distribution | NotMeasured
    response_chars: Distribution | NotMeasured


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The measures of a dataset version.

    ``rows`` and ``documents`` are those of the version, ``measured_rows`` those drawn by ``seed``,
    ``rows_with_node`` those of them whose tree still exists. Trees, splits, topics, scores and
    rejections are those of the current warehouse.
    """

    dataset_version: str
    rows: int
    documents: int
    measured_rows: int
    rows_with_node: int
    seed: int
    seconds: float
    lengths: Lengths
    diversity: Diversity
    topics: TopicCoverage | NotMeasured
    granularity: Granularity | NotMeasured
    split_independence: SplitIndependence | NotMeasured
    faithfulness: Faithfulness | NotMeasured
    scorer: ScorerAgreement | NotMeasured


def evaluate(
    warehouse: Warehouse, settings: Settings, version: str | None = None, seed: int = SEED
) -> Evaluation:
    """Measure *version* (default: the current one).

    Raises ``WarehouseError`` if it does not exist.
    """
    began = time.perf_counter()
    with warehouse.still() as now:
        name, total, documents = count_rows(now, version)
        rows = read_rows(now, version, MAX_ROWS, seed)
        passages = read_root_contexts(now)
        splits = read_splits(now, MAX_SPLITS)
        judged = read_judged(now, MAX_SCORED)
        rejected = rejection_counts(now)
        report = scorer_reports(now).get(promoted_versions(now).get("query_scorer", ""))
    queries = [row.query for row in rows]
    nodes = [
        (len(row.node_text), row.root_chars, row.depth)
        for row in rows
        if row.node_text and row.root_chars and row.depth is not None
    ]
    answers_rejected = {r["reason"]: r["count"] for r in rejected if r["stage"] == "responses"}
    return Evaluation(
        dataset_version=name,
        rows=total,
        documents=documents,
        measured_rows=len(rows),
        rows_with_node=len(nodes),
        seed=seed,
        lengths=Lengths(
            distribution([len(query) for query in queries]),
            distribution([len(row.response) for row in rows]),
        ),
        diversity=measure_diversity(queries, [row.context_id for row in rows], seed),
        topics=measure_topics(passages, queries, seed),
        granularity=measure_granularity(*([each[n] for each in nodes] for n in range(3))),
        split_independence=measure_splits([(s.parent, s.first, s.second) for s in splits]),
        faithfulness=measure_faithfulness(
            rows,
            answers_rejected,
            judged=settings.responses.judge_faithfulness,
            kept=total,
        ),
        scorer=NotMeasured('[scorer] kind is "none"')
        if settings.scorer.kind == "none"
        else measure_scorer(judged, held_out_of(report)),
        seconds=time.perf_counter() - began,
    )


def figures(evaluation: Evaluation) -> dict[str, Any]:
    """Convert *evaluation* to JSON: only figures, ``null`` for what is not a number.

    A measure that was not taken becomes ``{"not_measured": reason}``.
    """
    plain: dict[str, Any] = _plain(evaluation)
    return plain


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        shown = (each.name for each in fields(value) if not each.metadata.get("plotted"))
        return {name: _plain(getattr(value, name)) for name in shown}
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return None if isinstance(value, float) and math.isnan(value) else value
