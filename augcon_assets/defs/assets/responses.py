"""The asset ``responses``."""

from functools import partial

import dagster as dg

from augcon_assets.defs.assets.document_asset import (
    Results,
    document_asset,
    materialize_documents,
)
from augcon_assets.resources import WorkspaceResource
from augcon_lib.stages.responses import run_responses
from augcon_lib.stages.sources import stale_at


@document_asset("responses", {"duckdb", "openai"})
def responses(context: dg.AssetExecutionContext, workspace: WorkspaceResource) -> Results:
    """The answer to every selected query, from its node's own context.

    The prompt contains the principles and the chosen few-shot examples; they are not stored.
    """
    yield from materialize_documents(
        context, workspace, run_responses, partial(stale_at, "responses")
    )
