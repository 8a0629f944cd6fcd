"""One asset check per document and stage: whether the document succeeded, and if not, why.

A step over many partitions evaluates a check once, for none of them. So the step's output for the
check records nothing, and each document of the step gets its own evaluation, as with
:mod:`augcon_assets.instance.materializations`. A skipped document keeps its last one.
"""

import time
import warnings
from collections.abc import Iterator, Mapping, Sequence

import dagster as dg
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationTargetMaterializationData,
)

from augcon_assets.instance.event_log import log_evaluations
from augcon_assets.instance.materializations import latest_events
from augcon_assets.markdown import bullets
from augcon_assets.metadata import Metadata
from augcon_assets.partitions import documents_partitions, partition_key
from augcon_lib.pipeline import StageName
from augcon_lib.stages.stage_run import PartitionSummary
from augcon_lib.warehouse.partitions import EMPTY, OK

NAME = "document_done"
# Partitioned checks are a preview in Dagster. Dagster is pinned, and tests cover the use of them.
warnings.filterwarnings("ignore", "Specifying a partitions_def", dg.PreviewWarning)


def spec(stage: StageName) -> dg.AssetCheckSpec:
    """Return the check of *stage*, partitioned by document."""
    return dg.AssetCheckSpec(
        NAME,
        asset=stage,
        description="The document succeeded and violates no rule. A warning shows what is wrong.",
        partitions_def=documents_partitions,
    )


def results(
    context: dg.AssetExecutionContext,
    stage: StageName,
    partitions: Sequence[PartitionSummary],
    problems: Mapping[str, Sequence[str]],
) -> Iterator[dg.AssetCheckResult | dg.Output[None]]:
    """Yield the result for each document of the step; *problems* are its rule violations.

    Each result targets the document's last materialization, which must be stored already.
    """
    if context.has_partition_key:
        for partition in partitions:
            yield _result(stage, partition, problems)
        if partitions:
            return
    log_results(context, stage, partitions, problems)
    key = dg.AssetCheckKey(dg.AssetKey(stage), NAME)
    if key in context.selected_asset_check_keys:
        name = context.job_def.asset_layer.get_op_output_name(key)
        assert name is not None
        yield dg.Output(None, output_name=name)


def log_results(
    context: dg.AssetExecutionContext,
    stage: StageName,
    partitions: Sequence[PartitionSummary],
    problems: Mapping[str, Sequence[str]],
) -> None:
    """Log the result for each document, also for a step that is about to fail."""
    tried = [partition for partition in partitions if partition.reason != EMPTY]
    log_evaluations(context, _evaluations(context, stage, tried, problems))


def _evaluations(
    context: dg.AssetExecutionContext,
    stage: StageName,
    partitions: Sequence[PartitionSummary],
    problems: Mapping[str, Sequence[str]],
) -> Iterator[dg.AssetCheckEvaluation]:
    keys = {partition.document_id: partition_key(partition.document_id) for partition in partitions}
    targets = latest_events(context.instance, stage, set(keys.values()))
    now = time.time()
    for partition in partitions:
        key = keys[partition.document_id]
        result = _result(stage, partition, problems)
        yield dg.AssetCheckEvaluation(
            asset_key=dg.AssetKey(stage),
            check_name=NAME,
            passed=result.passed,
            metadata=result.metadata,
            severity=result.severity,
            partition=key,
            target_materialization_data=AssetCheckEvaluationTargetMaterializationData(
                storage_id=targets[key], run_id=context.run.run_id, timestamp=now
            )
            if key in targets
            else None,
        )


def _result(
    stage: StageName, partition: PartitionSummary, problems: Mapping[str, Sequence[str]]
) -> dg.AssetCheckResult:
    broken = problems.get(partition.document_id, ())
    return dg.AssetCheckResult(
        asset_key=stage,
        check_name=NAME,
        passed=partition.status == OK and not broken,
        metadata=_metadata(partition, broken),
        severity=dg.AssetCheckSeverity.WARN,
    )


def _metadata(partition: PartitionSummary, problems: Sequence[str]) -> Metadata:
    metadata: Metadata = {"document_id": partition.document_id, "status": partition.status}
    if partition.reason:
        metadata["reason"] = partition.reason
    if problems:
        metadata["problems"] = dg.MetadataValue.md(bullets(problems[:20]))
    return metadata
