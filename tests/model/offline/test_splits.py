from hypothesis import given
from hypothesis import strategies as st

from augcon_lib.text.sentences import split_sentences
from tests.model.offline.requests import CHINESE, ENGLISH, reply_to, tree_body

WORDS = st.sampled_from(["one", "two", "three.", "four,", "# five\n", "\n\n", "[2]", "六。", "-"])


def squeezed(text: str) -> str:
    return "".join(text.split())


@given(st.lists(WORDS, min_size=1).map(" ".join).filter(str.strip), st.integers(0, 3))
def test_both_parts_are_verbatim_and_cover_the_passage_or_say_that_it_cannot_be_split(
    text: str, seed: int
) -> None:
    reply = reply_to(tree_body(text, seed=seed))
    first, second = reply["context_1"], reply["context_2"]
    if first == second == text.strip():
        return
    assert squeezed(first + second) == squeezed(text)
    assert first
    assert second


def test_the_cut_is_at_a_paragraph_near_the_middle() -> None:
    for text, language, start in ((ENGLISH, "en", "Receipts"), (CHINESE, "zh", "大火")):
        reply = reply_to(tree_body(text, language=language))
        assert reply["context_2"].startswith(start)


def test_a_heading_stays_with_what_it_heads() -> None:
    text = "First things come first here.\n\n# Second\n\nThen come the other things, all of them."
    reply = reply_to(tree_body(text))
    assert reply["context_2"].startswith("# Second")


def test_the_boundary_is_the_same_cut_by_number() -> None:
    for text, language in ((ENGLISH, "en"), (CHINESE, "zh")):
        last = reply_to(tree_body(text, name="cst_boundary", language=language))[
            "last_sentence_of_first_part"
        ]
        sentences = split_sentences(text, language)
        assert 1 <= last < len(sentences)


def test_numbers_at_the_start_of_a_line_inside_a_sentence_are_no_sentences() -> None:
    user = "[1] See the note\n[3] below for more of it.\n[2] The second one is here."
    body = tree_body("x", name="cst_boundary")
    body["messages"][-1]["content"] = f"<context>\n{user}\n</context>"
    assert reply_to(body)["last_sentence_of_first_part"] == 1


def test_another_seed_may_cut_elsewhere() -> None:
    text = " ".join(f"Sentence number {number} says something of its own." for number in range(20))
    cuts = {reply_to(tree_body(text, seed=seed))["context_1"] for seed in range(6)}
    assert len(cuts) > 1
    assert all(0.3 < len(cut) / len(text) < 0.7 for cut in cuts)


def halves_of(text: str, seed: int) -> tuple[str, str]:
    reply = reply_to(tree_body(text, seed=seed))
    return reply["context_1"], reply["context_2"]


def test_a_paragraph_off_the_middle_is_cut_rather_than_a_sentence_at_the_middle() -> None:
    first = " ".join(f"Sentence number {number} says something." for number in range(5))
    second = " ".join(f"Line number {number} adds another thing." for number in range(15))
    text = f"{first}\n\n{second}"
    assert halves_of(text, 0) == (first, second)
    last = reply_to(tree_body(text, name="cst_boundary"))["last_sentence_of_first_part"]
    assert last == 5


def test_an_edit_at_the_end_leaves_the_cut_of_every_sample() -> None:
    sections = [
        "\n\n".join(
            f"Paragraph {section}.{number} tells about part {number} of its subject in some detail."
            for number in range(3)
        )
        for section in range(4)
    ]
    text = "\n\n".join(f"# Section {n}\n\n{body}" for n, body in enumerate(sections))
    for seed in range(5):
        before, _ = halves_of(text, seed)
        after, _ = halves_of(text + " It ends so.", seed)
        assert after == before
