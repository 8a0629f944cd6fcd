from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from augcon_lib.text import rouge_filter as repeats
from augcon_lib.text.rouge import Tokens, rouge_l_precision
from augcon_lib.text.rouge_filter import first_repeats, tabled_repeats
from augcon_lib.text.rouge_filter_compiled import indexed_repeats
from tests.support.rouge import rouge_l_f1

Filter = Callable[[Sequence[Tokens], float, str], list[int | None]]

tokens = st.lists(st.sampled_from("abcdefgh"), max_size=12).map(tuple)
few = st.lists(tokens, max_size=40)
limits = st.sampled_from([0.3, 0.5, 2 / 3, 0.7, 0.9, 1.0])
measures = st.sampled_from(["precision", "f1"])


def naive(texts: Sequence[Tokens], limit: float, measure: str) -> list[int | None]:
    """Section 3.3, word for word."""
    figure = rouge_l_precision if measure == "precision" else rouge_l_f1
    kept: list[int] = []
    verdicts: list[int | None] = []
    for place, text in enumerate(texts):
        first = next((k for k in kept if figure(text, texts[k]) >= limit), None)
        verdicts.append(first)
        if first is None:
            kept.append(place)
    return verdicts


def indexed(texts: Sequence[Tokens], limit: float, measure: str) -> list[int | None]:
    pytest.importorskip("numba")
    return indexed_repeats(texts, limit, f1=measure == "f1")


def tabled_in_small_blocks(texts: Sequence[Tokens], limit: float, measure: str) -> list[int | None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(repeats, "BLOCK_TEXTS", 7)
        patch.setattr(repeats, "KEPT_TEXTS", 3)
        return tabled_repeats(texts, limit, measure)


@pytest.mark.parametrize("filter_", [tabled_repeats, tabled_in_small_blocks, indexed])
@settings(deadline=None)
@given(few, limits, measures)
def test_every_way_finds_what_the_naive_filter_finds(
    filter_: Filter, texts: list[Tokens], limit: float, measure: str
) -> None:
    assert filter_(texts, limit, measure) == naive(texts, limit, measure)


@pytest.mark.parametrize("measure", ["precision", "f1"])
def test_long_texts_are_compared_as_exactly_as_short_ones(measure: str) -> None:
    """More tokens than a machine word has bits."""
    long = tuple(f"w{number % 50}" for number in range(150))
    texts = [long, (*long[:100], *"abcdefgh"), long[30:], tuple(reversed(long)), long[:70]]
    for limit in (0.3, 0.7, 0.93):
        assert indexed(texts, limit, measure) == naive(texts, limit, measure)


def test_many_texts_go_through_the_index_and_come_out_alike(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    count = repeats.MIN_INDEXED_TEXTS
    texts = [f"w{n % 37} w{n % 11} w{n % 7} w{n % 5} w{n % 211}" for n in range(count)]
    quick = first_repeats(texts, 0.7)
    monkeypatch.setattr(repeats, "find_spec", lambda name: None)
    assert first_repeats(texts, 0.7) == quick
    assert 0 < quick.count(None) < len(texts)


def test_f1_and_precision_differ_where_lengths_do() -> None:
    texts = ["a b c d e f g h i j", "a b c"]
    assert first_repeats(texts, 0.7, "precision") == [None, 0]
    assert first_repeats(texts, 0.7, "f1") == [None, None]


@pytest.mark.parametrize("filter_", [tabled_repeats, indexed])
def test_texts_without_tokens_repeat_nothing(filter_: Filter) -> None:
    assert filter_([(), (), ("a",), ()], 0.7, "precision") == [None] * 4


def test_a_query_at_the_limit_repeats_and_one_below_does_not() -> None:
    # "a b c d e f g x y z" shares 7 of its 10 tokens in order with the first: precision 0.7
    texts = ["a b c d e f g h i j", "a b c d e f g x y z", "a b c d e f u x y z"]
    assert first_repeats(texts, 0.7) == [None, 0, None]


def test_what_was_rejected_rejects_nothing_itself() -> None:
    texts = ["a b c d", "a b c e", "e f g h", "a b c e e"]
    assert first_repeats(texts, 0.7) == [None, 0, None, None]
