from augcon_lib.pricing.past_splits import PastSplits, squeeze
from augcon_lib.records import Node

FIRST = "Green tea is brewed at eighty degrees for two minutes. It is poured off at once."
SECOND = "Black tea needs boiling water. It stands for four minutes and is drunk with milk."
WHOLE = f"{FIRST}\n\n{SECOND}"


def node(node_id: str, text: str, parent_id: str | None = None, round_number: int = 0) -> Node:
    return Node(
        node_id=node_id,
        document_id="tea.md",
        context_id="c",
        parent_id=parent_id,
        round=round_number,
        depth=0 if parent_id is None else 1,
        text=text,
        start_char=0,
        end_char=len(text),
        verbatim=True,
        query="What?",
        stop_reason="" if parent_id is None else "split_impossible",
        split_rouge_l=None,
        path=(node_id,),
    )


PAST = PastSplits([node("a", WHOLE), node("b", FIRST, "a"), node("c", SECOND, "a")])


def test_a_passage_with_an_edit_is_cut_where_it_was_cut_before() -> None:
    edited = squeeze(WHOLE.replace("boiling", "very hot"))
    assert PAST.find(edited, 0) == len(squeeze(FIRST))
    longer = squeeze(f"Tea comes from China.\n\n{WHOLE}")
    assert PAST.find(longer, 0) == len(squeeze(f"Tea comes from China.\n\n{FIRST}"))


def test_one_side_of_the_cut_is_enough_to_find_it() -> None:
    other_start = squeeze(WHOLE.replace("Black tea needs boiling water", "It is strong"))
    assert PAST.find(other_start, 0) == len(squeeze(FIRST))


def test_other_rounds_and_other_texts_know_nothing() -> None:
    assert PAST.find(squeeze(WHOLE), 1) is None
    assert PAST.find(squeeze("The mill at the harbour ran at night."), 0) is None


def test_the_cut_of_the_passage_nearest_in_length_is_taken() -> None:
    outer = f"{WHOLE} {WHOLE}"
    nodes = [node("o", outer), node("p", WHOLE, "o"), node("q", WHOLE, "o")]
    nodes += [node("r", FIRST, "p"), node("s", SECOND, "p")]
    past = PastSplits(nodes)
    assert past.find(squeeze(outer), 0) == len(squeeze(WHOLE))
    assert past.find(squeeze(WHOLE), 0) == len(squeeze(FIRST))


def test_a_passage_that_was_not_split_is_remembered() -> None:
    assert PAST.was_leaf(squeeze(FIRST), 0)
    assert not PAST.was_leaf(squeeze(WHOLE), 0)
    assert PAST
    assert not PastSplits()
