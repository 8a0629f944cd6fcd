"""How a question or an answer came about: model, prompts, principles, settings, draw, journal."""

from collections.abc import Mapping
from typing import Any

from augcon_lib.fingerprints import DOCUMENT, Inputs
from augcon_lib.pipeline import StageName
from augcon_lib.records import content_id

# Kinds of named inputs, by how their names begin, and what they are listed under.
_GROUPS = {"prompt": "prompts", "setting": "settings"}
# Of a strategy that brings the answer along with its question.
_OWN_ANSWER = "answers"


def shared_inputs(inputs: Mapping[str, str]) -> Inputs:
    """What of a stage's named *inputs* is the same for many documents."""
    return {name: value for name, value in inputs.items() if name != DOCUMENT}


def provenance_id(stage: StageName, shared: Mapping[str, str]) -> str:
    """The id under which a stage's shared inputs are kept."""
    return content_id(
        "provenance", stage, *(part for item in sorted(shared.items()) for part in item)
    )


def provenance(
    shared: Mapping[str, str], sample: int | None, journal_key: str | None
) -> dict[str, Any]:
    """Named inputs grouped for people, with the draw's number and the journal's key.

    ``{"model", "principles", "prompts": {...}, "settings": {...}, "sample", "journal_key", ...}``;
    prompts, principles and examples by their fingerprints. The last two are left out where no
    model was asked.
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
    """*answer*, or with what its *question* came from where one reply brought both."""
    if question and answer and _OWN_ANSWER in answer:
        return {**answer, **question, _OWN_ANSWER: answer[_OWN_ANSWER]}
    return answer
