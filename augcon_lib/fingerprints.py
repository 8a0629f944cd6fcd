"""Change detection: what each stage's output for a document depends on, by name.

The named inputs of a partition are hashed to its fingerprint; the names are kept with it, so that
a change can be named. A stage is named after its asset and table. Names of inputs and ids of
documents are never keys of the same mapping: the versions of all documents are hashed by
:func:`documents_fingerprint`, and that is the value of one input.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from augcon_lib.extensions import GROUPS, Kind
from augcon_lib.libraries import deciding_extensions, deciding_libraries
from augcon_lib.pipeline import STAGES, StageName
from augcon_lib.records import content_id
from augcon_lib.settings import Settings

CODE_VERSIONS: dict[StageName, str] = {name: stage.code_version for name, stage in STAGES.items()}

Inputs = dict[str, str]
NEW = "new document"
FAILED_BEFORE = "failed before"
NOT_MADE_YET = "not made yet"
# The verb for an input that a person activates; any other input "changed".
_HAPPENED = {"scorer": "promoted", "few-shot choice": "promoted"}
# The one input that is a document's own: the hash of its output of the previous stage.
DOCUMENT = "document"
_LIBRARY = "library "
_SETTING = "setting "
_ADDRESS = "setting source.uri"
# The former names for the libraries, and for the code that reads documents.
_CONVERTER = "converter"


@dataclass(frozen=True, slots=True)
class Versions:
    """Everything besides documents and settings that an output can depend on.

    ``libraries`` maps a package's name to its version, ``prompts`` a prompt's name to its
    fingerprint; ``scorer`` and ``few_shot`` are those promoted last, empty until any exist.
    ``base_model`` is the revision of the transformer scorer's, empty if its name is sufficient.
    ``extensions`` are the package and version of each part that a package registers, by its name.
    """

    libraries: Mapping[str, str]
    model: str
    prompts: Mapping[str, str]
    principles: str
    examples: str
    scorer: str = ""
    few_shot: str = ""
    base_model: str = ""
    extensions: Mapping[Kind, Mapping[str, str]] = field(default_factory=dict)

    @property
    def active(self) -> dict[StageName, str]:
        """The active version of each stage whose versions are promoted."""
        return {"query_scorer": self.scorer, "few_shot_examples": self.few_shot}


def stage_inputs(stage: StageName, settings: Settings, versions: Versions) -> Inputs:
    """Return the inputs of *stage* that are the same for all documents, by name."""
    inputs: Inputs = {"code": CODE_VERSIONS[stage]}
    for name in STAGES[stage].settings:
        inputs[f"{_SETTING}{name}"] = str(_value(settings, name))
    for name in deciding_libraries(stage, settings):
        inputs[f"{_LIBRARY}{name}"] = versions.libraries[name]
    for kind, name in deciding_extensions(stage, settings):
        inputs |= extension_input(kind, name, versions)
    for name in STAGES[stage].later_settings:
        if _value(settings, name) != _default(name):
            inputs[f"{_SETTING}{name}"] = str(_value(settings, name))
    extra: dict[StageName, Inputs] = {
        # Hashed, as an address may contain a password.
        "raw_corpus": {_ADDRESS: content_id("uri", settings.source.uri)},
        "cst_nodes": _tree_inputs(settings, versions),
        "query_scorer": _scorer_inputs(settings, versions),
        "scored_queries": {"scorer": versions.scorer if settings.uses_scorer else "none"},
        "few_shot_examples": {
            "model": versions.model,
            "principles": versions.principles,
            "few-shot examples": versions.examples,
            **_prompts(versions, _answer_prompt(settings), "judgement"),
        },
        "responses": _response_inputs(settings, versions),
        "sft_dataset": _dataset_inputs(settings),
    }
    return inputs | extra[stage]


def extension_input(kind: Kind, name: str, versions: Versions) -> Inputs:
    """The input that a package's part is, named ``gate polite`` and the like; none without one.

    Its value is the package and its version, so that another package under the name counts, too.
    """
    origin = versions.extensions.get(kind, {}).get(name)
    return {f"{kind} {name}": origin} if origin else {}


def fingerprint(stage: StageName, inputs: Mapping[str, str]) -> str:
    """Return the hash of the named inputs of *stage*; ``document`` is a document's own input."""
    shared = {name: value for name, value in inputs.items() if name != DOCUMENT}
    return document_fingerprint(shared_fingerprint(stage, shared), inputs.get(DOCUMENT, ""))


def documents_fingerprint(what: str, values: Mapping[str, str]) -> str:
    """Return the hash of *what* each document has, by document id; any text can be an id."""
    return content_id(
        "documents", what, *(part for item in sorted(values.items()) for part in item)
    )


