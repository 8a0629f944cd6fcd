import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from augcon_lib.records import Document
from augcon_lib.tree.contexts import cut_contexts

TEXTS = st.text(
    st.one_of(st.characters(), st.sampled_from("abc .!\n\n#-=`。字\u2028")), max_size=400
)
WORDS = [
    "duck",
    "lake",
    "swim",
    "plant",
    "winter",
    "south",
    "feather",
    "egg",
    "nest",
    "water",
    "reed",
    "moon",
]


def document(text, media_type="text/markdown", language="en", document_id="a.md"):
    return Document(document_id, "a", media_type, "", language, text, "", "", None)


def cut(text, limit=200, minimum=20, **fields):
    return cut_contexts(document(text, **fields), limit, minimum)


def texts(*args, **fields):
    return [context.text for context in cut(*args, **fields)]


def prose(seed, sentences):
    chooser = random.Random(seed)
    return " ".join(
        " ".join(chooser.choices(WORDS, k=chooser.randint(4, 12))).capitalize() + "."
        for _ in range(sentences)
    )


def paragraphs(seed, count, sentences=3):
    return [prose(f"{seed}-{number}", sentences) for number in range(count)]


@settings(deadline=None, derandomize=True)
@given(
    TEXTS,
    st.integers(1, 90),
    st.integers(0, 60),
    st.sampled_from(["text/markdown", "text/x-rst", "text/plain"]),
    st.sampled_from(["en", "zh"]),
)
def test_contexts_are_short_enough_and_hold_every_character(
    text, limit, minimum, media_type, language
):
    contexts = cut(text, limit, minimum, media_type=media_type, language=language)
    position = 0
    for context in contexts:
        assert context.text == text[context.start_char : context.end_char]
        assert 0 < len(context.text) <= limit
        assert context.text == context.text.strip()
        assert not text[position : context.start_char].strip()
        position = context.end_char
    assert not text[position:].strip()
    assert len({context.context_id for context in contexts}) == len(contexts)


def test_a_document_that_fits_is_one_context():
    assert texts("# A\n\nOne.\n\n## B\n\nTwo.\n") == ["# A\n\nOne.\n\n## B\n\nTwo."]


def section(title, chars):
    return f"## {title}\n\n" + prose(title, 40)[: chars - len(title) - 5].strip()


def test_short_sections_stay_with_the_section_before_them():
    first, second, third = section("one", 250), section("two", 150), section("three", 150)
    together = f"{first}\n\n{second}\n\n{third}"
    assert len(together) > 500
    assert texts(f"{first}\n\n{second}", 500) == [f"{first}\n\n{second}"]
    assert len(texts(together, 500)) == 2


def test_a_longer_section_stands_alone_even_where_the_document_fits():
    first, second = section("one", 150), section("two", 250)
    assert texts(f"{first}\n\n{second}", 500) == [first, second]


def test_a_section_below_the_minimum_stays_with_the_next_one():
    long, tiny, last = section("one", 350), section("two", 15), section("three", 300)
    assert texts(f"{long}\n\n{tiny}\n\n{last}", 500) == [long, f"{tiny}\n\n{last}"]
    assert texts(f"{long}\n\n{tiny}", 500) == [f"{long}\n\n{tiny}"]


def test_a_document_that_grows_past_the_limit_keeps_its_other_sections():
    first, second = section("one", 195), section("two", 290)
    before = cut(f"{first}\n\n{second}", 500)
    after = cut(f"{first}\n\nOne more line is here.\n\n{second}", 500)
    assert before[-1].text == second
    assert before[-1].context_id == after[-1].context_id


def test_a_line_added_near_the_top_of_each_document_moves_few_contexts():
    chooser = random.Random(7)
    kept = total = 0
    for number in range(300):
        sections = [
            section(f"{number} {part}", chooser.randint(40, 350))
            for part in range(chooser.randint(2, 7))
        ]
        before = {c.context_id for c in cut("\n\n".join(sections), 500)}
        sections[0] += "\n\nAdded line."
        new = [c for c in cut("\n\n".join(sections), 500) if "Added line." not in c.text]
        total += len(new)
        kept += sum(c.context_id in before for c in new)
    assert total > 300
    assert kept / total >= 0.97


def test_a_text_is_cut_at_headings_first():
    sections = [f"## Part {n}\n\n{prose(n, 3)[:150]}" for n in range(5)]
    assert texts("\n\n".join(sections)) == [section.strip() for section in sections]


