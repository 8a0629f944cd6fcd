"""Read and withdraw the latest materializations in Dagster's event log, many partitions at once.

Dagster queries its storage for one asset at a time, twice. One statement over its tables takes a
quarter of that time. No other module reads these tables.
"""

from collections.abc import Collection, Sequence

import dagster as dg
import sqlalchemy as sql
from dagster._core.definitions.data_version import DATA_VERSION_TAG
from dagster._core.storage.event_log import SqlEventLogStorage
from dagster._core.storage.event_log.schema import (
    AssetEventTagsTable,
    SqlEventLogStorageTable,
)

from augcon_lib.stages.document_pool import batches

# Each statement is a separate transaction: others may write to the index in between.
KEYS_PER_STATEMENT = 1_000
# The "partition" of an event of an asset as a whole.
WHOLE = ""

_LOGS, _TAGS = SqlEventLogStorageTable.c, AssetEventTagsTable.c


def recorded_versions(
    instance: dg.DagsterInstance, assets: Collection[str]
) -> dict[str, dict[str, str]]:
    """Return the data version of the latest materialization, by asset and partition (or ``WHOLE``).

    The version is empty if the event has none or several. A partition that was never materialized,
    or was wiped since, is omitted.
    """
    storage = _storage(instance)
    keys = [dg.AssetKey.from_user_string(name) for name in assets]
    names = {key.to_string(): name for key, name in zip(keys, assets, strict=True)}
    latest = (
        sql.select(_LOGS.asset_key, _LOGS.partition, sql.func.max(_LOGS.id).label("id"))
        .where(_LOGS.asset_key.in_(names), _LOGS.dagster_event_type == _MATERIALIZATION)
        .group_by(_LOGS.asset_key, _LOGS.partition)
    )
    wiped = storage._get_assets_details(keys)
    events = storage._add_assets_wipe_filter_to_query(latest, wiped, keys).subquery()
    has_version = (events.c.id == _TAGS.event_id) & (_TAGS.key == DATA_VERSION_TAG)
    query = sql.select(events.c.asset_key, events.c.partition, _TAGS.value).select_from(
        events.outerjoin(AssetEventTagsTable, has_version)
    )
    found: dict[str, dict[str, str]] = {name: {} for name in assets}
    with storage.index_connection() as connection:
        rows = connection.execute(query).fetchall()
    for asset, partition, version in rows:
        of_asset = found[names[asset]]
        key = partition or WHOLE
        of_asset[key] = "" if key in of_asset else version or ""
    return found


def withdraw(instance: dg.DagsterInstance, asset: str, keys: Sequence[str]) -> None:
    """Remove the materializations of the partitions *keys* of *asset* from the index.

    Dagster then shows them as never materialized. The logs of their runs are unchanged if the
    storage keeps them separately (SQLite).
    """
    storage = _storage(instance)
    key = dg.AssetKey.from_user_string(asset)
    for some in batches(keys, KEYS_PER_STATEMENT):
        delete_events(storage, key, some, [_MATERIALIZATION])
    storage.wipe_asset_cached_status(key)


def delete_events(
    storage: SqlEventLogStorage,
    asset: dg.AssetKey,
    keys: Collection[str],
    types: Collection[str] | None = None,
) -> None:
    """Delete the events of the partitions *keys* of *asset*, all or only *types*, and their tags.

    SQLite reuses the ids of deleted events: a tag that remained would belong to a later event.
    """
    these = [_LOGS.asset_key == asset.to_string(), _LOGS.partition.in_(keys)]
    if types is not None:
        these.append(_LOGS.dagster_event_type.in_(types))
    with storage.index_connection() as connection:
        ids = sql.select(_LOGS.id).where(*these)
        connection.execute(AssetEventTagsTable.delete().where(_TAGS.event_id.in_(ids)))
        connection.execute(SqlEventLogStorageTable.delete().where(*these))


_MATERIALIZATION = dg.DagsterEventType.ASSET_MATERIALIZATION.value


def _storage(instance: dg.DagsterInstance) -> SqlEventLogStorage:
    storage = instance.event_log_storage
    if not isinstance(storage, SqlEventLogStorage):
        raise TypeError(
            f"{type(storage).__name__} is not an SQL event log; set event_log_storage in "
            "dagster.yaml to one"
        )
    return storage
