"""What the unpartitioned assets have in common."""

from collections.abc import Callable
from typing import Any

import dagster as dg

from augcon_assets import alarms, checks
from augcon_assets.assets.document_asset import (
    Results,
    guarded,
    log_materializations,
    log_report,
)
from augcon_assets.events import no_event_of_its_own
from augcon_assets.metadata import run_metadata
from augcon_assets.resources import WorkspaceResource
from augcon_lib.stages.stage_run import StageReport, StageRun
from augcon_lib.warehouse.choices import NO_DOCUMENT
from augcon_lib.warehouse.partitions import load_states


def materialize_whole(
    context: dg.AssetExecutionContext,
    workspace: WorkspaceResource,
    stage: Callable[[StageRun], StageReport],
    describe: Callable[[StageRun, StageReport], dict[str, Any]],
) -> Results:
    """Run *stage* and report its version, with metadata from *describe*."""
    run = workspace.stage_run(context)
    with run.exclusive():
        report = guarded(lambda: stage(run))
    made = {NO_DOCUMENT: {**describe(run, report), **run_metadata(report)}}
    states = load_states(run.warehouse, ())
    log_materializations(context, run, report.stage, made, states)
    log_report(context, report)
    yield no_event_of_its_own()
    yield from checks.results(report, checks.broken_rules(run, report))
    yield from alarms.results(run, report)
