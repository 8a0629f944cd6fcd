"""The step that materializes an unpartitioned asset."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import dagster as dg

from augcon_assets.defs import alarms, checks
from augcon_assets.defs.assets.document_asset import Results, guarded, log_report
from augcon_assets.instance.materializations import no_event_of_its_own
from augcon_assets.instance.recording import WholeRecorder
from augcon_assets.metadata import Metadata, run_metadata
from augcon_assets.resources import WorkspaceResource
from augcon_lib.stages.stage_run import StageReport, StageRun


def materialize_whole(
    context: dg.AssetExecutionContext,
    workspace: WorkspaceResource,
    stage: Callable[[StageRun], StageReport],
    describe: Callable[[StageRun, StageReport], dict[str, Any]],
) -> Results:
    """Run *stage* and record its version, with metadata from *describe*.

    If either fails after a result was stored, the result is recorded without the metadata.
    """
    saved = WholeRecorder()
    run = replace(workspace.stage_run(context), saved=saved)
    metadata: Metadata = {}
    with run.exclusive():
        try:
            report = guarded(lambda: stage(run))
            metadata = {**describe(run, report), **run_metadata(report)}
        finally:
            saved.record(context, run, metadata)
    log_report(context, report)
    yield no_event_of_its_own()
    yield from checks.results(report, checks.broken_rules(run, report))
    yield from alarms.results(run, report)
