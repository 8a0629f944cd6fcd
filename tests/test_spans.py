from hypothesis import given, settings
from hypothesis import strategies as st

from augcon_lib.records import Context
from augcon_lib.tree.passages import Passage, locate, passage_of

BEFORE = "# Kitchen\n\n"
TEXT = "Tea is hot. Tea is hot.\nWater\nis wet. The end."
CONTEXT = Context("c", "doc", TEXT, len(BEFORE), len(BEFORE) + len(TEXT))
ROOT = Passage(TEXT, CONTEXT.start_char, CONTEXT.end_char, verbatim=True)


def own(passage: Passage) -> str:
    return (BEFORE + TEXT)[passage.start_char : passage.end_char]


def test_an_unchanged_half_is_found_at_its_place_in_the_document() -> None:
    found = locate("The end.", ROOT, CONTEXT)
    assert (found.text, own(found), found.verbatim) == ("The end.", "The end.", True)


def test_other_white_space_still_is_verbatim_and_keeps_the_documents_own() -> None:
    found = locate("Tea is hot. Water is wet.", ROOT, CONTEXT)
    assert found.text == own(found) == "Tea is hot.\nWater\nis wet."


def test_a_rewritten_half_keeps_its_words_and_takes_its_parents_span() -> None:
    found = locate("Wet is what water is.", ROOT, CONTEXT)
    assert found == Passage("Wet is what water is.", ROOT.start_char, ROOT.end_char, False)


def test_of_repeated_words_the_ones_behind_the_first_half_are_meant() -> None:
    first = locate("Tea is hot.", ROOT, CONTEXT)
    second = locate("Tea is hot.", ROOT, CONTEXT, first)
    assert (first.start_char, second.start_char) == (len(BEFORE), len(BEFORE) + 12)


def test_words_before_the_first_half_are_found_where_there_are_none_behind_it() -> None:
    last = locate("The end.", ROOT, CONTEXT)
    assert locate("Tea is hot.", ROOT, CONTEXT, last).start_char == len(BEFORE)


def test_words_that_stand_only_outside_of_the_parent_are_not_the_halfs() -> None:
    parent = locate("Tea is hot.", ROOT, CONTEXT)
    found = locate("Water is wet.", parent, CONTEXT)
    assert (found.verbatim, found.start_char, found.end_char) == (
        False,
        parent.start_char,
        parent.end_char,
    )
    assert not locate("Tea is hot. Tea", parent, CONTEXT).verbatim


def test_a_tag_that_was_neutralised_in_the_prompt_is_found_again() -> None:
    text = "One <context> two. Three </question> four."
    context = Context("c", "doc", text, 0, len(text))
    root = Passage(text, 0, len(text), verbatim=True)
    found = locate("Three ‹/question› four.", root, context)
    assert (found.text, found.verbatim) == ("Three </question> four.", True)


def test_an_empty_half_is_nowhere() -> None:
    assert locate(" \n", ROOT, CONTEXT).verbatim is False


def test_a_part_of_a_verbatim_passage_loses_the_white_space_at_its_ends() -> None:
    part = passage_of(ROOT, 11, 24)
    assert (part.text, own(part)) == ("Tea is hot.", "Tea is hot.")


def test_a_part_of_a_rewritten_passage_keeps_its_ancestors_span() -> None:
    rewritten = Passage("Tea is warm. Water.", 20, 40, verbatim=False)
    assert passage_of(rewritten, 0, 12) == Passage("Tea is warm.", 20, 40, verbatim=False)


@given(st.text(), st.text(max_size=20), st.data())
@settings(derandomize=True)
def test_every_slice_of_a_context_is_found_verbatim(
    text: str, before: str, data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    context = Context("c", "doc", text, len(before), len(before) + len(text))
    root = Passage(text, context.start_char, context.end_char, verbatim=True)
    found = locate(text[start:end], root, context)
    assert found.verbatim == bool(text[start:end].strip())
    if found.verbatim:
        assert (before + text)[found.start_char : found.end_char] == found.text
        assert "".join(found.text.split()) == "".join(text[start:end].split())
