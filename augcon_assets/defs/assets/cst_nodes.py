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

    Each root context is asked for a query and split in two, and so is each part (Algorithm 1);
    trees are repeated with another sample until their different queries fill the quota.
    """
    yield from materialize_documents(
        context, workspace, run_cst_nodes, partial(stale_at, "cst_nodes")
    )