def shared_fingerprint(stage: StageName, inputs: Mapping[str, str]) -> str:
    """Return the hash of a stage's named inputs that all documents share."""
    return content_id("shared", stage, *(part for item in sorted(inputs.items()) for part in item))


def document_fingerprint(shared: str, document: str) -> str:
    """Return the :func:`fingerprint` of a document's version and the hash of the shared inputs."""
    return content_id("fingerprint", shared, document)


def changes(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    """Describe the differences between two sets of named inputs: ``document changed``, ...

    An input that an older augcon did not record counts as equal.
    """
    differing = sorted(name for name in set(old) | set(new) if old.get(name) != new.get(name))
    return [_change(name, old, new) for name in differing if not _was_unrecorded(name, old, new)]


def _was_unrecorded(name: str, old: Mapping[str, str], new: Mapping[str, str]) -> bool:
    """Whether an input appeared or disappeared with a setting, whose change is named instead."""
    if name in (_CONVERTER, _ADDRESS) or name.startswith(_LIBRARY):
        return (name in old) != (name in new)
    if not name.startswith(_SETTING) or name in old:
        return False
    default = _default(name.removeprefix(_SETTING))
    return new[name] == str(default)  # with which an older augcon had the same output


def _change(name: str, old: Mapping[str, str], new: Mapping[str, str]) -> str:
    versioned = (_LIBRARY, *(f"{kind} " for kind in GROUPS))
    if name.startswith(versioned) and name in old and name in new:
        return f"{name} changed {old[name]} -> {new[name]}"
    return f"{name} {_HAPPENED.get(name, 'changed')}"


def reasons_to_make(
    stage: StageName, before: Mapping[str, str] | None, now: Mapping[str, str], *, failed: bool
) -> list[str]:
    """Return why *stage* has to regenerate a document from *now*; empty if nothing differs.

    *before* are the inputs of the last time, ``None`` if there was none; *failed*: it failed then.
    """
    if before is None:
        return [NEW] if stage == "raw_corpus" else [NOT_MADE_YET]
    if failed:
        return [FAILED_BEFORE]
    return changes(before, now)


def _tree_inputs(settings: Settings, versions: Versions) -> Inputs:
    tree = settings.tree
    if not tree.prompt_name:
        return {}
    inputs = {"model": versions.model, **_prompts(versions, tree.prompt_name)}
    return inputs | _first_examples(settings, versions) if tree.answers_itself else inputs


def _scorer_inputs(settings: Settings, versions: Versions) -> Inputs:
    if not settings.uses_scorer:
        return {}
    ask = settings.tree.prompt_name
    base = {"base model": versions.base_model} if versions.base_model else {}
    return {"model": versions.model, **base, **_prompts(versions, ask, f"{ask}_weak")}


def _response_inputs(settings: Settings, versions: Versions) -> Inputs:
    if settings.tree.answers_itself:
        return {"answers": "the strategy's own"}
    gate = ("faithfulness",) if settings.responses.judge_faithfulness else ()
    if settings.responses.plain:
        examples = _first_examples(settings, versions)
        return {"model": versions.model, **examples, **_prompts(versions, "answer_plain", *gate)}
    return {
        "model": versions.model,
        "principles": versions.principles,
        "few-shot choice": versions.few_shot,
        **_prompts(versions, _answer_prompt(settings), *gate),
    }


def _answer_prompt(settings: Settings) -> str:
    return "answer_reasoned" if settings.responses.reasoning else "answer"


def _dataset_inputs(settings: Settings) -> Inputs:
    if not settings.selection.whole_corpus:
        return {}
    names = ("selection.max_rouge_l", "selection.rouge_l")
    return {f"setting {name}": str(_value(settings, name)) for name in names}


def _first_examples(settings: Settings, versions: Versions) -> Inputs:
    """Inputs of a stage that uses the first human-written examples, without a search."""
    count = str(settings.responses.few_shot_count)
    return {"few-shot examples": versions.examples, "setting responses.few_shot_count": count}


def _prompts(versions: Versions, *names: str) -> Inputs:
    """Return the prompts' fingerprints by role: a tree's prompt is ``cst`` for any split."""
    return {
        f"prompt {re.sub('^cst_(rewrite|boundary)', 'cst', name)}": versions.prompts[name]
        for name in names
    }


def _value(settings: Settings, dotted: str) -> Any:
    value: Any = settings
    for part in dotted.split("."):
        value = getattr(value, part)
    return value


def _default(dotted: str) -> Any:
    section, _, name = dotted.partition(".")
    return Settings.model_fields[section].annotation.model_fields[name].default  # type: ignore[union-attr]
