"""Telling Dagster what it did not make itself: inputs that changed, and results that it lost.

Level-triggered, as everything here: what is so is compared with what was last told, so nothing
is told twice, and a change that one process missed is told by the next.
"""

from collections.abc import Mapping, Sequence

import dagster as dg
from dagster._core.definitions.data_version import DATA_VERSION_TAG

from augcon_assets.event_log import report_events
from augcon_assets.events import (
    States,
    few,
    latest_versions,
    materializations,
    sources_seen,
    versions,
)
from augcon_assets.inputs import DOCUMENTS, UNPARTITIONED_INPUTS, current_versions
from augcon_assets.partitions import partition_key
from augcon_lib.fingerprints import CODE_VERSIONS
from augcon_lib.records import content_id
from augcon_lib.stages.stage_run import StageRun
from augcon_lib.warehouse.choices import NO_DOCUMENT
from augcon_lib.warehouse.partitions import OK, STAGES

# Where the instance keeps a hash of all documents' versions as last told: thousands of them are
# then compared at the price of one.
_TOLD_DOCUMENTS = "augcon/told_documents"
_UNPARTITIONED = tuple(stage for stage in CODE_VERSIONS if stage not in STAGES)
RESTORED = "made earlier; told again to an instance that did not know of it"


def report_inputs(run: StageRun, instance: dg.DagsterInstance) -> list[str]:
    """Tell the data version of every unpartitioned input that changed; their names."""
    told = latest_versions(instance, UNPARTITIONED_INPUTS)
    changed = {n: v for n, v in current_versions(run).items() if told[n][0] != v}
    report_events(
        instance,
        (
            dg.AssetMaterialization(dg.AssetKey.from_user_string(name), tags=versions(version))
            for name, version in changed.items()
        ),
    )
    return sorted(changed)


def report_store(instance: dg.DagsterInstance, sources: Mapping[str, str]) -> list[str]:
    """:func:`report_documents` of the whole store; quick where nothing changed since."""
    now = content_id("documents", *(part for item in sorted(sources.items()) for part in item))
    cursors = instance.daemon_cursor_storage
    if cursors.get_cursor_values({_TOLD_DOCUMENTS}).get(_TOLD_DOCUMENTS) == now:
        return []
    changed = report_documents(instance, sources)
    cursors.set_cursor_values({_TOLD_DOCUMENTS: now})
    return changed


def report_documents(instance: dg.DagsterInstance, sources: Mapping[str, str]) -> list[str]:
    """Tell the source hash of those documents of *sources* that changed; their ids."""
    told = instance.event_log_storage.get_latest_tags_by_partition(
        dg.AssetKey(DOCUMENTS),
        dg.DagsterEventType.ASSET_MATERIALIZATION,
        [DATA_VERSION_TAG],
        asset_partitions=few([partition_key(document) for document in sources]),
    )
    changed = {
        document: version
        for document, version in sources.items()
        if told.get(partition_key(document), {}).get(DATA_VERSION_TAG) != version
    }
    report_events(instance, sources_seen(changed))
    return list(changed)


def restore_documents(
    instance: dg.DagsterInstance, documents: Sequence[str], states: States
) -> None:
    """Tell of every good partition of *documents*, which the instance does not know."""
    for stage in STAGES:
        good = [d for d in documents if _is_good(states, stage, d)]
        if good:
            made = {d: {"document_id": d, "note": RESTORED} for d in good}
            report_events(instance, materializations(instance, stage, made, states))


def restore_whole_assets(instance: dg.DagsterInstance, states: States) -> None:
    """Tell of the unpartitioned assets that there are and that the instance does not know."""
    told = latest_versions(instance, _UNPARTITIONED)
    for stage in _UNPARTITIONED:
        if not told[stage][0] and _is_good(states, stage, NO_DOCUMENT):
            made = {NO_DOCUMENT: {"note": RESTORED}}
            report_events(instance, materializations(instance, stage, made, states))


def _is_good(states: States, stage: str, document: str) -> bool:
    state = states.get((stage, document))
    return state is not None and state.status == OK
