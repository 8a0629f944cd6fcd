"""The rules of a well-formed tree; a document whose trees break a rule stops here."""

from collections import Counter
from collections.abc import Sequence

from augcon_lib.records import Node


def broken_rules(document_text: str, nodes: Sequence[Node]) -> list[str]:
    """Describe every rule that *nodes*, all the trees of one document, break; empty if none.

    One root per context and round; two or no children; a child shorter than its parent; spans
    inside the document and inside the parent's; verbatim text equal to the text at its span;
    unique ids.
    """
    problems = []
    by_id = {node.node_id: node for node in nodes}
    if len(by_id) != len(nodes):
        problems.append("node ids are not unique")
    roots = Counter((n.context_id, n.round) for n in nodes if n.parent_id is None)
    trees = {(n.context_id, n.round) for n in nodes}
    problems += [f"context {c} round {r}: not one root" for c, r in trees if roots[c, r] != 1]
    children = Counter(node.parent_id for node in nodes if node.parent_id is not None)
    problems += [f"node {p}: {count} children" for p, count in children.items() if count != 2]
    for node in nodes:
        if not 0 <= node.start_char <= node.end_char <= len(document_text):
            problems.append(f"node {node.node_id}: span outside the document")
        elif node.verbatim and document_text[node.start_char : node.end_char] != node.text:
            problems.append(f"node {node.node_id}: text differs from the text at its span")
        if node.parent_id is None:
            continue
        parent = by_id.get(node.parent_id)
        if parent is None:
            problems.append(f"node {node.node_id}: its parent is missing")
            continue
        if len(node.text) >= len(parent.text):
            problems.append(f"node {node.node_id}: not shorter than its parent")
        if not parent.start_char <= node.start_char <= node.end_char <= parent.end_char:
            problems.append(f"node {node.node_id}: span outside its parent's")
    return problems
