"""The asset ``cst_nodes``."""

from functools import partial

import dagster as dg

from augcon_assets.defs.assets.document_asset import (
    Results,
    document_asset,
    materialize_documents,
)
from augcon_assets.resources import WorkspaceResource
from augcon_lib.stages.cst_nodes import run_cst_nodes
from augcon_lib.stages.sources import stale_at


@document_asset("cst_nodes", {"duckdb", "openai"})
def cst_nodes(context: dg.AssetExecutionContext, workspace: WorkspaceResource) -> Results:
    """Context-Split-Trees: one query for each node, from the whole root context to its details.

    The model writes a query for each root context and splits it in two, then does the same with
    each part (Algorithm 1). Trees are sampled again until their distinct queries fill the quota.
    """
    yield from materialize_documents(
        context, workspace, run_cst_nodes, partial(stale_at, "cst_nodes")
    )
