"""Detail, concept and macro questions, by how much of its root context a node is (section 4.6)."""

GRAINS = ("detail", "concept", "macro")
# Share of the root context's characters: above the first macro, up to the second detail.
MACRO_SHARE = 2 / 3
DETAIL_SHARE = 1 / 5


def grain(node_chars: int, root_chars: int) -> str:
    """What a question about *node_chars* of a root context of *root_chars* is."""
    share = node_chars / max(1, root_chars)
    return "macro" if share > MACRO_SHARE else "detail" if share <= DETAIL_SHARE else "concept"
