"""The invariant: Dagster's records match the warehouse.

For each stage and document (and each asset as a whole, and each document's source) the data version
of the latest materialization equals the output hash in the warehouse, and nothing else is
materialized. Both sides are read each time; no cached state says "unchanged".
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import dagster as dg

from augcon_assets.inputs import DOCUMENTS, PROMOTED
from augcon_assets.instance.event_index import recorded_versions
from augcon_assets.partitions import document_id, partition_key
from augcon_lib.pipeline import DOCUMENT_STAGES, STAGE_NAMES
from augcon_lib.stages.stage_run import StageRun
from augcon_lib.warehouse.choices import NO_DOCUMENT
from augcon_lib.warehouse.output_versions import Versions, output_versions, source_versions
from augcon_lib.warehouse.promotions import promoted_versions

# Assets over documents, each before those downstream of it.
OF_DOCUMENTS = (DOCUMENTS, *DOCUMENT_STAGES)
ASSETS = (DOCUMENTS, *STAGE_NAMES, *PROMOTED.values())


@dataclass(frozen=True, slots=True)
class Difference:
    """The version of *asset* (of its partition *document*) in Dagster and in the warehouse.

    ``None`` means that there is none.
    """

    asset: str
    document: str
    recorded: str | None
    stored: str | None

    def __str__(self) -> str:
        of = f" of {self.document}" if self.document else ""
        shows = "nothing" if self.recorded is None else self.recorded or "no version"
        return f"{self.asset}{of}: Dagster shows {shows}, stored: {self.stored or 'nothing'}"


def differences(run: StageRun, instance: dg.DagsterInstance) -> list[Difference]:
    """Return where Dagster and the warehouse differ; empty if the invariant is met.

    Waits for a process that has stored a result and is about to record it. Calls no model.
    """
    if not differences_now(run, instance):
        return []
    with run.recording():
        return differences_now(run, instance)


def differences_now(run: StageRun, instance: dg.DagsterInstance) -> list[Difference]:
    """Return :func:`differences` without waiting: exact only inside ``run.recording()``."""
    stored = stored_versions(run)
    keys: dict[str, str] = {NO_DOCUMENT: NO_DOCUMENT}
    for versions in stored.values():
        for document in versions.keys() - keys.keys():
            keys[document] = partition_key(document)
    recorded = recorded_versions(instance, ASSETS)
    return [
        difference
        for asset in ASSETS
        for difference in _compare(
            asset, recorded[asset], {keys[d]: version for d, version in stored[asset].items()}
        )
    ]


def stored_versions(run: StageRun) -> dict[str, Versions]:
    """Return the stored versions by asset and document; ``None`` matches any version."""
    if not run.workspace.warehouse_path.exists():
        return {asset: {} for asset in ASSETS}
    with run.warehouse.still() as warehouse:
        outputs = output_versions(warehouse)
        promoted = promoted_versions(warehouse)
        found = {DOCUMENTS: source_versions(warehouse)}
    found |= {stage: outputs.get(stage, {}) for stage in STAGE_NAMES}
    for stage, asset in PROMOTED.items():
        found[asset] = {NO_DOCUMENT: promoted[stage]} if stage in promoted else {}
    return found


def _compare(
    asset: str, recorded: Mapping[str, str], stored: Mapping[str, str | None]
) -> Iterator[Difference]:
    if recorded == stored:
        return
    for key in sorted(recorded.keys() | stored.keys()):
        shown, expected = recorded.get(key), stored.get(key)
        may_differ = key in stored and expected is None
        if shown != expected and not may_differ:
            yield Difference(asset, document_id(key), shown, expected)
