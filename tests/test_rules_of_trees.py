from dataclasses import replace

from augcon_lib.records import Node
from augcon_lib.tree.invariants import broken_rules

TEXT = "One sentence here. Another one there."


def node(node_id: str, parent_id: str | None, start: int, end: int, **changes: object) -> Node:
    made = Node(
        node_id=node_id,
        document_id="d",
        context_id="c",
        parent_id=parent_id,
        round=0,
        depth=0 if parent_id is None else 1,
        text=TEXT[start:end],
        start_char=start,
        end_char=end,
        verbatim=True,
        query="q",
        stop_reason="",
        split_rouge_l=None,
        path=(node_id,),
    )
    return replace(made, **changes)


ROOT = node("r", None, 0, 37)
FIRST = node("a", "r", 0, 18)
SECOND = node("b", "r", 19, 37)


def test_a_good_tree_breaks_no_rule() -> None:
    assert broken_rules(TEXT, [ROOT, FIRST, SECOND]) == []


def test_one_child_alone_is_named() -> None:
    assert broken_rules(TEXT, [ROOT, FIRST]) == ["node r: 1 children"]


def test_two_roots_are_named() -> None:
    assert any("not one root" in p for p in broken_rules(TEXT, [ROOT, replace(ROOT, node_id="s")]))


def test_a_child_as_long_as_its_parent_is_named() -> None:
    long = replace(FIRST, text=TEXT, verbatim=False)
    assert "node a: not shorter than its parent" in broken_rules(TEXT, [ROOT, long, SECOND])


def test_a_span_outside_document_or_parent_is_named() -> None:
    outside = replace(SECOND, end_char=99, verbatim=False)
    problems = broken_rules(TEXT, [ROOT, FIRST, outside])
    assert "node b: span outside the document" in problems
    assert "node b: span outside its parent's" in problems


def test_verbatim_text_that_is_not_the_documents_is_named() -> None:
    lie = replace(FIRST, text="Two sentence here.")
    assert "node a: text differs from the text at its span" in broken_rules(
        TEXT, [ROOT, lie, SECOND]
    )
