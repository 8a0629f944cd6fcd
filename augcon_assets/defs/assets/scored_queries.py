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
    """Every query with its score and rank; selected, or left out with a reason.

    Ranked by the scorer within each root context and kept greedily while ROUGE-L precision
    against every kept one is below the limit, up to the quota. Asks the model nothing.
    """
    yield from materialize_documents(
        context, workspace, run_scored_queries, partial(stale_at, "scored_queries")
    )
