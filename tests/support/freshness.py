"""What Dagster's UI says of partitions: the same resolver that answers its GraphQL."""

import dagster as dg
from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleStatus
from dagster._core.loader import LoadingContextForTest

from augcon_assets.definitions import defs
from augcon_assets.partitions import partition_key
from augcon_lib.pipeline import CHOICES, DOCUMENT_STAGES
from tests.support.workspaces import GOOD

Causes = dict[tuple[str, str], list[str]]


def causes_in_ui(instance: dg.DagsterInstance) -> Causes:
    """What is stale in the UI, by asset and partition (or ""), with what the UI says of it."""
    resolver = CachingStaleStatusResolver(
        instance, defs.resolve_asset_graph(), LoadingContextForTest(instance)
    )
    found: Causes = {}
    for asset in (*DOCUMENT_STAGES, *CHOICES, "sft_dataset"):
        for document in GOOD if asset in DOCUMENT_STAGES else ("",):
            key = dg.AssetKey(asset), partition_key(document) if document else None
            status = resolver.get_status(*key)
            if status != StaleStatus.FRESH:
                reasons = resolver.get_stale_root_causes(*key)
                found[asset, document] = [
                    f"{cause.asset_key.to_user_string()} {cause.reason}" for cause in reasons
                ] or [status.value]
    return found


def event_count(instance: dg.DagsterInstance) -> int:
    """How many materializations there are."""
    found = 0
    for node in defs.resolve_asset_graph().asset_nodes:
        found += len(instance.fetch_materializations(node.key, limit=1000).records)
    return found
