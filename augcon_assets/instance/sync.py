"""Following the store: partitions for its documents, and runs for what is stale."""

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
    """The store as listed: source hashes by document id, and what is new or left.

    ``held`` are documents that left and that nobody has agreed to retire.
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
    """List the store and make the partitions its documents; documents that left are forgotten.

    Where too many left to be forgotten unasked, raises ``RetirementHeld``, or with *hold* goes on
    with those that are still there (``sync_sources``).

    Dagster is made to show the inputs as they are now and what the warehouse holds, an instance
    that was lost too; also where the store cannot be listed.

    The store is always listed to its end, and documents leave the warehouse in one transaction: a
    listing that was cut short would retire what it did not reach. What follows for Dagster is done
    while *turn* goes on, and ``turn.left`` says how much the next sync finds still to be done.

    Raises ``StoreError`` where the store cannot be listed: no partition is touched then.
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
    """Make Dagster show inputs and budget as they are now, and what the warehouse holds."""
    report_budget(run.workspace, instance)
    report_inputs(run, instance)
    report_stored(run, instance, turn)


def documents_in_order(instance: dg.DagsterInstance) -> list[str]:
    """Documents with a partition, in the order in which the partitions were created."""
    return [document_id(key) for key in instance.get_dynamic_partitions(DOCUMENTS)]


def run_tags(planned: PlannedRun, session_id: str) -> dict[str, str]:
    """Tags of *planned*: its session, and its range of partitions."""
    tags = {SESSION_TAG: session_id}
    if planned.first:
        tags[ASSET_PARTITION_RANGE_START_TAG] = partition_key(planned.first)
        tags[ASSET_PARTITION_RANGE_END_TAG] = partition_key(planned.last)
    return tags
