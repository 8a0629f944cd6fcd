"""Settings, versions, and states of partitions as stages leave them, without any stage."""

from collections.abc import Mapping

from augcon_lib.fingerprints import Versions, fingerprint
from augcon_lib.libraries import LIBRARIES
from augcon_lib.pipeline import DOCUMENT_STAGES
from augcon_lib.prompts import PROMPT_NAMES
from augcon_lib.settings import Settings
from augcon_lib.staleness.expected import Expectation
from augcon_lib.staleness.partitions import dataset_inputs
from augcon_lib.warehouse.choices import NO_DOCUMENT
from augcon_lib.warehouse.partitions import PartitionState

SETTINGS = Settings()
VERSIONS = Versions(
    libraries=dict.fromkeys(LIBRARIES, "1.0"),
    model="model 1",
    prompts={name: f"{name} 1" for name in PROMPT_NAMES},
    principles="principles 1",
    examples="examples 1",
    scorer="scorer 1",
    few_shot="few-shot 1",
)
SOURCES = {"a.md": "sha a", "b.md": "sha b"}


def with_setting(dotted: str, value: object) -> Settings:
    """The default settings with one of them changed."""
    section, name = dotted.split(".")
    changed = getattr(SETTINGS, section).model_copy(update={name: value})
    return SETTINGS.model_copy(update={section: changed})


def up_to_date(
    sources: Mapping[str, str] = SOURCES,
    settings: Settings = SETTINGS,
    versions: Versions = VERSIONS,
) -> dict[tuple[str, str], PartitionState]:
    """States of *sources* after everything has been made with *settings* and *versions*."""
    states: dict[tuple[str, str], PartitionState] = {}
    for document_id, source in sources.items():
        for stage in DOCUMENT_STAGES:
            inputs = Expectation(settings, versions, states).inputs(stage, document_id, source)
            states[stage, document_id] = state_of(stage, inputs, f"{stage} of {document_id}")
    expectation = Expectation(settings, versions, states)
    for stage, version in versions.active.items():
        states[stage, NO_DOCUMENT] = state_of(stage, expectation.shared_inputs(stage), version)
    inputs = dataset_inputs(expectation, states, sorted(sources), settings)
    states["sft_dataset", NO_DOCUMENT] = state_of("sft_dataset", inputs, "rows")
    return states


def state_of(stage: str, inputs: Mapping[str, str], output_hash: str) -> PartitionState:
    """The state of a partition that was made from *inputs*."""
    return PartitionState(fingerprint(stage, inputs), inputs, output_hash)
