import pytest
from hypothesis import given
from hypothesis import strategies as st

from augcon_lib.prompts.tags import neutralise

PIECES = st.lists(
    st.sampled_from(["<", ">", "/", " ", "\n", "context", "Answer", "question", "reference", "x"])
)


@pytest.mark.parametrize(
    "tag",
    ["<context>", "</context>", "</CONTEXT >", "< / question>", "<answer/>", '<reference id="1">'],
)
def test_a_slot_tag_in_a_document_is_made_harmless(tag: str) -> None:
    assert neutralise(f"a {tag} b") == f"a {tag} b".replace("<", "‹").replace(">", "›")


@pytest.mark.parametrize("text", ["<contexts>", "<div>", "a < b > c", "context>", "<答>", ""])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert neutralise(text) == text


@given(PIECES.map("".join))
def test_neutralising_keeps_the_length_and_leaves_no_tag(text: str) -> None:
    once = neutralise(text)
    assert len(once) == len(text)
    assert neutralise(once) == once
    assert "</context>" not in once.lower()


def test_many_open_brackets_take_no_quadratic_time() -> None:
    hostile = "<context " * 20_000 + "< " * 100_000
    assert neutralise(hostile) == hostile
