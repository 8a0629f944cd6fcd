"""The invariant: what Dagster shows is what the warehouse holds.

For each stage and document (and each asset as a whole, and each document's source) the data version
of Dagster's latest materialization is the warehouse's output hash, and nothing else is shown as
materialized. Both are looked at as they are now; nothing that is kept beside them says "unchanged".
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

# Assets over documents, each before those that are made from it.
OF_DOCUMENTS = (DOCUMENTS, *DOCUMENT_STAGES)
ASSETS = (DOCUMENTS, *STAGE_NAMES, *PROMOTED.values())


@dataclass(frozen=True, slots=True)
class Difference:
    """What Dagster shows of *asset* (of its partition *document*), and what is stored.

    Either may be ``None``: nothing.
    """

    asset: str
    document: str
    recorded: str | None
    stored: str | None

    def __str__(self) -> str:
        of = f" of {self.document}" if self.document else ""
        shows = "nothing" if self.recorded is None else self.recorded or "no version"
        return f"{self.asset}{of}: Dagster shows {shows}, stored is {self.stored or 'nothing'}"


def differences(run: StageRun, instance: dg.DagsterInstance) -> list[Difference]:
    """Where Dagster and the warehouse differ; asks no model. Empty: the invariant holds.

    What a process has just stored and is about to record is waited for.
    """
    if not differences_now(run, instance):
        return []
    with run.recording():
        return differences_now(run, instance)


def differences_now(run: StageRun, instance: dg.DagsterInstance) -> list[Difference]:
    """:func:`differences` without waiting: exact only inside of ``run.recording()``."""
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
    """The version of everything stored, by asset and document; ``None``: any version may be."""
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
        shown, held = recorded.get(key), stored.get(key)
        may_differ = key in stored and held is None
        if shown != held and not may_differ:
            yield Difference(asset, document_id(key), shown, held)
