"""Open the model engine for a stage, and report its progress."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from augcon_lib.model import open_engine
from augcon_lib.model.endpoints.stats import CallStats
from augcon_lib.model.engine import ModelEngine
from augcon_lib.settings import api_key
from augcon_lib.stages.stage_run import StageReport, StageRun


@asynccontextmanager
async def model_for(run: StageRun, report: StageReport, total: int) -> AsyncIterator[ModelEngine]:
    """Open the engine of *run*'s model; *report* gets its statistics, *run* its progress."""

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
