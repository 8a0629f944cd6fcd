"""Text of documents and models in Dagster's Markdown: shown literally, never as Markdown.

The viewer's browser would load or follow an image, a link or HTML in such a text. Inside code,
Markdown has no effect.
"""

import re
from collections.abc import Iterable

from augcon_lib.text.printable import one_line, printable


def block(text: object) -> str:
    """Return *text* as a code block, in a fence that is longer than any in the text."""
    shown = printable(str(text))
    fence = "`" * max(3, 1 + _longest_run(shown))
    return f"{fence}text\n{shown}\n{fence}"


def inline(text: object) -> str:
    """Return *text* as inline code."""
    shown = one_line(text)
    tick = "`" * (1 + _longest_run(shown))
    # The inner spaces separate these ticks from those of the text; Markdown does not show them.
    return f"{tick} {shown} {tick}" if shown.strip() else ""


def bullets(texts: Iterable[object]) -> str:
    """Return *texts* as a bullet list."""
    return "\n".join(f"- {inline(text)}" for text in texts)


def _longest_run(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)
