from augcon_lab.studies.inputs import Corpus
from augcon_lab.studies.split_independence import (
    MIDDLE,
    REWRITE,
    OnCorpus,
    Split,
    findings,
    recursive_halves,
    splits_of,
)
from augcon_lib.evaluation.splits import measure_split
from augcon_lib.records import Node
from augcon_lib.workspace import Workspace

CORPUS = Corpus("Handbook", Workspace.__new__(Workspace), (), frozenset(), 0)


def node(path: tuple[str, ...], text: str) -> Node:
    parent = path[-2] if len(path) > 1 else None
    return Node(
        path[-1], "d", "c", parent, 0, len(path) - 1, text, 0, len(text), True, "?", "", None, path
    )


def test_a_split_is_a_node_with_two_parts_in_their_order() -> None:
    nodes = [
        node(("r",), "one two three four"),
        node(("r", "a"), "one two"),
        node(("r", "b"), "three four"),
        node(("r", "a", "lone"), "one"),
    ]
    found = [(parent.node_id, first, second) for parent, first, second in splits_of(nodes)]
    assert found == [("r", "one two", "three four")]


def test_recursive_characters_cut_between_sentences_near_the_middle() -> None:
    text = "Alpha boils water. Beta freezes milk. Gamma roasts corn. Delta bakes bread."
    first, second = recursive_halves(text) or ("", "")
    assert first + second == text
    assert first.strip() == "Alpha boils water. Beta freezes milk."


def test_recursive_characters_cut_between_paragraphs_first() -> None:
    text = "Alpha boils. Beta freezes.\n\nGamma roasts all the corn. Delta bakes."
    first, _ = recursive_halves(text) or ("", "")
    assert first.strip() == "Alpha boils. Beta freezes."


def split(context_id: str, *parts: str, is_root: bool = True) -> Split:
    return Split(f"document of {context_id}", context_id, is_root, measure_split(*parts))


CLEAN = ("a b c d", "a b", "c d")
OVERLAPPING = ("a b c d", "a b c", "b c d")


def test_only_root_contexts_that_all_have_split_are_held_against_each_other() -> None:
    splits = {
        REWRITE: [split("1", *OVERLAPPING), split("2", *OVERLAPPING)],
        MIDDLE: [split("2", *CLEAN), split("3", *CLEAN), split("1", *CLEAN, is_root=False)],
    }
    found = OnCorpus(CORPUS, splits, 0, 0).of_roots
    assert {name: [s.context_id for s in of] for name, of in found.items()} == {
        REWRITE: ["2"],
        MIDDLE: ["2"],
    }


def test_findings_give_the_means_and_the_difference_of_the_same_contexts() -> None:
    splits = {
        REWRITE: [split(name, *OVERLAPPING) for name in "123"],
        MIDDLE: [split(name, *CLEAN) for name in "123"],
    }
    overlap, jaccard, kept = findings(OnCorpus(CORPUS, splits, 0, 0))
    # The parts a b c and b c d share two of three tokens in order, and two of four in all.
    assert "on 3 root contexts: CST rewrite 0.667, middle 0.000" in overlap
    assert "CST rewrite is above middle (difference +0.667" in overlap
    assert "CST rewrite 0.500, middle 0.000" in jaccard
    # a b c and b c d hold the whole's four tokens, and b and c twice: two of six are new.
    assert "of CST rewrite hold 100.0% of its tokens, and 33.3% of theirs are new" in kept
    assert "of middle" not in kept


def test_parts_that_only_cut_are_said_to_keep_everything() -> None:
    splits = {name: [split("1", *CLEAN), split("2", *CLEAN)] for name in (REWRITE, MIDDLE)}
    *_, kept = findings(OnCorpus(CORPUS, splits, 0, 0))
    assert "hold all tokens of the whole and no others, whatever the splitter" in kept


def test_a_corpus_without_a_shared_split_says_so() -> None:
    (line,) = findings(OnCorpus(CORPUS, {REWRITE: [], MIDDLE: []}, 0, 0))
    assert "no root context was split" in line
