"""What Dagster's event log says of each asset now, read and taken back for many partitions at once.

Dagster asks its storage about one asset at a time, in two queries; one statement over its tables
takes a quarter of that. Nothing else here reads them.
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

# Each statement is a transaction of its own: others may write to the index in between.
KEYS_PER_STATEMENT = 1_000
# The "partition" of an event of an asset as a whole.
WHOLE = ""

_LOGS, _TAGS = SqlEventLogStorageTable.c, AssetEventTagsTable.c


def recorded_versions(
    instance: dg.DagsterInstance, assets: Collection[str]
) -> dict[str, dict[str, str]]:
    """Data version of the latest materialization, by asset and partition key (or ``WHOLE``).

    Empty where that event has no version, or more than one; what was never materialized, or was
    wiped since, is not there.
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
    """Take the materializations of the partitions *keys* of *asset* out of the index.

    Dagster then shows them as never made. The logs of their runs stay as they are, where the
    storage keeps them apart (SQLite).
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
    """Delete the events of the partitions *keys* of *asset*, all or of *types*, and their tags.

    SQLite gives the numbers of deleted events to later ones: a tag that stays would be theirs.
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
        raise TypeError(f"{type(storage).__name__} is no event log in SQL; see dagster.yaml")
    return storage
