"""The product's definitions, whose sensor may tick at every turn of the daemon (each 5 s).

The product's own sensor ticks each 30 s; everything else, its function too, is the product's.
"""

import dagster as dg

from augcon_assets import definitions
from augcon_assets.defs.jobs import JOBS
from augcon_assets.defs.sensors import follow_store

quick = dg.SensorDefinition(
    name=follow_store.name,
    evaluation_fn=follow_store._raw_fn,
    jobs=JOBS,
    minimum_interval_seconds=1,
    default_status=follow_store.default_status,
)
defs = dg.Definitions(
    assets=definitions.defs.assets,
    asset_checks=definitions.defs.asset_checks,
    jobs=definitions.defs.jobs,
    sensors=[quick],
    schedules=definitions.defs.schedules,
    resources=definitions.defs.resources,
    executor=definitions.defs.executor,
)
