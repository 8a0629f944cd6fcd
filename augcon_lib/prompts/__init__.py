"""The prompts of the method, English and Chinese, and the files that users write with them.

Packaged templates are in ``en/`` and ``zh/``; a workspace may have its own copies in ``prompts/``.
The format of a reply is not part of a prompt: the model engine adds it.
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
