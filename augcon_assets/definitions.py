"""Everything that Dagster loads; reads no file and opens nothing."""

import dagster as dg

from augcon_assets.assets import ASSETS
from augcon_assets.jobs import JOBS
from augcon_assets.resources import WorkspaceResource
from augcon_assets.sensors import daily_sync, follow_store

defs = dg.Definitions(
    assets=ASSETS,
    jobs=JOBS,
    sensors=[follow_store],
    schedules=[daily_sync],
    resources={"workspace": WorkspaceResource()},
    executor=dg.in_process_executor,
)
