"""Materialization events, one per document, each with its own data version.

A step over many partitions would give all of them one data version, including those that failed
or were skipped. So the step's own output records no event, and every document that succeeded gets
an explicit one (docs/decisions.md; a test counts the events). The input versions of an event come
from the warehouse: what the rows were made from, not what is current.
"""

from collections.abc import Collection, Mapping

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

from augcon_assets.inputs import DOCUMENTS, READ, UPSTREAM, input_versions
from augcon_assets.metadata import Metadata
from augcon_assets.partitions import partition_key
from augcon_lib.pipeline import StageName
from augcon_lib.warehouse.partitions import PartitionState

# SQLite binds 32,766 values at most; above a few thousand keys, scanning all is as fast.
MAX_QUERIED_KEYS = 5_000

SOURCES_CODE_VERSION = "1"

States = Mapping[tuple[StageName, str], PartitionState]


def no_event_of_its_own() -> dg.MaterializeResult[None]:
    """Return the output of a step that logs its own events: it records no further event."""
    return dg.MaterializeResult(metadata={SYSTEM_METADATA_KEY_SOURCE_ASSET_OBSERVATION: True})


def versions(data_version: str) -> dict[str, str]:
    """Return the event tags that set the data version of an asset or partition."""
    return {DATA_VERSION_TAG: data_version, DATA_VERSION_IS_USER_PROVIDED_TAG: "true"}


def materializations(
    instance: dg.DagsterInstance,
    stage: StageName,
    made: Mapping[str, Metadata],
    states: States,
) -> list[dg.AssetMaterialization]:
    """Return one event per document of *made* (or ``NO_DOCUMENT``), with metadata and versions.

    An event contains the versions of its inputs and points to their events. So the events of one
    stage must be stored before those of the next are created.
    """
    keys = {document: partition_key(document) for document in made if document}
    latest = latest_versions(instance, UPSTREAM[stage])
    of_documents = {name: latest_events(instance, name, set(keys.values())) for name in READ[stage]}

    def tags(document: str) -> dict[str, str]:
        state = states[stage, document]
        made_from = input_versions(stage, state.inputs)
        found = {**versions(state.output_hash), CODE_VERSION_TAG: state.inputs["code"]}
        for name, (version, pointer) in latest.items():
            # An input that a comparison strategy does not use counts as unchanged.
            found |= _made_from(name, made_from.get(name, version), pointer)
        for name, pointers in of_documents.items():
            # A stage over all documents has read all events up to the latest one.
            pointer = (
                pointers.get(keys[document]) if document else max(pointers.values(), default=None)
            )
            found |= _made_from(name, made_from.get(name, ""), pointer)
        return found

    return [
        dg.AssetMaterialization(
            asset_key=stage, partition=keys.get(document), metadata=metadata, tags=tags(document)
        )
        for document, metadata in made.items()
    ]


def sources_seen(sources: Mapping[str, str]) -> list[dg.AssetMaterialization]:
    """Return one event per document of the store, with the hash of its source as data version."""
    return [
        dg.AssetMaterialization(
            DOCUMENTS,
            partition=partition_key(document),
            metadata={"document_id": document},
            tags={**versions(version), CODE_VERSION_TAG: SOURCES_CODE_VERSION},
        )
        for document, version in sources.items()
    ]


def latest_versions(
    instance: dg.DagsterInstance, assets: Collection[str]
) -> dict[str, tuple[str, int | None]]:
    """Return data version and storage id of the latest event of each unpartitioned asset.

    Takes one query. An asset without an event has an empty version.
    """
    keys = [dg.AssetKey.from_user_string(name) for name in assets]
    found: dict[str, tuple[str, int | None]] = dict.fromkeys(assets, ("", None))
    for record in instance.get_asset_records(keys):
        entry = record.asset_entry
        if entry.last_materialization is not None:
            event = entry.last_materialization.asset_materialization
            version = (event.tags or {}).get(DATA_VERSION_TAG, "") if event else ""
            name = entry.asset_key.to_user_string()
            found[name] = (version, entry.last_materialization_storage_id)
    return found


def few(keys: Collection[str]) -> list[str] | None:
    """Return *keys* to query only these partitions, or ``None`` (all) if there are too many."""
    return list(keys) if len(keys) <= MAX_QUERIED_KEYS else None


def _made_from(name: str, version: str, pointer: int | None) -> dict[str, str]:
    key = dg.AssetKey.from_user_string(name)
    return {
        get_input_data_version_tag(key): version,
        get_input_event_pointer_tag(key): str(pointer) if pointer else NULL_EVENT_POINTER,
    }


def latest_events(instance: dg.DagsterInstance, asset: str, keys: set[str]) -> Mapping[str, int]:
    """Return the storage id of the latest event of *asset* by partition; no *keys* means all."""
    kind = dg.DagsterEventType.ASSET_MATERIALIZATION
    return instance.event_log_storage.get_latest_storage_id_by_partition(
        dg.AssetKey.from_user_string(asset), kind, set(few(keys) or ())
    )
