"""Report changed inputs and stored results to Dagster, if its records lack them.

Level-triggered: Dagster's records are compared with the current state. So nothing is reported
twice, and what one process missed the next one reports.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from itertools import islice

import dagster as dg
from dagster._core.definitions.data_version import DATA_VERSION_TAG

from augcon_assets.inputs import DOCUMENTS, PROMOTED, UNPARTITIONED_INPUTS, current_versions
from augcon_assets.instance.event_index import withdraw
from augcon_assets.instance.event_log import report_events
from augcon_assets.instance.lineage import (
    ASSETS,
    OF_DOCUMENTS,
    Difference,
    differences_now,
    stored_versions,
)
from augcon_assets.instance.materializations import (
    few,
    latest_versions,
    materializations,
    sources_seen,
    versions,
)
from augcon_assets.instance.turn import Turn
from augcon_assets.partitions import partition_key
from augcon_lib.pipeline import SFT_DATASET, is_stage
from augcon_lib.stages.stage_run import StageRun
from augcon_lib.warehouse.choices import NO_DOCUMENT
from augcon_lib.warehouse.partitions import load_states

RECORDED_LATER = "materialized earlier; recorded from the warehouse because Dagster lacked it"


def report_inputs(run: StageRun, instance: dg.DagsterInstance) -> list[str]:
    """Report the data version of every unpartitioned input that changed; return their names."""
    shown = latest_versions(instance, UNPARTITIONED_INPUTS)
    changed = {n: v for n, v in current_versions(run).items() if shown[n][0] != v}
    _report_whole(instance, changed)
    return sorted(changed)


def report_stored(
    run: StageRun, instance: dg.DagsterInstance, turn: Turn | None = None
) -> list[Difference]:
    """Make Dagster's records match the warehouse; return the differences found.

    Records what Dagster lacks or has in another version, upstream assets first; withdraws what is
    not stored. Calls no model. Works in pieces of documents while *turn* has time, each piece at
    all assets; the assets over all documents come last. Other processes may store and record
    between pieces.
    """
    turn = turn or Turn()
    first = left = differences_now(run, instance)
    before: list[Difference] = []
    while left:
        if not turn.goes_on():
            turn.leave(len({each.document for each in left}))
            break
        with run.recording():
            found = differences_now(run, instance)
            if found == before:  # it cannot be corrected
                break
            before = found
            done = _report_piece(run, instance, found, turn.documents)
        left = [each for each in found if each.document not in done]
        if not left:
            left = differences_now(run, instance)
    return first


def report_documents(instance: dg.DagsterInstance, sources: Mapping[str, str]) -> list[str]:
    """Report the source hash of the documents of *sources* whose version in Dagster differs."""
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


def _report_piece(
    run: StageRun, instance: dg.DagsterInstance, found: Sequence[Difference], documents: int
) -> set[str]:
    """Correct the differences *found* for the first *documents* of them; return these documents.

    If no document is left, corrects ``NO_DOCUMENT``.
    """
    some = set(islice(dict.fromkeys(d.document for d in found if d.document), documents))
    some = some or {NO_DOCUMENT}
    if _take_back_what_was_made_of(some, found, run, instance):
        found = differences_now(run, instance)
    by_asset: dict[str, list[Difference]] = defaultdict(list)
    for difference in found:
        if difference.document in some:
            by_asset[difference.asset].append(difference)
    for asset in sorted(by_asset, key=ASSETS.index):
        _report(run, instance, asset, by_asset[asset])
    return some


def _take_back_what_was_made_of(
    some: Collection[str],
    found: Sequence[Difference],
    run: StageRun,
    instance: dg.DagsterInstance,
) -> bool:
    """Withdraw the downstream assets of *some* documents that Dagster lacks at an asset.

    Their events point to an event that is gone, and Dagster would show them as stale forever.
    Recorded again after it, they point to the new event; if the process dies before, they are
    missing and the next one records them. Returns whether anything was withdrawn.
    """
    lacking: dict[str, set[str]] = defaultdict(set)
    for each in found:
        if each.recorded is None:
            lacking[each.asset].add(each.document)
    lost = {asset: lacking[asset].intersection(some) - {NO_DOCUMENT} for asset in OF_DOCUMENTS}
    if not any(lost.values()):
        return False
    stored = stored_versions(run)
    took_back = False
    gone: set[str] = set()
    for asset in OF_DOCUMENTS:
        again = gone & stored[asset].keys() - lacking[asset]
        if again:
            withdraw(instance, asset, [partition_key(document) for document in again])
            took_back = True
        gone |= lost[asset]
    of_all = gone & stored[OF_DOCUMENTS[-1]].keys() and stored[SFT_DATASET]
    if of_all and NO_DOCUMENT not in lacking[SFT_DATASET]:
        instance.wipe_assets([dg.AssetKey.from_user_string(SFT_DATASET)])
        took_back = True
    return took_back


def _report(
    run: StageRun, instance: dg.DagsterInstance, asset: str, found: Sequence[Difference]
) -> None:
    missing = {each.document: each.stored for each in found if each.stored is not None}
    unfounded = [each.document for each in found if each.stored is None]
    if asset == DOCUMENTS:
        report_events(instance, sources_seen(missing))
    elif missing and asset in PROMOTED.values():
        _report_whole(instance, {asset: missing[NO_DOCUMENT]})
    elif missing and is_stage(asset):
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
