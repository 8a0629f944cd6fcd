"""Topics of a corpus of three subjects, with and without queries."""

import pytest

from augcon_lib.evaluation.numbers import NotMeasured
from augcon_lib.evaluation.topics import coverage_of, measure_topics, terms
from augcon_lib.warehouse.evaluation_rows import RootContext

SUBJECTS = {
    "tides.md": ("tide", "mill", "sluice", "water", "dam", "pond"),
    "bees.md": ("hive", "honey", "queen", "worker", "heather", "colony"),
    "eggs.md": ("egg", "custard", "steam", "bowl", "whisk", "salt"),
}


def passage(name: str) -> RootContext:
    words = SUBJECTS[name]
    sentences = (
        f"The {words[n % 6]} and the {words[(n + 1) % 6]} need the {words[(n + 2) % 6]}."
        for n in range(24)
    )
    return RootContext(f"context of {name}", name, "en", " ".join(sentences))


def questions(name: str, count: int = 6) -> list[str]:
    words = SUBJECTS[name]
    return [
        f"What does the {words[n]} do with the {words[(n + 1) % 6]} and the {words[(n + 2) % 6]}?"
        for n in range(count)
    ]


CORPUS = [passage(name) for name in SUBJECTS]


def test_queries_about_everything_cover_everything() -> None:
    asked = [query for name in SUBJECTS for query in questions(name)]
    found = measure_topics(CORPUS, asked, seed=1)
    assert not isinstance(found, NotMeasured)
    assert found.sentences == 72
    assert found.queries == 18
    assert found.coverage >= 0.9
    assert found.topics == 6


def test_a_subject_without_a_query_is_named_with_terms_and_a_place() -> None:
    asked = [*questions("tides.md"), *questions("eggs.md")]
    found = measure_topics(CORPUS, asked, seed=1)
    assert not isinstance(found, NotMeasured)
    assert found.coverage == pytest.approx(2 / 3, abs=0.1)
    assert found.overlap < 0.75
    missed = [document for document, covered in found.covered_by_document if not covered]
    assert set(missed) >= {"bees.md"}
    assert len(found.covered_by_document) == 72
    bees = [topic for topic in found.uncovered if topic.document_id == "bees.md"]
    assert sum(topic.sentences for topic in bees) == 24
    assert {term for topic in bees for term in topic.terms} & set(SUBJECTS["bees.md"])
    assert {topic.context_id for topic in bees} == {"context of bees.md"}
    assert all(topic.example in CORPUS[1].text for topic in bees)


def test_several_sets_of_queries_are_held_against_the_same_topics() -> None:
    everything = [query for name in SUBJECTS for query in questions(name)]
    found = coverage_of(CORPUS, {"all": everything, "few": questions("eggs.md")}, seed=1)
    whole, few = found["all"], found["few"]
    assert not isinstance(whole, NotMeasured)
    assert not isinstance(few, NotMeasured)
    assert whole.topics == few.topics
    assert few.coverage < whole.coverage


def test_the_words_of_asking_do_not_draw_queries_together() -> None:
    found = measure_topics(CORPUS, questions("bees.md"), seed=1)
    assert not isinstance(found, NotMeasured)
    # Queries that made a cluster of their own would cover nothing.
    assert found.coverage > 0.2


def test_the_same_seed_gives_the_same_topics() -> None:
    asked = questions("tides.md")
    assert measure_topics(CORPUS, asked, seed=3) == measure_topics(CORPUS, asked, seed=3)


def test_terms_are_words_and_pairs_of_unspaced_characters() -> None:
    assert terms("The tide turns at 10 a.m.") == ["the", "tide", "turns", "at"]
    assert terms('<a href="x.html">See</a> https://example.org/tide') == ["see"]
    assert terms("蒸鸡蛋羹") == ["蒸鸡", "鸡蛋", "蛋羹"]


@pytest.mark.parametrize(
    ("passages", "queries", "why"),
    [
        (CORPUS[:0], ["What is the tide?"], "fewer than 20 sentences"),
        (CORPUS, [], "no queries"),
        (
            [RootContext("c", "d", "en", " ".join(f"x{n}a x{n}b x{n}c." for n in range(40)))],
            ["What is x1a?"],
            "terms stand in several sentences",
        ),
    ],
)
def test_too_little_is_said_to_be_too_little(
    passages: list[RootContext], queries: list[str], why: str
) -> None:
    found = measure_topics(passages, queries, seed=1)
    assert isinstance(found, NotMeasured)
    assert why in found.not_measured
