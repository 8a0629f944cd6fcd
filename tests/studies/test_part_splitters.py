from collections.abc import Sequence

import numpy as np

from augcon_lab.studies.part_splitters import (
    Vectors,
    by_embeddings,
    joined,
    latent_semantics,
    recursive_characters,
    sentence_windows,
)

TEXT = (
    "Green tea is brewed at eighty degrees. Green tea stands for two minutes then. "
    "The mill ran at night in the harbour. The mill sent its flour to Bristol."
)
SENTENCES = [0, 39, 78, 116]


def by_subject(texts: Sequence[str]) -> Vectors:
    return np.array([[1.0, 0.0] if "tea" in text else [0.0, 1.0] for text in texts])


def test_parts_that_are_too_short_go_to_a_neighbour() -> None:
    text = "x" * 100
    assert joined(text, [0, 40, 70], 30) == [(0, 40), (40, 70), (70, 100)]
    assert joined(text, [0, 10, 70], 30) == [(0, 70), (70, 100)]
    assert joined(text, [0, 40, 90], 30) == [(0, 40), (40, 100)]
    assert joined("short", [0, 3], 30) == [(0, 5)]


def test_each_sentence_stands_with_its_neighbours() -> None:
    assert sentence_windows(TEXT, "en", 20) == [(0, 116), (39, len(TEXT))]
    assert sentence_windows(TEXT[:77], "en", 20) == [(0, 77)]


def test_sentences_that_are_alike_stay_together() -> None:
    assert by_embeddings(TEXT, "en", 80, 20, by_subject) == [(0, 78), (78, len(TEXT))]
    assert by_embeddings(TEXT, "en", 1000, 20, by_subject) == [(0, len(TEXT))]
    assert by_embeddings("One sentence.", "en", 5, 5, by_subject) == [(0, 13)]


def test_recursive_characters_cut_at_paragraphs_then_sentences() -> None:
    text = f"{TEXT[:77]}\n\n{TEXT[78:]}"
    assert recursive_characters(text, 90, 20) == [(0, 79), (79, len(text))]
    halves = recursive_characters(text, 45, 20)
    assert [start for start, _ in halves] == [0, 39, 79, 117]
    assert halves[-1][1] == len(text)


def test_embeddings_learned_from_the_corpus_tell_subjects_apart() -> None:
    sentences = ["tea stands", "tea boils", "flour weighs", "flour goes"]
    vectors = latent_semantics(sentences, seed=1)(sentences)
    alike = vectors @ vectors.T
    assert alike[0, 1] > alike[0, 2]
    assert alike[2, 3] > alike[1, 2]


def test_a_corpus_of_one_sentence_has_embeddings_too() -> None:
    assert latent_semantics(["one sentence"], seed=1)(["one sentence"]).shape[0] == 1
