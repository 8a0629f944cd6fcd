"""The prompts of the method, English and Chinese, and what people write beside them.

Packaged templates lie in ``en/`` and ``zh/``; a workspace may hold its own copies in ``prompts/``.
How a reply is to be formatted is no part of a prompt: the model engine adds it.
"""

from augcon_lib.prompts.library import (
    EXAMPLE_PROMPTS,
    PACKAGED,
    PACKAGED_DIR,
    PROMPT_NAMES,
    CstExample,
    PromptLibrary,
)
from augcon_lib.prompts.template import Prompt
from augcon_lib.prompts.workspace_files import load_few_shot_examples, load_principles

__all__ = [
    "EXAMPLE_PROMPTS",
    "PACKAGED",
    "PACKAGED_DIR",
    "PROMPT_NAMES",
    "CstExample",
    "Prompt",
    "PromptLibrary",
    "load_few_shot_examples",
    "load_principles",
]
