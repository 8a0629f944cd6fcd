"""The inputs of the assets as upstream assets: documents, model, prompts, settings, choices.

Each input is an asset, so that the UI names what changed. All of them are external assets, except
the documents (``defs/assets/documents.py``). ``augcon_lib.fingerprints.stage_inputs`` alone decides
which stage depends on which input; this module only maps the named inputs to asset names.
"""

from collections import defaultdict
from collections.abc import Mapping
from itertools import pairwise

import dagster as dg

from augcon_lib.fingerprints import (
    DOCUMENT,
    Versions,
    fingerprint,
    stage_inputs,
)
from augcon_lib.pipeline import DOCUMENT_STAGES, RESPONSES, STAGE_NAMES, StageName
from augcon_lib.settings import Settings
from augcon_lib.stages.stage_run import StageRun

GROUP = "inputs"
DOCUMENTS = "documents"
# Stages whose versions take effect once they are promoted, and the asset of the active version.
PROMOTED: dict[StageName, str] = {
    "query_scorer": "promoted_query_scorer",
    "few_shot_examples": "promoted_few_shot_examples",
}
_NAMED = {
    "model": "model",
    "principles": "principles",
    "few-shot examples": "examples",
    "scorer": PROMOTED["query_scorer"],
    "few-shot choice": PROMOTED["few_shot_examples"],
}
# Hashes over the data of all documents: upstream assets already represent them.
_OF_ALL_DOCUMENTS = {
    "trees",
    "responses",
    "document metadata",
    "documents",
    "failed documents",
}
_CODE = "code"  # Dagster has its own code version for it
# Parts of packages count as libraries; the converter of one document has no asset upstream.
_LIBRARIES = ("library ", "store ", "strategy ", "gate ")
_CONVERTER = "converter "
_DESCRIPTIONS = {
    "model": "Provider and name of the model.",
    "principles": "The principles that precede every answer (`principles.md`).",
    "examples": "The human-written examples (`examples.jsonl`).",
    PROMOTED["query_scorer"]: "The active version of the scorer: the one promoted last.",
    PROMOTED["few_shot_examples"]: "The active choice of few-shot examples: the one promoted last.",
}
_KINDS = {
    "model": {"openai"},
    "principles": {"markdown"},
    "examples": {"json"},
}


def input_versions(stage: StageName, inputs: Mapping[str, str]) -> dict[str, str]:
    """Return the data versions of the assets upstream of *stage*, by name, from its named inputs.

    Extra inputs of a comparison strategy are part of the version of the stage's settings.
    """
    by_asset: dict[str, dict[str, str]] = defaultdict(dict)
    for name, value in inputs.items():
        if not (name == _CODE or name in _OF_ALL_DOCUMENTS or name.startswith(_CONVERTER)):
            asset = _asset_of(stage, name)
            usual = asset in UPSTREAM[stage] or name == DOCUMENT
            by_asset[asset if usual else _settings_of(stage)][name] = value
    return {asset: _version(stage, named) for asset, named in by_asset.items()}


def current_versions(run: StageRun) -> dict[str, str]:
    """Return the current data version of every unpartitioned input.

    An input that does not exist yet, such as an active scorer, is omitted.
    """
    versions = run.versions()
    found: dict[str, str] = {}
    for stage in STAGE_NAMES:
        now = stage_inputs(stage, run.settings, versions)
        found = input_versions(stage, now) | found
    return {name: version for name, version in found.items() if version}


def upstream_assets(stage: StageName) -> list[dg.AssetDep]:
    """Return what the asset *stage* depends on: its inputs, and the assets it reads."""
    inputs = [dg.AssetDep(_key(name)) for name in sorted(UPSTREAM[stage])]
    return [*inputs, *READ[stage].values()]


def _asset_of(stage: StageName, name: str) -> str:
    if name == DOCUMENT:
        place = DOCUMENT_STAGES.index(stage)
        return DOCUMENT_STAGES[place - 1] if place else DOCUMENTS
    if name.startswith("prompt "):
        return f"{name.removeprefix('prompt ')}_prompt"
    if name.startswith(_LIBRARIES):
        return f"{stage}_libraries"
    return _NAMED.get(name, _settings_of(stage))


def _settings_of(stage: StageName) -> str:
    return f"{stage}_settings"


def _version(stage: StageName, named: Mapping[str, str]) -> str:
    """Return the version of a single input unchanged (stages share it); hash several inputs."""
    if len(named) == 1 and not any(name.startswith(("setting ", "library ")) for name in named):
        return next(iter(named.values()))
    return fingerprint(stage, named)


def _usual_inputs(stage: StageName) -> set[str]:
    """Return the names of the inputs of *stage* under default settings."""
    nothing = Versions(defaultdict(str), "", defaultdict(str), "", "")
    names = set(stage_inputs(stage, Settings.model_construct(), nothing)) - {_CODE}
    return {_asset_of(stage, name) for name in names}


def _key(name: str) -> dg.AssetKey:
    return dg.AssetKey.from_user_string(name)


def _spec(name: str) -> dg.AssetSpec:
    stage = name.removesuffix("_settings")
    prompt = name.removesuffix("_prompt")
    used_by = name.removesuffix("_libraries")
    if used_by != name:
        description, kinds = f"The versions of the libraries that affect `{used_by}`.", {"python"}
    elif stage != name:
        description, kinds = f"The settings that `{stage}` depends on.", {"toml"}
    elif prompt != name:
        description, kinds = f"The prompt `{prompt}`, in all languages.", {"markdown"}
    else:
        description, kinds = _DESCRIPTIONS[name], _KINDS.get(name, set())
    return dg.AssetSpec(
        _key(name),
        deps=[stage for stage, promoted in PROMOTED.items() if promoted == name],
        description=description,
        group_name=GROUP,
        kinds=kinds,
    )


# The scorer is not retrained for each tree, so no partition of the trees makes it stale.
_NO_PARTITION = dg.SpecificPartitionsPartitionMapping([])

READ: Mapping[str, Mapping[str, dg.AssetDep]] = {
    "raw_corpus": {DOCUMENTS: dg.AssetDep(DOCUMENTS)},
    **{stage: {before: dg.AssetDep(before)} for before, stage in pairwise(DOCUMENT_STAGES)},
    "query_scorer": {"cst_nodes": dg.AssetDep("cst_nodes", partition_mapping=_NO_PARTITION)},
    "few_shot_examples": {},
    "sft_dataset": {RESPONSES: dg.AssetDep(RESPONSES)},
}
"""The document data that each stage reads, by the name of the asset."""

UPSTREAM: Mapping[str, frozenset[str]] = {
    stage: frozenset(_usual_inputs(stage)) for stage in STAGE_NAMES
}
"""The unpartitioned inputs of each stage."""

UNPARTITIONED_INPUTS = tuple(sorted(frozenset().union(*UPSTREAM.values())))
EXTERNAL = [_spec(name) for name in UNPARTITIONED_INPUTS]
