"""Everything that Dagster loads; reads settings alone and opens nothing."""

import dagster as dg

from augcon_assets.defs.assets import ASSETS
from augcon_assets.defs.budget_check import budget_left
from augcon_assets.defs.evaluation import evaluate_job, evaluation
from augcon_assets.defs.jobs import JOBS
from augcon_assets.defs.lineage_check import dagster_matches_warehouse
from augcon_assets.defs.promotion import promote_job
from augcon_assets.defs.retirement import retire_job, retirement_agreed
from augcon_assets.defs.sensors import daily_sync, follow_store, weekly_retrain
from augcon_assets.inputs import EXTERNAL
from augcon_assets.resources import WorkspaceResource
from augcon_lab.definitions import STUDY_JOBS

defs = dg.Definitions(
    assets=[*EXTERNAL, *ASSETS, evaluation],
    asset_checks=[dagster_matches_warehouse, retirement_agreed, budget_left],
    jobs=[*JOBS, promote_job, retire_job, evaluate_job, *STUDY_JOBS],
    sensors=[follow_store],
    schedules=[daily_sync, weekly_retrain],
    resources={"workspace": WorkspaceResource()},
    executor=dg.in_process_executor,
)
