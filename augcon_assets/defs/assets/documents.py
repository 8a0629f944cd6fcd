"""The asset ``documents``."""

from collections.abc import Iterator

import dagster as dg

from augcon_assets.defs.assets.document_asset import OWNERS
from augcon_assets.inputs import DOCUMENTS, GROUP
from augcon_assets.instance.event_log import log_events
from augcon_assets.instance.materializations import (
    SOURCES_CODE_VERSION,
    no_event_of_its_own,
    sources_seen,
)
from augcon_assets.partitions import document_id, documents_partitions
from augcon_assets.resources import WorkspaceResource
from augcon_lib.stages.sources import see_sources


@dg.multi_asset(
    name="list_documents",  # a job is already named documents
    specs=[
        dg.AssetSpec(
            DOCUMENTS,
            description="The files and rows of the store; the data version of each is the hash of "
            "its bytes. Sensor and commands report changes; materialize a partition to check it "
            "now.",
            group_name=GROUP,
            kinds={"file"},
            owners=OWNERS,
            code_version=SOURCES_CODE_VERSION,
        )
    ],
    partitions_def=documents_partitions,
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def documents(
    context: dg.AssetExecutionContext, workspace: WorkspaceResource
) -> Iterator[dg.MaterializeResult[None]]:
    """Record the current source versions of the run's documents."""
    run = workspace.stage_run(context)
    with run.recording():
        sources = see_sources(run).source_hashes
        requested = [document_id(key) for key in context.partition_keys]
        log_events(context, sources_seen({d: sources[d] for d in requested if d in sources}))
    yield no_event_of_its_own()
