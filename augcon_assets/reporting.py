"""Reporting to Dagster what is so and what it does not show: inputs that changed, stored results.

Level-triggered, as everything here: what Dagster shows is compared with what there is, so nothing
is reported twice, and whatever one process missed is reported by the next.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import dagster as dg
from dagster._core.definitions.data_version import DATA_VERSION_TAG

from augcon_assets.event_index import withdraw
from augcon_assets.event_log import report_events
from augcon_assets.events import (
    few,
    latest_versions,
    materializations,
    sources_seen,
    versions,
)
from augcon_assets.inputs import DOCUMENTS, PROMOTED, UNPARTITIONED_INPUTS, current_versions
from augcon_assets.lineage import (
    ASSETS,
    OF_DOCUMENTS,
    Difference,
    differences_now,
    stored_versions,
)
from augcon_assets.partitions import partition_key
from augcon_lib.stages.stage_run import StageRun
from augcon_lib.warehouse.choices import NO_DOCUMENT
from augcon_lib.warehouse.partitions import load_states

DATASET = "sft_dataset"
RECORDED_LATER = "made earlier; recorded from the warehouse, because Dagster did not show it"


def report_inputs(run: StageRun, instance: dg.DagsterInstance) -> list[str]:
    """Report the data version of every unpartitioned input that changed; their names."""
    shown = latest_versions(instance, UNPARTITIONED_INPUTS)
    changed = {n: v for n, v in current_versions(run).items() if shown[n][0] != v}
    _report_whole(instance, changed)
    return sorted(changed)


def report_stored(run: StageRun, instance: dg.DagsterInstance) -> list[Difference]:
    """Make Dagster show what the warehouse holds, no more and no less; where it did not.

    Whatever Dagster lacks or shows in another version is recorded, an asset before those made from
    it; what is not stored is taken back. Asks no model.
    """
    if not differences_now(run, instance):
        return []
    with run.recording():
        _take_back_what_was_made_of(differences_now(run, instance), run, instance)
        found = differences_now(run, instance)
        by_asset: dict[str, list[Difference]] = defaultdict(list)
        for difference in found:
            by_asset[difference.asset].append(difference)
        for asset in sorted(by_asset, key=ASSETS.index):
            _report(run, instance, asset, by_asset[asset])
    return found


def report_documents(instance: dg.DagsterInstance, sources: Mapping[str, str]) -> list[str]:
    """Report the source hash of those documents of *sources* that Dagster shows otherwise."""
    shown = instance.event_log_storage.get_latest_tags_by_partition(
        dg.AssetKey(DOCUMENTS),
        dg.DagsterEventType.ASSET_MATERIALIZATION,
        [DATA_VERSION_TAG],
        asset_partitions=few([partition_key(document) for document in sources]),
    )
    changed = {
        document: version
        for document, version in sources.items()
        if shown.get(partition_key(document), {}).get(DATA_VERSION_TAG) != version
    }
    report_events(instance, sources_seen(changed))
    return list(changed)


def _take_back_what_was_made_of(
    found: Sequence[Difference], run: StageRun, instance: dg.DagsterInstance
) -> None:
    """Of documents that Dagster lacks at an asset, take back the later assets, too.

    Their events point to one that is gone, and Dagster would show them as stale for ever. Recorded
    after it they point to the new one; where the process dies before, they are missing as well.
    """
    lacking: dict[str, set[str]] = defaultdict(set)
    for each in found:
        if each.recorded is None:
            lacking[each.asset].add(each.document)
    if not lacking.keys() & set(OF_DOCUMENTS):
        return
    stored = stored_versions(run)
    gone: set[str] = set()
    for asset in OF_DOCUMENTS:
        again = gone & stored[asset].keys()
        withdraw(instance, asset, [partition_key(document) for document in again])
        gone |= lacking[asset]
    if gone & stored[OF_DOCUMENTS[-1]].keys() and stored[DATASET]:
        instance.wipe_assets([dg.AssetKey.from_user_string(DATASET)])


def _report(
    run: StageRun, instance: dg.DagsterInstance, asset: str, found: Sequence[Difference]
) -> None:
    missing = {each.document: each.stored for each in found if each.stored is not None}
    unfounded = [each.document for each in found if each.stored is None]
    if asset == DOCUMENTS:
        report_events(instance, sources_seen(missing))
    elif missing and asset in PROMOTED.values():
        _report_whole(instance, {asset: missing[NO_DOCUMENT]})
    elif missing:
        notes = {d: {"document_id": d} if d else {} for d in missing}
        made = {d: {**note, "note": RECORDED_LATER} for d, note in notes.items()}
        states = load_states(run.warehouse, list(missing))
        report_events(instance, materializations(instance, asset, made, states))
    if asset in OF_DOCUMENTS:
        withdraw(instance, asset, [partition_key(document) for document in unfounded])
    elif unfounded:
        instance.wipe_assets([dg.AssetKey.from_user_string(asset)])


def _report_whole(instance: dg.DagsterInstance, current: Mapping[str, str]) -> None:
    report_events(
        instance,
        (
            dg.AssetMaterialization(dg.AssetKey.from_user_string(name), tags=versions(version))
            for name, version in current.items()
        ),
    )
