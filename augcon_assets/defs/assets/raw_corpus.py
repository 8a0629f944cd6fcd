"""The asset ``raw_corpus``."""

from collections.abc import Sequence

import dagster as dg

from augcon_assets.defs.assets.document_asset import (
    Results,
    document_asset,
    materialize_documents,
)
from augcon_assets.resources import WorkspaceResource
from augcon_lib.documents import StoreListing
from augcon_lib.errors import StoreError
from augcon_lib.stages.raw_corpus import run_raw_corpus
from augcon_lib.stages.sources import see_sources, stale_sources
from augcon_lib.stages.stage_run import StageReport, StageRun


@document_asset("raw_corpus", {"duckdb", "file"})
def raw_corpus(context: dg.AssetExecutionContext, workspace: WorkspaceResource) -> Results:
    """The documents of the store as text: decoded, converted, normalised.

    A document that cannot be read becomes a row of `rejections` with its reason; the run continues
    with the others.
    """
    listings: list[StoreListing] = []  # list the store once for both functions

    def only_stale(run: StageRun, document_ids: Sequence[str]) -> Sequence[str]:
        listings.append(see_sources(run))
        return stale_sources(run, listings[0], document_ids)

    def read(run: StageRun, document_ids: Sequence[str]) -> StageReport:
        return _read(run, listings[0] if listings else see_sources(run), document_ids)

    yield from materialize_documents(context, workspace, read, only_stale)


def _read(run: StageRun, listing: StoreListing, document_ids: Sequence[str]) -> StageReport:
    requested = set(document_ids)
    entries = [e for e in listing.entries if e.document_id in requested]
    missing = requested - {entry.document_id for entry in entries}
    if missing:
        raise StoreError(
            f"{sorted(missing)[0]} is not in the store {run.settings.source.uri} any more"
            f" ({len(missing)} such partitions); to update the dataset: augcon run"
        )
    return run_raw_corpus(run, entries)
