import asyncio

import pytest

from augcon_lib.chat.reply_formats import CST_REWRITE
from augcon_lib.errors import AnswerRejected, BudgetExceeded, EndpointError
from augcon_lib.queries.contrastive_pairs import (
    NEGATIVE_KINDS,
    ContrastivePair,
    NegativeKind,
    Positive,
    build_pairs,
    fewer,
    sample_positives,
)
from augcon_lib.records import Rejection
from augcon_lib.tree.context_split_tree import cst_examples
from tests.support.stub_chat import Answerer, StubChat, slot
from tests.support.trees import PROMPTS, TEXT

WEAK, FEWER, BOTH = NEGATIVE_KINDS


def positive(number: int = 0, language: str = "en") -> Positive:
    return Positive(f"node{number}", f"doc{number % 3}", language, TEXT, f"What is {number}?")


def build(
    answerer: Answerer, sampled: dict[NegativeKind, list[Positive]], split: str = "rewrite"
) -> tuple[list[ContrastivePair], list[Rejection], StubChat]:
    chat = StubChat(answerer)
    pairs, rejections = asyncio.run(build_pairs(chat, PROMPTS, sampled, split, 0.85))
    return pairs, rejections, chat


def bad_question(request: object) -> dict[str, str | int]:
    return {"question": " what about it ", "context_1": "a", "context_2": "b"}


@pytest.mark.parametrize(
    ("kind", "prompt", "examples"),
    [(WEAK, "cst_rewrite_weak", 3), (FEWER, "cst_rewrite", 1), (BOTH, "cst_rewrite_weak", 1)],
)
def test_each_kind_worsens_the_prompt_in_its_own_way(
    kind: NegativeKind, prompt: str, examples: int
) -> None:
    _, _, chat = build(bad_question, {kind: [positive()]})
    request = chat.requests[0]
    assert request.instruction == PROMPTS.get(prompt, "en").instruction()
    good = cst_examples(PROMPTS, "en", CST_REWRITE)
    assert request.examples == good[:examples]
    assert slot(request, "context") == TEXT


def test_fewer_examples_are_fewer_than_the_prompt_has() -> None:
    """With as many, the negative would be asked for by the positive's own prompt."""
    good = cst_examples(PROMPTS, "en", CST_REWRITE)
    assert [len(fewer(good[:count])) for count in range(4)] == [0, 0, 1, 1]


def test_weak_instructions_differ_from_good_ones() -> None:
    for split in ("rewrite", "boundary"):
        for language in ("en", "zh"):
            good = PROMPTS.get(f"cst_{split}", language).instruction()
            assert PROMPTS.get(f"cst_{split}_weak", language).instruction() != good


def test_a_pair_keeps_positive_context_and_kind() -> None:
    pairs, rejections, _ = build(bad_question, {WEAK: [positive(7)]})
    assert rejections == []
    assert pairs == [
        ContrastivePair(
            document_id="doc1",
            node_id="node7",
            language="en",
            kind="weak_instruction",
            context=TEXT,
            positive_query="What is 7?",
            negative_query="what about it",
        )
    ]


def test_prompts_are_in_the_language_of_the_passage() -> None:
    _, _, chat = build(bad_question, {WEAK: [positive(language="zh")]})
    assert chat.requests[0].instruction == PROMPTS.get("cst_rewrite_weak", "zh").instruction()


def test_boundary_prompts_show_numbered_sentences() -> None:
    _, _, chat = build(
        lambda r: {"question": "worse", "last_sentence_of_first_part": 1},
        {BOTH: [positive()]},
        "boundary",
    )
    assert slot(chat.requests[0], "context").startswith("[1] Alpha boils water quickly.\n[2] ")


def test_a_negative_that_equals_its_positive_is_reported_and_makes_no_pair() -> None:
    pairs, rejections, _ = build(
        lambda r: {"question": "What is 4? ", "context_1": "a", "context_2": "b"},
        {FEWER: [positive(4), positive(5)]},
    )
    assert [pair.node_id for pair in pairs] == ["node5"]
    assert [(r.stage, r.document_id, r.subject_id, r.reason) for r in rejections] == [
        ("query_scorer", "doc1", "node4", "negative_equals_positive")
    ]


def test_an_unusable_negative_costs_its_own_pair_alone() -> None:
    answers = iter([AnswerRejected("unparsable", "no JSON"), bad_question(None)])
    pairs, rejections, _ = build(lambda r: next(answers), {WEAK: [positive(1), positive(2)]})
    assert [pair.node_id for pair in pairs] == ["node2"]
    assert [(r.subject_id, r.reason, r.detail) for r in rejections] == [
        ("node1", "unparsable", "no JSON")
    ]


@pytest.mark.parametrize(
    "error",
    [AnswerRejected("call_failed", "timeout"), EndpointError("gone"), BudgetExceeded("spent")],
)
def test_a_failed_endpoint_is_no_missing_negative(error: Exception) -> None:
    with pytest.raises(type(error), match=str(error)):
        build(lambda r: error, {WEAK: [positive()], BOTH: [positive(1)]})


def test_all_negatives_are_asked_for_at_once() -> None:
    sampled = sample_positives([positive(n) for n in range(12)], 500, seed=1)
    pairs, _, chat = build(bad_question, sampled)
    assert chat.most_at_once == len(pairs) == 12
    assert {kind.name: 4 for kind in NEGATIVE_KINDS} == {
        kind.name: sum(pair.kind == kind.name for pair in pairs) for kind in NEGATIVE_KINDS
    }


@pytest.mark.parametrize("positives", [0, 1, 2])
def test_too_few_positives_for_every_kind_give_none_for_any(positives: int) -> None:
    sampled = sample_positives([positive(n) for n in range(positives)], 500, seed=1)
    assert list(sampled) == list(NEGATIVE_KINDS)
    assert not any(sampled.values())


def test_no_more_pairs_than_asked_for_are_drawn() -> None:
    sampled = sample_positives([positive(n) for n in range(100)], 5, seed=1)
    assert [len(chosen) for chosen in sampled.values()] == [5, 5, 5]


def test_another_seed_draws_other_positives() -> None:
    positives = [positive(n) for n in range(100)]
    assert sample_positives(positives, 5, seed=1) != sample_positives(positives, 5, seed=2)
