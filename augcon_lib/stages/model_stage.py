"""A stage that calls the model for many documents at once."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

from augcon_lib.chat.port import Chat
from augcon_lib.concurrency import rare_garbage_collection, run_until_done
from augcon_lib.errors import AnswerRejected
from augcon_lib.fingerprints import Inputs
from augcon_lib.model import open_engine
from augcon_lib.model.endpoints.stats import CallStats
from augcon_lib.model.engine import ModelEngine
from augcon_lib.pipeline import StageName
from augcon_lib.settings import api_key
from augcon_lib.stages.document_pool import failed_output, for_each_document
from augcon_lib.stages.inputs import Load, take_from_upstream
from augcon_lib.stages.stage_run import StageReport, StageRun
from augcon_lib.warehouse.partitions import PartitionOutput, replace_partitions

Item = TypeVar("Item")
Work = Callable[[Item, Inputs], Awaitable[PartitionOutput]]

# Twice as many documents as concurrent calls: one always has something to ask.
DOCUMENTS_PER_CALL = 2


def run_model_stage(
    run: StageRun,
    stage: StageName,
    document_ids: Sequence[str],
    load: Load[Item],
    work_with: Callable[[Chat], Work[Item]],
) -> StageReport:
    """Load each document's item, work on it with the model, and replace its partition.

    *work_with* gets the model once and returns the work, which turns an item and the partition's
    named inputs into its output. A document whose endpoint failed is written as failed. Raises
    ``EndpointError`` or ``BudgetExceeded`` after writing all finished documents.
    """

    async def run_all() -> StageReport:
        report = StageReport(stage)
        versions = run.versions()

        def take(ids: Sequence[str]) -> Mapping[str, tuple[Item, Inputs]]:
            return take_from_upstream(run, versions, stage, ids, load)

        def save(outputs: Sequence[PartitionOutput]) -> None:
            with run.saving(report, outputs):
                replace_partitions(run.warehouse, stage, outputs, run.run_id)

        async with model_for(run, report, len(document_ids)) as chat:
            work = work_with(chat)

            async def one(document_id: str, taken: tuple[Item, Inputs]) -> PartitionOutput:
                item, inputs = taken
                try:
                    return await work(item, inputs)
                except AnswerRejected as error:
                    return failed_output(stage, document_id, inputs, error)

            in_flight = DOCUMENTS_PER_CALL * run.settings.model.calls_at_once
            await for_each_document(document_ids, take, one, save, in_flight)
        return report

    with rare_garbage_collection():
        return run_until_done(run_all())


@asynccontextmanager
async def model_for(run: StageRun, report: StageReport, total: int) -> AsyncIterator[ModelEngine]:
    """The engine of *run*'s model; *report* gets its call statistics, *run* its progress."""

    def tell(calls: CallStats) -> None:
        run.progress(report.stage, len(report.partitions), total, report.failed, calls)

    async with open_engine(
        run.settings,
        run.workspace.journal_path,
        api_key=api_key(run.settings.model),
        run_id=run.run_id,
        session_id=run.session_id,
        on_progress=tell,
    ) as engine:
        report.calls = engine.stats
        yield engine
        tell(engine.stats)
