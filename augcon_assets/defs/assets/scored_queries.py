"""The asset ``scored_queries``."""

from functools import partial

import dagster as dg

from augcon_assets.defs.assets.document_asset import (
    Results,
    document_asset,
    materialize_documents,
)
from augcon_assets.resources import WorkspaceResource
from augcon_lib.stages.scored_queries import run_scored_queries
from augcon_lib.stages.sources import stale_at


@document_asset("scored_queries", {"duckdb", "scikitlearn"})
def scored_queries(context: dg.AssetExecutionContext, workspace: WorkspaceResource) -> Results:
    """Every query with its score and rank: selected, or left out with a reason.

    The scorer ranks the queries of each root context. A query is selected if its ROUGE-L precision
    against every selected one is below the limit, up to the quota. Does not call the model.
    """
    yield from materialize_documents(
        context, workspace, run_scored_queries, partial(stale_at, "scored_queries")
    )
