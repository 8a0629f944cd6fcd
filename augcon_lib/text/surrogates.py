"""Halves of surrogate pairs, which JSON and broken files may contain and UTF-8 cannot."""

import re

_LONE_SURROGATES = re.compile("[\ud800-\udfff]")


def without_surrogates(text: str) -> str:
    """Replace each half of a surrogate pair in *text* by U+FFFD; the length stays the same."""
    return text if text.isascii() else _LONE_SURROGATES.sub("\ufffd", text)
