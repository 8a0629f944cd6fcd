"""Text of documents and models in Dagster's Markdown: shown as it is, never as Markdown.

An image, a link or HTML in it would be loaded or followed by the browser of whoever looks. Code is
the one form in which Markdown acts on nothing.
"""

import re
from collections.abc import Iterable

from augcon_lib.text.printable import one_line, printable


def block(text: object) -> str:
    """*text* as a block of its own lines, in a fence that is longer than any in it."""
    shown = printable(str(text))
    fence = "`" * max(3, 1 + _longest_run(shown))
    return f"{fence}text\n{shown}\n{fence}"


def inline(text: object) -> str:
    """*text* within a line."""
    shown = one_line(text)
    tick = "`" * (1 + _longest_run(shown))
    # A space within keeps ticks apart from those of the text, and goes when it is shown.
    return f"{tick} {shown} {tick}" if shown.strip() else ""


def bullets(texts: Iterable[object]) -> str:
    """*texts* as a list, each on a line of its own."""
    return "\n".join(f"- {inline(text)}" for text in texts)


def _longest_run(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)
