"""Detail, concept, macro: how much of its root context a question is about (section 4.6)."""

MIN_MACRO_SHARE = 2 / 3
MAX_DETAIL_SHARE = 1 / 6
LEVELS = ("detail", "concept", "macro")


def level_of(node_chars: int, root_chars: int) -> str:
    """The level of a question about *node_chars* characters of a root context of *root_chars*."""
    share = node_chars / max(1, root_chars)
    if share >= MIN_MACRO_SHARE:
        return "macro"
    return "detail" if share < MAX_DETAIL_SHARE else "concept"
