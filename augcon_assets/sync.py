"""Following the store: partitions for its documents, and runs for what is stale."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import dagster as dg
from dagster._core.storage.tags import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
)

from augcon_assets.event_log import KEYS_PER_STATEMENT, delete_partitions
from augcon_assets.partitions import DOCUMENTS, document_id, partition_key
from augcon_assets.reconcile import PlannedRun
from augcon_assets.reporting import (
    report_inputs,
    report_store,
    restore_documents,
    restore_whole_assets,
)
from augcon_assets.resources import SESSION_TAG
from augcon_assets.retirement import report_retirements
from augcon_lib.retirement import Retirement
from augcon_lib.stages.documents_at_once import batches
from augcon_lib.stages.stage_run import StageRun
from augcon_lib.stages.store import sync_sources
from augcon_lib.warehouse.partitions import load_states


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


def sync_partitions(run: StageRun, instance: dg.DagsterInstance, *, hold: bool = False) -> Store:
    """List the store and make the partitions its documents; documents that left are forgotten.

    Where too many left to be forgotten unasked, raises ``RetirementHeld``, or with *hold* goes on
    with those that are still there (``sync_sources``).

    The instance is told of inputs that changed, and of what the warehouse holds and it does not
    know: an instance that was lost is whole again after it.

    Raises ``StoreError`` where the store cannot be listed: no partition is touched then.
    """
    try:
        listing, gone, added, held = sync_sources(run, hold=hold)
    finally:
        report_retirements(run, instance)
    sources = listing.source_hashes
    before = set(documents_in_order(instance))
    report_inputs(run, instance)
    report_store(instance, sources)
    missing = [document for document in sources if document not in before]
    states = load_states(run.warehouse, missing)
    restore_documents(instance, missing, states)
    restore_whole_assets(instance, states)
    # Told of first: a sync that is killed in between restores them again.
    for some in batches([partition_key(d) for d in missing], KEYS_PER_STATEMENT):
        instance.add_dynamic_partitions(DOCUMENTS, some)
    deleted = [] if held else sorted(before - set(sources) | set(gone))
    delete_partitions(instance, DOCUMENTS, [partition_key(d) for d in deleted])
    return Store(sources, added, deleted, held, listing.unmatched_patterns)


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
