"""Provenance of a question or an answer: model, prompts, principles, settings, draw, journal."""

from collections.abc import Mapping
from typing import Any

from augcon_lib.fingerprints import DOCUMENT, Inputs
from augcon_lib.pipeline import StageName
from augcon_lib.records import content_id

# Kinds of named inputs, by the prefix of their names, and the keys that they are listed under.
_GROUPS = {"prompt": "prompts", "setting": "settings"}
# For a strategy that returns the answer together with its question.
_OWN_ANSWER = "answers"


def shared_inputs(inputs: Mapping[str, str]) -> Inputs:
    """Return the part of a stage's named *inputs* that many documents share."""
    return {name: value for name, value in inputs.items() if name != DOCUMENT}


def provenance_id(stage: StageName, shared: Mapping[str, str]) -> str:
    """Return the id under which a stage's shared inputs are kept."""
    return content_id(
        "provenance", stage, *(part for item in sorted(shared.items()) for part in item)
    )


def provenance(
    shared: Mapping[str, str], sample: int | None, journal_key: str | None
) -> dict[str, Any]:
    """Group named inputs for people, with the draw's number and the journal's key.

    ``{"model", "principles", "prompts": {...}, "settings": {...}, "sample", "journal_key", ...}``;
    prompts, principles and examples by their fingerprints. The last two are left out if no model
    was called.
    """
    found: dict[str, Any] = {}
    for name, value in sorted(shared.items()):
        kind, _, rest = name.partition(" ")
        if rest and kind in _GROUPS:
            found.setdefault(_GROUPS[kind], {})[rest] = value
        else:
            found[name.replace(" ", "_").replace("-", "_")] = value
    if journal_key:
        found |= {"sample": sample, "journal_key": journal_key}
    return found


def answer_provenance(
    question: Mapping[str, Any] | None, answer: Mapping[str, Any] | None
) -> Mapping[str, Any] | None:
    """Return *answer*, with the provenance of its *question* if one reply returned both."""
    if question and answer and _OWN_ANSWER in answer:
        return {**answer, **question, _OWN_ANSWER: answer[_OWN_ANSWER]}
    return answer
