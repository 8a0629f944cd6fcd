"""Compare the expected inputs of every partition with its stored inputs."""

from collections.abc import Mapping
from itertools import pairwise

from augcon_lib.extensions import suffix_of
from augcon_lib.fingerprints import (
    DOCUMENT,
    Inputs,
    Versions,
    changes,
    document_fingerprint,
    extension_input,
    fingerprint,
    reasons_to_make,
    shared_fingerprint,
    stage_inputs,
)
from augcon_lib.pipeline import DOCUMENT_STAGES, RAW_CORPUS, STAGE_NAMES, StageName
from augcon_lib.settings import Settings
from augcon_lib.warehouse.partitions import FAILED, OK, PartitionState

States = Mapping[tuple[StageName, str], PartitionState]


class Expectation:
    """The expected inputs of every partition, under given settings and versions."""

    def __init__(self, settings: Settings, versions: Versions, states: States) -> None:
        self._states = states
        self._fresh: dict[tuple[StageName, str], bool] = {}
        self._shared = {stage: stage_inputs(stage, settings, versions) for stage in STAGE_NAMES}
        self._shared_fingerprints = {
            stage: shared_fingerprint(stage, inputs) for stage, inputs in self._shared.items()
        }
        # What a package converts depends on it, too; by suffix.
        self._converted = {
            suffix: self._shared[RAW_CORPUS] | extension_input("converter", suffix, versions)
            for suffix in versions.extensions.get("converter", ())
        }

    def inputs(self, stage: StageName, document_id: str, source_sha256: str = "") -> Inputs:
        """Return the named inputs of a partition; the first stage needs the source's hash."""
        document = self._document_version(stage, document_id, source_sha256)
        return {DOCUMENT: document, **self._inputs_of(stage, document_id)}

    def is_fresh(self, stage: StageName, document_id: str, source_sha256: str = "") -> bool:
        """Whether the partition was made from its expected inputs; quicker than ``reasons``."""
        if stage == RAW_CORPUS:
            return self._is_made_from(stage, document_id, source_sha256)
        partition = (stage, document_id)
        if partition not in self._fresh:
            self._fresh[partition] = self._is_made_from(stage, document_id, "")
        return self._fresh[partition]

    def _is_made_from(self, stage: StageName, document_id: str, source_sha256: str) -> bool:
        state = self._states.get((stage, document_id))
        if state is None or state.status == FAILED:
            return False
        document = self._document_version(stage, document_id, source_sha256)
        inputs = self._inputs_of(stage, document_id)
        usual = inputs is self._shared[stage]
        shared = self._shared_fingerprints[stage] if usual else shared_fingerprint(stage, inputs)
        if state.fingerprint == document_fingerprint(shared, document):
            return True
        return not changes(state.inputs, {DOCUMENT: document, **inputs})

    def _inputs_of(self, stage: StageName, document_id: str) -> Inputs:
        """The named inputs of a partition but for the document."""
        if stage == RAW_CORPUS and self._converted:
            return self._converted.get(suffix_of(document_id), self._shared[stage])
        return self._shared[stage]

    def is_ready(self, stage: StageName, document_id: str) -> bool:
        """Whether the document is good at the previous stage."""
        before = self._state_before(stage, document_id)
        return before is not None and before.status == OK

    def in_step(self, stage: StageName, document_id: str) -> bool:
        """Whether the stages before *stage* were made one from the other, all of them good.

        False if another process has replaced an early one and not yet the later ones.
        """
        before = [
            self._states.get((each, document_id))
            for each in DOCUMENT_STAGES[: DOCUMENT_STAGES.index(stage)]
        ]
        made = [state for state in before if state is not None and state.status == OK]
        return len(made) == len(before) and all(
            later.inputs.get(DOCUMENT) == earlier.output_hash for earlier, later in pairwise(made)
        )

    def shared_inputs(self, stage: StageName) -> Inputs:
        """Return the named inputs of *stage* that all documents share."""
        return dict(self._shared[stage])

    def reasons(self, stage: StageName, document_id: str, inputs: Inputs) -> list[str]:
        """Return why the partition with these expected inputs is stale; empty if it is fresh."""
        state = self._states.get((stage, document_id))
        failed = state is not None and state.status == FAILED
        if state and not failed and state.fingerprint == fingerprint(stage, inputs):
            return []
        return reasons_to_make(stage, state.inputs if state else None, inputs, failed=failed)

    def _document_version(self, stage: StageName, document_id: str, source_sha256: str) -> str:
        if stage == RAW_CORPUS:
            return source_sha256
        before = self._state_before(stage, document_id)
        return before.output_hash if before else ""

    def _state_before(self, stage: StageName, document_id: str) -> PartitionState | None:
        return self._states.get((DOCUMENT_STAGES[DOCUMENT_STAGES.index(stage) - 1], document_id))
