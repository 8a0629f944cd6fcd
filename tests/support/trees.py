"""A small text, parameters of Algorithm 1 that suit it, and prompts."""

from dataclasses import replace

from augcon_lib.prompts import PromptLibrary
from augcon_lib.records import Context
from augcon_lib.tree.context_split_tree import TreeParameters

PROMPTS = PromptLibrary()
TEXT = "Alpha boils water quickly. Beta freezes milk slowly. Gamma roasts corn. Delta bakes bread."
REWRITE = TreeParameters(
    split="rewrite",
    min_context_chars=30,
    min_query_chars=5,
    min_split_rouge_l=0.7,
    temperature=0.85,
    max_rounds=1,
    chars_per_query=1000,
    oversample=1.0,
    max_rouge_l=0.7,
)
BOUNDARY = replace(REWRITE, split="boundary")


def context(text: str = TEXT) -> Context:
    """A root context that is all of its document."""
    return Context("c", "doc.md", text, 0, len(text))
