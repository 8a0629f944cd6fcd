import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from augcon_lib.records import Context
from augcon_lib.strategies.adaptllm import MinedTasks
from augcon_lib.strategies.mined_tasks import MinedTask, mine_tasks
from augcon_lib.tree.invariants import broken_rules
from tests.support.trees import REWRITE


def mined(kind: str, text: str, language: str = "en") -> list[tuple[str, str]]:
    return [(t.query, t.answer) for t in mine_tasks(text, language) if t.kind == kind]


def test_a_heading_is_the_summary_of_what_stands_under_it() -> None:
    text = "# Tea\n\nGreen tea stands for two minutes.\n\n# Coffee\n\nCoffee is ground first."
    assert mined("summary", text) == [
        ("Give the following a heading: Green tea stands for two minutes.", "Tea"),
        ("Give the following a heading: Coffee is ground first.", "Coffee"),
    ]


@pytest.mark.parametrize(
    ("opening", "answer"),
    [
        ("Therefore, ", "Yes: The mill stood still."),
        ("Moreover, ", "It is possible, but does not follow."),
        ("However, ", "No, the one stands against the other."),
    ],
)
def test_a_connective_says_whether_one_sentence_follows_from_the_other(
    opening: str, answer: str
) -> None:
    text = f"The pond was empty at night. {opening}the mill stood still."
    query = "Can “The mill stood still.” be concluded from “The pond was empty at night.”?"
    assert mined("entailment", text) == [(query, answer)]


def test_a_cause_is_asked_for_by_its_effect() -> None:
    text = "The mill ran at night because the pond was full by then."
    assert mined("commonsense", text) == [
        ("What is the reason for this: The mill ran at night?", "the pond was full by then")
    ]
    assert mined("commonsense", "磨坊夜里才开工，因为那时池塘是满的。", "zh") == [
        ("磨坊夜里才开工，原因是什么？", "那时池塘是满的")
    ]


def test_other_words_for_the_same_are_a_paraphrase() -> None:
    text = "Tea is steeped at eighty degrees. In other words, it must not boil."
    assert mined("paraphrase", text) == [
        ("Say in other words: Tea is steeped at eighty degrees.", "It must not boil.")
    ]


def test_a_sentence_that_defines_is_the_text_to_its_word() -> None:
    assert ("What is meant by The sluice?", "The sluice is a gate that holds the water back.") in (
        mined("word_to_text", "The sluice is a gate that holds the water back.")
    )
    assert mined("word_to_text", "水闸是一种拦住水流的门，由两个人看管。", "zh") == [
        ("什么是水闸？", "水闸是一种拦住水流的门，由两个人看管。")
    ]


@given(st.text("ab因此。.#\n 但because", max_size=200), st.sampled_from(["en", "zh", "th"]))
def test_any_text_gives_well_formed_nodes_whose_spans_hold_what_was_mined(
    text: str, language: str
) -> None:
    document = f"before {text}"
    context = Context("c", "d", text, len("before "), len(document))
    grown = asyncio.run(MinedTasks(REWRITE, language).grow(context))
    assert broken_rules(document, grown.nodes) == []
    assert all(bool(node.query) == bool(node.answer) for node in grown.nodes)
    assert grown.nodes[0].text == text


def test_no_task_is_there_twice() -> None:
    tasks = mine_tasks("The sluice is a gate of old oak. " * 4, "en")
    assert len({(task.query, task.answer) for task in tasks}) == len(tasks) > 0
    assert all(isinstance(task, MinedTask) for task in tasks)
