"""One prompt: a Markdown file with the system message and the last user message.

Text before the first heading is a note for people. ``{{name}}`` is replaced by a value, in one
pass, so that a value is never read as a template; single braces mean nothing.
"""

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from augcon_lib.errors import PromptError
from augcon_lib.prompts.tags import TAGS, neutralise

INSTRUCTION_HEADING = "# Instruction"
USER_HEADING = "# User message"
_VARIABLE = re.compile(r"\{\{[ \t]*(\w+)[ \t]*\}\}")
_NO_VARIABLES: frozenset[str] = frozenset()
_BY_PROMPT: Mapping[str, tuple[frozenset[str], frozenset[str]]] = {
    "answer": (frozenset({"principles"}), frozenset({"context", "question"})),
    "answer_reasoned": (frozenset({"principles"}), frozenset({"context", "question"})),
    "faithfulness": (_NO_VARIABLES, frozenset({"context", "question", "answer"})),
    "answer_plain": (_NO_VARIABLES, frozenset({"context", "question"})),
    "query_rating": (_NO_VARIABLES, frozenset({"context", "question"})),
    "judgement": (_NO_VARIABLES, frozenset({"context", "question", "answer", "reference"})),
}
_TREE = (_NO_VARIABLES, frozenset({"context"}))


@dataclass(frozen=True, slots=True)
class Prompt:
    """A checked template; ``source`` is its file, ``fingerprint`` the sha256 of its text."""

    name: str
    source: Path
    fingerprint: str
    instruction_template: str
    user_template: str

    def instruction(self, **variables: str) -> str:
        """Return the system message; raises ``PromptError`` for an extra or missing variable."""
        return self._fill(self.instruction_template, variables)

    def user(self, **variables: str) -> str:
        """Return the last user message; tags inside *variables* are neutralised.

        Raises ``PromptError`` for an extra or missing variable.
        """
        harmless = {name: neutralise(value) for name, value in variables.items()}
        return self._fill(self.user_template, harmless)

    def _fill(self, template: str, variables: Mapping[str, str]) -> str:
        used = set(_VARIABLE.findall(template))
        for name in sorted(variables.keys() - used):
            raise PromptError(
                f"{self.source}: unknown variable {{{{{name}}}}}{_nearest(name, used)}"
            )
        for name in sorted(used - variables.keys()):
            given = variables.keys()
            raise PromptError(f"{self.source}: no value for {{{{{name}}}}}{_nearest(name, given)}")
        return _VARIABLE.sub(lambda match: variables[match[1]], template)


def parse_prompt(name: str, source: Path, text: str) -> Prompt:
    """Read the prompt in *text*, the content of *source*.

    Raises ``PromptError`` if a part is missing or empty, a variable is unknown or unused, or a slot
    is not inside its own tags.
    """
    instruction, user = _parts(source, text)
    in_instruction, in_user = _BY_PROMPT.get(name, _TREE)
    _check_variables(source, INSTRUCTION_HEADING, instruction, in_instruction)
    _check_variables(source, USER_HEADING, user, in_user)
    for tag in TAGS:
        slot = rf"<{tag}>\s*\{{\{{[ \t]*{tag}[ \t]*\}}\}}\s*</{tag}>"
        if tag in in_user and len(re.findall(slot, user)) != 1:
            raise PromptError(
                f"{source}: {{{{{tag}}}}} must occur once, between <{tag}> and </{tag}>"
            )
    return Prompt(name, source, sha256(text.encode("utf-8")).hexdigest(), instruction, user)


def _parts(source: Path, text: str) -> tuple[str, str]:
    lines = [line.rstrip() for line in text.splitlines()]
    try:
        first = lines.index(INSTRUCTION_HEADING)
        second = lines.index(USER_HEADING, first)
    except ValueError:
        raise PromptError(
            f"{source}: needs two parts, below a line {INSTRUCTION_HEADING!r} and then a line "
            f"{USER_HEADING!r}"
        ) from None
    instruction = "\n".join(lines[first + 1 : second]).strip()
    user = "\n".join(lines[second + 1 :]).strip()
    for heading, part in ((INSTRUCTION_HEADING, instruction), (USER_HEADING, user)):
        if not part:
            raise PromptError(f"{source}: the part below {heading!r} is empty")
    return instruction, user


def _check_variables(source: Path, heading: str, part: str, valid: frozenset[str]) -> None:
    used = set(_VARIABLE.findall(part))
    for name in sorted(used - valid):
        raise PromptError(
            f"{source}: unknown variable {{{{{name}}}}} below {heading!r}{_nearest(name, valid)}"
        )
    for name in sorted(valid - used):
        raise PromptError(f"{source}: {{{{{name}}}}} is missing below {heading!r}")


def _nearest(name: str, valid: Iterable[str]) -> str:
    names = sorted(valid)
    if not names:
        return "; it takes no variables"
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    if near:
        return f"; did you mean {{{{{near[0]}}}}}?"
    return "; valid: " + ", ".join(f"{{{{{one}}}}}" for one in names)
