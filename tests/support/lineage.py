"""What Dagster shows of a workspace, and how it differs from what the warehouse holds."""

import dagster as dg

from augcon_assets.instance.lineage import Difference, differences
from augcon_assets.instance.sync import sync_partitions
from augcon_lib.pipeline import CHOICES
from augcon_lib.stages.stage_run import StageRun
from augcon_lib.warehouse.versions import latest_version
from augcon_lib.workspace import Workspace
from tests.support.workspaces import TIDES

WHOLE = (*CHOICES, "sft_dataset")
PAGES = {f"page {number}.md": TIDES.replace("Bristol", f"Port {number}") for number in range(9)}


def found(workspace: Workspace, instance: dg.DagsterInstance) -> list[Difference]:
    return differences(StageRun(workspace), instance)


def sync(workspace: Workspace, instance: dg.DagsterInstance) -> None:
    sync_partitions(StageRun(workspace), instance)


def shown(instance: dg.DagsterInstance, asset: str) -> set[str]:
    return instance.get_materialized_partitions(dg.AssetKey(asset))


def dataset(workspace: Workspace) -> tuple[str, int]:
    version = latest_version(StageRun(workspace).warehouse)
    assert version is not None
    return version.dataset_version, version.total
