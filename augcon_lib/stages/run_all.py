"""Run all stages on stale documents, one after the other, without Dagster."""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial

from augcon_lib.pipeline import RAW_CORPUS, SFT_DATASET, StageName
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
from augcon_lib.staleness.run_plan import failed_in, next_runs
from augcon_lib.strategies import ChooseStrategy, strategy_for

RunStage = Callable[[StageRun, Sequence[str]], StageReport]


def run_stale_stages(
    run: StageRun,
    *,
    until: StageName = SFT_DATASET,
    documents: Collection[str] | None = None,
    choose_strategy: ChooseStrategy = strategy_for,
    scorer: Scorer | None = None,
) -> dict[StageName, StageReport]:
    """Sync the store and execute the plan; return the last report of each stage that ran.

    No stage after *until* is run, and if *documents* are given, no other document is read.
    *choose_strategy* and *scorer* replace those of the settings; no fingerprint includes them.
    For one process that has the workspace to itself. Raises ``StoreError``, ``EndpointError`` and
    ``BudgetExceeded`` after writing all finished documents.
    """
    listing, *_ = sync_sources(run)
    entries = {
        entry.document_id: entry
        for entry in listing.entries
        if documents is None or entry.document_id in documents
    }
    sources = {document: entry.source_sha256 for document, entry in entries.items()}
    order = list(sources)
    by_document: Mapping[StageName, RunStage] = {
        "raw_corpus": lambda run, ids: run_raw_corpus(run, [entries[d] for d in ids]),
        "cst_nodes": partial(run_cst_nodes, choose_strategy=choose_strategy),
        "scored_queries": partial(run_scored_queries, scorer=scorer),
        "responses": run_responses,
    }
    whole: Mapping[StageName, Callable[[StageRun], StageReport]] = {
        "query_scorer": run_query_scorer,
        "few_shot_examples": run_few_shot_examples,
        "sft_dataset": run_sft_dataset,
    }
    reports: dict[StageName, StageReport] = {}
    failed: set[str] = set()
    stale = stale_in(run, sources)
    while planned := next_runs(stale, order, until, failed):
        for stage in planned[0].assets:  # planned runs differ in their ranges alone
            if stage in whole:
                reports[stage] = whole[stage](run)
                continue
            ids = stale.ready(stage) if stage == RAW_CORPUS else stale_at(stage, run, order)
            ids = [document for document in ids if document not in failed]
            if ids:
                reports[stage] = by_document[stage](run, ids)
        stale = stale_in(run, sources)
        failed |= failed_in(planned, stale, order)
        if RAW_CORPUS in planned[0].assets:  # edited while it was read: the next command follows it
            failed |= stale.documents[RAW_CORPUS].keys()
    return reports
