"""What assets share: decorators, and the step that materializes documents.

Unpartitioned assets use :mod:`augcon_assets.defs.assets.whole_asset` for their step.
"""

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import dagster as dg

from augcon_assets.defs import alarms, checks
from augcon_assets.inputs import upstream_assets
from augcon_assets.instance import document_checks
from augcon_assets.instance.materializations import no_event_of_its_own
from augcon_assets.instance.recording import DocumentRecorder
from augcon_assets.instance.reporting import report_inputs
from augcon_assets.metadata import run_metadata
from augcon_assets.partitions import document_id, documents_partitions
from augcon_assets.resources import SESSION_TAG, WorkspaceResource
from augcon_assets.session import current_session
from augcon_lib.errors import AugconError, BudgetExceeded
from augcon_lib.pipeline import STAGES, StageName
from augcon_lib.stages.stage_run import StageReport, StageRun

# The policy is still beta in Dagster. Dagster is pinned, and tests cover the use of it.
warnings.filterwarnings("ignore", "Parameter `backfill_policy`", dg.BetaWarning)

OWNERS = ["team:augcon"]
GROUP = "augcon"
Results = Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult | dg.Output[None]]
Decorator = Callable[[Callable[..., Results]], dg.AssetsDefinition]
Stage = Callable[[StageRun, Sequence[str]], StageReport]
OnlyStale = Callable[[StageRun, Sequence[str]], Sequence[str]]


def _asset(
    name: StageName, kinds: set[str], *check_specs: dg.AssetCheckSpec, **options: Any
) -> Decorator:
    """Return ``dg.asset`` with upstream assets, group, owners, code version and checks."""
    decorator: Decorator = dg.asset(
        name=name,
        deps=upstream_assets(name),
        group_name=GROUP,
        kinds=kinds,
        owners=OWNERS,
        code_version=STAGES[name].code_version,
        check_specs=[*checks.specs(name), *alarms.specs(name), *check_specs],
        **options,
    )
    return decorator


def document_asset(name: StageName, kinds: set[str]) -> Decorator:
    """Declare an asset with one partition per document, many of them in one run."""
    return _asset(
        name,
        kinds,
        document_checks.spec(name),
        partitions_def=documents_partitions,
        backfill_policy=dg.BackfillPolicy.single_run(),
    )


def whole_asset(name: StageName, kinds: set[str]) -> Decorator:
    """Declare an asset without partitions."""
    return _asset(name, kinds)


def materialize_documents(
    context: dg.AssetExecutionContext,
    workspace: WorkspaceResource,
    stage: Stage,
    only_stale: OnlyStale,
) -> Results:
    """Run *stage* on the run's documents; record each one as soon as it is stored.

    A run that augcon planned works on stale documents only; any other run on all its partitions.
    """
    recorder = DocumentRecorder(context)
    run = replace(workspace.stage_run(context), saved=recorder)
    ids: Sequence[str] = [document_id(key) for key in context.partition_keys]
    planned = SESSION_TAG in context.op_execution_context.run_tags
    with run.exclusive():
        report_inputs(run, context.instance)
        try:
            report = guarded(lambda: stage(run, only_stale(run, ids) if planned else ids))
        except dg.Failure:
            if recorder.report:
                problems = checks.by_document(checks.broken_rules(run, recorder.report))
                document_checks.log_results(
                    context, recorder.report.stage, recorder.report.partitions, problems
                )
            raise
    log_report(context, report)
    broken = checks.broken_rules(run, report)
    problems = checks.by_document(broken)
    yield no_event_of_its_own()
    yield from document_checks.results(context, report.stage, report.partitions, problems)
    yield from checks.results(report, broken)
    yield from alarms.results(run, report)


def guarded(work: Callable[[], StageReport]) -> StageReport:
    """Run *work*; turn an ``AugconError`` into a failure of the step without retries."""
    session = current_session()
    try:
        report = work()
    except AugconError as error:
        if session:
            session.stopped_by = error
        resumable = isinstance(error, BudgetExceeded)
        hint = "; all answers are kept and the next run continues from here" if resumable else ""
        raise dg.Failure(f"{error}{hint}", allow_retries=False) from error
    if session:
        session.reports.append(report)
    return report


def log_report(context: dg.AssetExecutionContext, report: StageReport) -> None:
    """Log one line of figures, and a warning for each document that is not ok.

    Figures are ``name=value``, with the names of the metadata.
    """
    figures = {name: each.value for name, each in run_metadata(report).items()}
    line = " ".join(
        f"{name}={value:.6g}" if isinstance(value, float) else f"{name}={value}"
        for name, value in figures.items()
    )
    context.log.info(f"{report.stage}: {line or 'done'}")
    for partition in report.partitions:
        if partition.status != "ok":
            context.log.warning(f"{partition.document_id}: {partition.status}: {partition.reason}")
