"""Report failed partitions to Dagster, as a failed run with the reasons.

Dagster shows a partition as failed if a failed run planned it and did not materialize it. A run
over many documents continues with the good ones and succeeds. So documents that are no longer
retried get a separate run that does nothing but fail with their reasons.
"""

from collections.abc import Callable, Mapping

import dagster as dg

from augcon_assets.instance.event_log import report_planned
from augcon_assets.instance.processes import PROCESS_TAG, this_process
from augcon_assets.instance.turn import Turn
from augcon_assets.partitions import partition_key
from augcon_lib.pipeline import DOCUMENT_STAGES, StageName
from augcon_lib.warehouse import Warehouse
from augcon_lib.warehouse.counts import document_failures
from augcon_lib.warehouse.partitions import EMPTY, REJECTED

FAILURES_TAG = "augcon/failures"
MAX_LISTED = 50


def report_failures(
    warehouse: Warehouse,
    instance: dg.DagsterInstance,
    is_given_up: Callable[[str], bool],
    find_job: Callable[[], dg.JobDefinition],
    turn: Turn | None = None,
) -> list[str]:
    """Report documents that cannot be read, or are no longer retried, as failed.

    Returns the documents newly reported. *find_job* returns the job that makes documents; it is
    called only if there is a failure to report. A document that was retried since it was reported
    is reported again. A document without any text is no failure. Works while *turn* has time; each
    piece gets its own run.
    """
    turn = turn or Turn()
    by_stage: dict[StageName, dict[str, str]] = {}
    for each in document_failures(warehouse):
        document, reason, stage = each["document_id"], each["reason"], each["stage"]
        final = each["status"] == REJECTED or is_given_up(document)
        if stage in DOCUMENT_STAGES and reason != EMPTY and final:
            why = f"{reason}: {each['message']}" if each["message"] else reason
            by_stage.setdefault(stage, {})[document] = why
    shown: list[str] = []
    for stage, reasons in by_stage.items():
        new = _not_shown(instance, stage, reasons)
        for some in turn.pieces(list(new)):
            _fail(instance, find_job(), stage, {document: new[document] for document in some})
            shown += some
    return shown


def _not_shown(
    instance: dg.DagsterInstance, stage: StageName, reasons: Mapping[str, str]
) -> dict[str, str]:
    storage = instance.event_log_storage
    attempts = storage.get_latest_asset_partition_materialization_attempts_without_materializations(
        dg.AssetKey(stage)
    )
    last_runs = {d: attempts.get(partition_key(d), ("", 0))[0] for d in reasons}
    filters = dg.RunsFilter(run_ids=sorted(set(last_runs.values())), tags={FAILURES_TAG: stage})
    shown_by = {run.run_id for run in instance.get_runs(filters)}
    return {d: why for d, why in reasons.items() if last_runs[d] not in shown_by}


def _fail(
    instance: dg.DagsterInstance,
    whole: dg.JobDefinition,
    stage: StageName,
    reasons: Mapping[str, str],
) -> None:
    lines = [f"{document}: {why}" for document, why in list(reasons.items())[:MAX_LISTED]]
    if len(reasons) > MAX_LISTED:
        lines.append(f"and {len(reasons) - MAX_LISTED} more; list them with: augcon status")
    key = dg.AssetKey(stage)
    job = whole.get_subset(asset_selection={key})
    tags = {FAILURES_TAG: stage, PROCESS_TAG: this_process()}
    run = instance.create_run_for_job(job, tags=tags, asset_selection={key})
    report_planned(instance, run, key, [partition_key(document) for document in reasons])
    instance.report_run_failed(run, "\n".join([f"documents that failed at {stage}:", *lines]))
