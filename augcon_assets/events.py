"""Materialization events, one per document, each with its own data version.

A step over many partitions would give all of them one data version, those included that failed
or were left alone. So the step's own output records no event, and every document that was made
gets an explicit one (docs/decisions.md; a test counts the events).
"""

from collections.abc import Iterator, Mapping, Sequence

import dagster as dg
from dagster._core.definitions.data_version import (
    CODE_VERSION_TAG,
    DATA_VERSION_IS_USER_PROVIDED_TAG,
    DATA_VERSION_TAG,
    NULL_EVENT_POINTER,
    get_input_data_version_tag,
    get_input_event_pointer_tag,
)
from dagster._core.definitions.source_asset import SYSTEM_METADATA_KEY_SOURCE_ASSET_OBSERVATION

from augcon_assets.event_log import KEYS_PER_STATEMENT
from augcon_assets.metadata import partition_metadata, run_metadata
from augcon_assets.partitions import partition_key
from augcon_lib.fingerprints import CODE_VERSIONS
from augcon_lib.stages.stage_run import StageReport
from augcon_lib.warehouse.choices import NO_DOCUMENT
from augcon_lib.warehouse.partitions import OK, STAGES, PartitionState

States = Mapping[tuple[str, str], PartitionState]


def no_event_of_its_own() -> dg.MaterializeResult:
    """The output of a partitioned step: lets later steps of the run go on, records nothing."""
    return dg.MaterializeResult(metadata={SYSTEM_METADATA_KEY_SOURCE_ASSET_OBSERVATION: True})


def document_events(
    context: dg.AssetExecutionContext,
    report: StageReport,
    upstream: Sequence[str],
    states: States,
) -> Iterator[dg.AssetMaterialization]:
    """One materialization per good document, with the versions of what it was made from."""
    good = [p for p in report.partitions if p.status == OK]
    keys = {p.document_id: partition_key(p.document_id) for p in good}
    pointers = {name: _latest_events(context, name, set(keys.values())) for name in upstream}
    shared = run_metadata(report)
    for partition in good:
        key = keys[partition.document_id]
        tags = {
            DATA_VERSION_TAG: partition.output_hash,
            DATA_VERSION_IS_USER_PROVIDED_TAG: "true",
            CODE_VERSION_TAG: CODE_VERSIONS[report.stage],
        }
        for name in upstream:
            document = partition.document_id if name in STAGES else NO_DOCUMENT
            state = states.get((name, document))
            asset_key = dg.AssetKey(name)
            tags[get_input_data_version_tag(asset_key)] = state.output_hash if state else ""
            pointer = pointers[name].get(key if name in STAGES else None)
            tags[get_input_event_pointer_tag(asset_key)] = (
                str(pointer) if pointer else NULL_EVENT_POINTER
            )
        yield dg.AssetMaterialization(
            asset_key=report.stage,
            partition=key,
            metadata={
                **partition_metadata(report.stage, partition),
                **{f"step/{name}": value for name, value in shared.items()},
            },
            tags=tags,
        )


def _latest_events(
    context: dg.AssetExecutionContext, asset: str, keys: set[str]
) -> Mapping[str | None, int]:
    """Storage id of the latest materialization of *asset*, by partition key (or by ``None``)."""
    asset_key = dg.AssetKey(asset)
    if asset in STAGES:
        storage = context.instance.event_log_storage
        return dict(
            storage.get_latest_storage_id_by_partition(
                asset_key,
                dg.DagsterEventType.ASSET_MATERIALIZATION,
                keys if len(keys) <= KEYS_PER_STATEMENT else None,
            )
        )
    records = context.instance.fetch_materializations(asset_key, limit=1).records
    return {None: records[0].storage_id} if records else {}
