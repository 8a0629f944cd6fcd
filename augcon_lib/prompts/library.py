"""Packaged prompts and a workspace's own copies of them."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from augcon_lib.errors import PromptError
from augcon_lib.prompts.json_lines import BadLine, read_rows
from augcon_lib.prompts.language import PROMPT_LANGUAGES, prompt_language
from augcon_lib.prompts.template import Prompt, parse_prompt

PROMPT_NAMES = (
    "cst_rewrite",
    "cst_boundary",
    "cst_rewrite_weak",
    "cst_boundary_weak",
    "question",
    "question_weak",
    "question_answer",
    "question_answer_confidence",
    "answer",
    "answer_reasoned",
    "answer_plain",
    "faithfulness",
    "judgement",
    "query_rating",
)
EXAMPLE_PROMPTS: Mapping[str, Mapping[str, type]] = {
    "cst_rewrite": {"context": str, "question": str, "context_1": str, "context_2": str},
    "cst_boundary": {"context": str, "question": str, "last_sentence_of_first_part": int},
    "question": {"context": str, "question": str},
}
PACKAGED_DIR = Path(__file__).parent
PACKAGED = tuple(
    f"{language}/{file}"
    for language in PROMPT_LANGUAGES
    for file in (
        *(f"{name}.md" for name in PROMPT_NAMES),
        *(f"{name}_examples.jsonl" for name in EXAMPLE_PROMPTS),
    )
)
"""All packaged files, relative to ``PACKAGED_DIR`` and to a workspace's ``prompts/``."""


@dataclass(frozen=True, slots=True)
class CstExample:
    """One of E_CST (section 3.2): a context as the prompt shows it, and the expected reply.

    Of the last three, those of the prompt's reply are set.
    """

    context: str
    question: str
    context_1: str = ""
    context_2: str = ""
    last_sentence_of_first_part: int = 0


class PromptLibrary:
    """Prompts by name and language; each file is read once.

    A file ``<override_dir>/<language>/<name>.md`` takes precedence over the packaged one, and so
    does an examples file.
    """

    def __init__(self, override_dir: Path | None = None) -> None:
        self._override_dir = override_dir
        self._prompts: dict[tuple[str, str], Prompt] = {}
        self._examples: dict[tuple[str, str], tuple[CstExample, ...]] = {}

    def get(self, name: str, language: str) -> Prompt:
        """Return the prompt *name* for passages in *language*, such as ``en`` or ``zh-Hant``.

        Raises ``PromptError``.
        """
        key = (_known(name, PROMPT_NAMES), prompt_language(language))
        if key not in self._prompts:
            path = self._path(key[1], f"{name}.md")
            self._prompts[key] = parse_prompt(name, path, _read(path))
        return self._prompts[key]

    def examples(self, name: str, language: str) -> tuple[CstExample, ...]:
        """E_CST for ``cst_rewrite``, ``cst_boundary`` or ``question``; raises ``PromptError``."""
        key = (_known(name, tuple(EXAMPLE_PROMPTS)), prompt_language(language))
        if key not in self._examples:
            path = self._path(key[1], f"{name}_examples.jsonl")
            try:
                rows = read_rows(path, EXAMPLE_PROMPTS[name])
                self._examples[key] = tuple(CstExample(**row) for row in rows)
            except OSError as error:
                raise PromptError(f"{path} cannot be read: {error.strerror}") from None
            except BadLine as error:
                raise PromptError(str(error)) from None
        return self._examples[key]

    def fingerprint(self, *names: str) -> str:
        """Return the sha256 over the prompts *names* and their examples, in all languages."""
        digest = sha256()
        for name in names:
            for language in PROMPT_LANGUAGES:
                digest.update(self.get(name, language).fingerprint.encode())
                if name in EXAMPLE_PROMPTS:
                    digest.update(repr(self.examples(name, language)).encode())
        return digest.hexdigest()

    def _path(self, language: str, file: str) -> Path:
        if self._override_dir is not None:
            own = self._override_dir / language / file
            if own.is_file():
                return own
        return PACKAGED_DIR / language / file


def _known(name: str, names: tuple[str, ...]) -> str:
    if name not in names:
        near = difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"use one of: {', '.join(names)}"
        raise PromptError(f"no prompt {name!r} exists; {hint}")
    return name


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise PromptError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise PromptError(f"{path} is not UTF-8 ({error.reason} at byte {error.start})") from None
