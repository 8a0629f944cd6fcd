"""The asset ``documents``."""

from collections.abc import Iterator

import dagster as dg

from augcon_assets.assets.document_asset import OWNERS
from augcon_assets.events import SOURCES_CODE_VERSION, no_event_of_its_own, sources_seen
from augcon_assets.inputs import GROUP
from augcon_assets.partitions import document_id, documents_partitions
from augcon_assets.resources import WorkspaceResource
from augcon_lib.stages.store import list_sources


@dg.asset(
    partitions_def=documents_partitions,
    backfill_policy=dg.BackfillPolicy.single_run(),
    group_name=GROUP,
    kinds={"file"},
    owners=OWNERS,
    code_version=SOURCES_CODE_VERSION,
)
def documents(
    context: dg.AssetExecutionContext, workspace: WorkspaceResource
) -> Iterator[dg.MaterializeResult]:
    """The files and rows of the store; the data version of each is the hash of its bytes.

    Sensor and commands tell of each change by themselves; to materialize one looks at it again.
    """
    sources = list_sources(workspace.stage_run(context)).source_hashes
    wanted = [document_id(key) for key in context.partition_keys]
    for event in sources_seen({d: sources[d] for d in wanted if d in sources}):
        context.log_event(event)
    yield no_event_of_its_own()
