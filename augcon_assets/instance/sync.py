"""Follow the store: keep the partitions equal to its documents, and tag runs of what is stale."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import dagster as dg
from dagster._core.storage.tags import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
)

from augcon_assets.instance.budget import report_budget
from augcon_assets.instance.event_log import delete_partitions
from augcon_assets.instance.reporting import report_inputs, report_stored
from augcon_assets.instance.retirements import report_retirements
from augcon_assets.instance.turn import Turn
from augcon_assets.partitions import DOCUMENTS, document_id, partition_key
from augcon_assets.resources import SESSION_TAG
from augcon_lib.stages.sources import sync_sources
from augcon_lib.stages.stage_run import StageRun
from augcon_lib.staleness.retirement import Retirement
from augcon_lib.staleness.run_plan import PlannedRun


@dataclass(frozen=True)
class Store:
    """The listed store: source hashes by document id, and documents that are new or deleted.

    ``held`` are documents that left the store and wait for consent to be retired.
    """

    sources: Mapping[str, str]
    added: Sequence[str]
    deleted: Sequence[str]
    held: Retirement | None = None
    unmatched_patterns: Sequence[str] = ()


def sync_partitions(
    run: StageRun,
    instance: dg.DagsterInstance,
    *,
    hold: bool = False,
    turn: Turn | None = None,
) -> Store:
    """List the store and make the partitions equal to its documents; retire those that left.

    If too many left to retire them without consent, raises ``RetirementHeld``, or with *hold*
    continues with the documents that are still in the store (``sync_sources``).

    Also updates Dagster's records of the inputs and of the warehouse, even if the instance was lost
    or the store cannot be listed.

    The store is always listed completely, and documents leave the warehouse in one transaction: an
    incomplete listing would retire documents it did not reach. The work in Dagster is done while
    *turn* has time; ``turn.left`` is the number of documents left for the next sync.

    Raises ``StoreError`` if the store cannot be listed; no partition is changed then.
    """
    turn = turn or Turn()
    try:
        listing, gone, added, held = sync_sources(run, hold=hold)
    finally:
        report_retirements(run, instance)
        report_changes(run, instance, turn)
    sources = listing.source_hashes
    before = set(documents_in_order(instance))
    missing = [partition_key(document) for document in sources if document not in before]
    for some in turn.pieces(missing):
        instance.add_dynamic_partitions(DOCUMENTS, some)
    deleted = [] if held else sorted(before - set(sources) | set(gone))
    for some in turn.pieces([partition_key(d) for d in deleted]):
        delete_partitions(instance, DOCUMENTS, some)
    return Store(sources, added, deleted, held, listing.unmatched_patterns)


def report_changes(run: StageRun, instance: dg.DagsterInstance, turn: Turn | None = None) -> None:
    """Update Dagster's records of inputs, budget and warehouse."""
    report_budget(run.workspace, instance)
    report_inputs(run, instance)
    report_stored(run, instance, turn)


def documents_in_order(instance: dg.DagsterInstance) -> list[str]:
    """Return the documents that have a partition, in order of creation of the partitions."""
    return [document_id(key) for key in instance.get_dynamic_partitions(DOCUMENTS)]


def run_tags(planned: PlannedRun, session_id: str) -> dict[str, str]:
    """Return the tags of *planned*: its session, and its range of partitions."""
    tags = {SESSION_TAG: session_id}
    if planned.first:
        tags[ASSET_PARTITION_RANGE_START_TAG] = partition_key(planned.first)
        tags[ASSET_PARTITION_RANGE_END_TAG] = partition_key(planned.last)
    return tags