def test_a_heading_is_never_parted_from_its_text():
    for seed in range(30):
        text = "\n\n".join(f"### {seed}.{n}\n\n{prose((seed, n).__repr__(), 6)}" for n in range(6))
        for context in texts(text):
            assert not context.rstrip().splitlines()[-1].startswith("#")


def test_headings_alone_are_shared_out():
    contexts = texts("\n".join(f"# Section {n}" for n in range(100)))
    assert len(contexts) > 1
    assert all(len(context) >= 20 for context in contexts)


def test_a_number_sign_in_code_is_no_heading():
    code = "```sh\n" + "\n\n".join(f"# comment {n}\nrun {n}" for n in range(4)) + "\n```"
    text = f"# Top\n\n{prose(1, 4)[:90]}\n\n{code}\n\n# Next\n\n{prose(2, 9)[:150]}"
    assert [context.splitlines()[0] for context in texts(text)] == ["# Top", "# Next"]


@pytest.mark.parametrize(
    ("media_type", "first", "second"),
    [
        ("text/x-rst", "First\n=====", "Second\n======"),
        ("text/x-rst", "-----\nFirst\n-----", "------\nSecond\n------"),
        ("text/markdown", "First\n=====", "Second\n---"),
    ],
)
def test_underlined_titles_are_headings(media_type, first, second):
    parts = [f"{first}\n\n" + "\n\n".join(["word " * 7] * 4).strip()]
    parts.append(f"{second}\n\n" + "\n\n".join(["word " * 7] * 4).strip())
    assert texts("\n\n".join(parts), media_type=media_type) == [part.strip() for part in parts]


def test_no_context_is_tiny_in_a_long_text():
    text = "\n\n".join(paragraphs(5, 200, 2))
    assert min(map(len, texts(text, 1600, 100))) >= 100


def test_an_edit_leaves_the_other_contexts_as_they_were():
    blocks = paragraphs(11, 400)
    before = {context.context_id for context in cut("\n\n".join(blocks), 1600, 100)}
    for position in (0, 57, 200, 399):
        edited = [*blocks[:position], prose("new", 4), *blocks[position + 1 :]]
        after = {context.context_id for context in cut("\n\n".join(edited), 1600, 100)}
        assert len(before - after) <= 3
        inserted = [*blocks[:position], prose("new", 4), *blocks[position:]]
        after = {context.context_id for context in cut("\n\n".join(inserted), 1600, 100)}
        assert len(before - after) <= 3


def test_an_edit_within_one_huge_paragraph_moves_only_what_is_near():
    text = prose(3, 3000)
    before = {context.context_id for context in cut(text, 1600, 100, media_type="text/plain")}
    for place in (10, len(text) // 2):
        edited = text[:place] + "surprisingly " + text[place:]
        after = {c.context_id for c in cut(edited, 1600, 100, media_type="text/plain")}
        assert len(before - after) <= 3


def test_ids_depend_on_the_document_and_the_text_not_on_the_place():
    first, second = prose(1, 9)[:190], prose(2, 9)[:190]
    both = cut(f"# A\n\n{first}\n\n# B\n\n{second}")
    swapped = cut(f"# B\n\n{second}\n\n# A\n\n{first}")
    assert {c.context_id for c in both} == {c.context_id for c in swapped}
    other = cut(f"# A\n\n{first}\n\n# B\n\n{second}", document_id="b.md")
    assert not {c.context_id for c in both} & {c.context_id for c in other}


def test_a_text_that_occurs_twice_gives_two_ids():
    section = f"# Same\n\n{prose(1, 9)[:150]}"
    contexts = cut(f"{section}\n\n{section}")
    assert contexts[0].text == contexts[1].text
    assert contexts[0].context_id != contexts[1].context_id


@pytest.mark.parametrize("text", ["x" * 20_000, "鸭" * 20_000, "word " * 4000, "e\u0301" * 9000])
def test_text_without_sentences_is_cut_all_the_same(text):
    contexts = texts(text, 500, 20)
    assert all(20 <= len(context) <= 500 for context in contexts)
    assert not any(context.startswith("\u0301") for context in contexts)


def test_five_megabytes_take_a_few_seconds():
    text = "\n\n".join(paragraphs(1, 100, 5) * 160)
    began = time.perf_counter()
    cut(text, 1600, 100, media_type="text/plain")
    assert time.perf_counter() - began < 5
