"""Halves of surrogate pairs: what JSON and broken files may hold and UTF-8 cannot."""

import re

_LONE_SURROGATES = re.compile("[\ud800-\udfff]")


def without_surrogates(text: str) -> str:
    """*text* with U+FFFD for each half of a surrogate pair; of the same length."""
    return text if text.isascii() else _LONE_SURROGATES.sub("\ufffd", text)
