"""The tags around untrusted text in a prompt, and neutralising them inside that text."""

import re

TAGS = ("context", "question", "answer", "reference")
_TAG = re.compile(rf"<\s*(?:/\s*)?(?:{'|'.join(TAGS)})(?:[\s/][^>]{{0,200}})?>", re.IGNORECASE)
_HARMLESS = str.maketrans("<>", "‹›")


def neutralise(text: str) -> str:
    """Replace the brackets of every such tag in *text*, so that it can close no slot.

    Any case, inner white space and attributes are covered. The length stays the same, so spans
    in the result are spans in *text*.
    """
    if "<" not in text:
        return text
    return _TAG.sub(lambda tag: tag[0].translate(_HARMLESS), text)
