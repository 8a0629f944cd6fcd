import random
import re
import sys
from pathlib import Path

import pytest
from absl import logging as absl_logging
from hypothesis import given
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer

from augcon_lib.text.rouge import rouge_l_precision, tokenize
from tests.support.rouge import rouge_l_f1

# rouge-score loads absl, whose log handler keeps pytest's standard error and closes it when Dagster
# configures the logs of this process.
absl_logging.get_absl_handler().python_handler.setStream(sys.__stderr__)

words = st.text(alphabet="abcde 019,.?", max_size=60)


REPOSITORY = Path(__file__).parent.parent
WORD = re.compile(r"[A-Za-z0-9']+")


def pairs(count: int) -> list[tuple[str, str]]:
    """Half random words, half stretches of the sample documents and their like."""
    rng = random.Random(7)
    texts = sorted((REPOSITORY / "documents").rglob("*.md"))
    real = WORD.findall(" ".join(path.read_text(encoding="utf-8") for path in texts))
    found = []
    for number in range(count):
        if number % 2:
            vocabulary = [f"w{n}" for n in range(rng.choice((3, 12, 60)))]
            first, second = (rng.choices(vocabulary, k=rng.randint(0, 25)) for _ in range(2))
        else:
            start, length = rng.randrange(len(real) - 40), rng.randint(1, 30)
            first = real[start : start + length]
            second = [word for word in real[start : start + 40] if rng.random() < 0.6]
        found.append((" ".join(first), ", ".join(second)))
    return found


def test_figures_equal_those_of_rouge_score_on_ten_thousand_random_and_real_pairs() -> None:
    scorer = RougeScorer(["rougeL"])
    for candidate, reference in pairs(10_000):
        expected = scorer.score(reference, candidate)["rougeL"]
        first, second = tokenize(candidate), tokenize(reference)
        assert abs(rouge_l_precision(first, second) - expected.precision) <= 1e-12
        assert abs(rouge_l_f1(first, second) - expected.fmeasure) <= 1e-12


@given(words, words)
def test_precision_equals_that_of_rouge_score(candidate: str, reference: str) -> None:
    expected = RougeScorer(["rougeL"]).score(reference, candidate)["rougeL"].precision
    ours = rouge_l_precision(tokenize(candidate), tokenize(reference))
    assert ours == pytest.approx(expected, abs=1e-12)


def test_chinese_is_compared_by_characters() -> None:
    assert tokenize("煮面,3分钟") == ("煮", "面", "3", "分", "钟")
    assert rouge_l_precision(tokenize("怎样煮面"), tokenize("怎样炒面")) == 0.75


def test_letters_outside_ascii_are_words_not_dropped() -> None:
    assert tokenize("Où est la Crème?") == ("où", "est", "la", "crème")
    assert tokenize("Что это такое") == ("что", "это", "такое")
