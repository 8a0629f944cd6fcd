"""Run all stages on stale documents, one after the other, without Dagster."""

from collections.abc import Callable, Collection
from functools import partial

from augcon_lib.queries.linear_scorer import Scorer
from augcon_lib.stages.cst_nodes import run_cst_nodes
from augcon_lib.stages.few_shot_examples import run_few_shot_examples
from augcon_lib.stages.query_scorer import run_query_scorer
from augcon_lib.stages.raw_corpus import run_raw_corpus
from augcon_lib.stages.responses import run_responses
from augcon_lib.stages.scored_queries import run_scored_queries
from augcon_lib.stages.sft_dataset import run_sft_dataset
from augcon_lib.stages.sources import stale_at, stale_in, sync_sources
from augcon_lib.stages.stage_run import StageReport, StageRun
from augcon_lib.strategies import ChooseStrategy, strategy_for

STAGES_IN_ORDER = (
    "raw_corpus",
    "cst_nodes",
    "query_scorer",
    "scored_queries",
    "few_shot_examples",
    "responses",
    "sft_dataset",
)


def run_stale_stages(
    run: StageRun,
    *,
    until: str = "sft_dataset",
    documents: Collection[str] | None = None,
    choose_strategy: ChooseStrategy = strategy_for,
    scorer: Scorer | None = None,
) -> dict[str, StageReport]:
    """Sync the store, run each stage on what is stale at it, and return the stages' reports.

    No stage after *until* is run, and if *documents* are given, no other document is read.
    *choose_strategy* and *scorer* replace those of the settings; no fingerprint includes them.
    For one process that has the workspace to itself. Raises ``StoreError``, ``EndpointError`` and
    ``BudgetExceeded`` after writing all finished documents.
    """
    last = STAGES_IN_ORDER.index(until)
    listing, *_ = sync_sources(run)
    chosen = [
        each for each in listing.entries if documents is None or each.document_id in documents
    ]
    sources = {entry.document_id: entry.source_sha256 for entry in chosen}
    stale = stale_in(run, sources).documents["raw_corpus"]
    reports: dict[str, StageReport] = {}
    entries = [entry for entry in chosen if entry.document_id in stale]
    if entries:
        reports["raw_corpus"] = run_raw_corpus(run, entries)

    def is_wanted(stage: str) -> bool:
        return STAGES_IN_ORDER.index(stage) <= last

    def partitions(stage: str, function: Callable[[StageRun, list[str]], StageReport]) -> None:
        ids = stale_at(stage, run, list(sources)) if is_wanted(stage) else []
        if ids:
            reports[stage] = function(run, ids)

    def whole(stage: str, function: Callable[[StageRun], StageReport]) -> None:
        if is_wanted(stage) and stage in stale_in(run, sources).unpartitioned:
            reports[stage] = function(run)

    partitions("cst_nodes", partial(run_cst_nodes, choose_strategy=choose_strategy))
    whole("query_scorer", run_query_scorer)
    partitions("scored_queries", partial(run_scored_queries, scorer=scorer))
    whole("few_shot_examples", run_few_shot_examples)
    partitions("responses", run_responses)
    whole("sft_dataset", run_sft_dataset)
    return reports
