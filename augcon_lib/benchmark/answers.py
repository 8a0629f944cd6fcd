"""Decide whether an answer is right, or contained in a row.

Texts are compared by their tokens (``rouge.tokenize``), without English articles, as SQuAD's
official measure does; a character of an unspaced script is a token, as in CMRC's.
"""

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

from rapidfuzz.distance import LCSseq

from augcon_lib.text.rouge import Tokens, tokenize
from augcon_lib.text.sentences import split_sentences

ARTICLES = frozenset({"a", "an", "the"})
# A longer answer is not a span that a row can quote: it counts by its sentences.
MAX_SPAN_TOKENS = 30
MIN_SENTENCE_RECALL = 0.5


@lru_cache(maxsize=65_536)
def normalised(text: str) -> Tokens:
    """Return the tokens of *text* without articles; with them if there is nothing else."""
    tokens = tokenize(text)
    return tuple(token for token in tokens if token not in ARTICLES) or tokens


def exact_match(given: str, answers: Sequence[str]) -> float:
    """Return 1 if *given* equals one of *answers*, otherwise 0."""
    return float(any(normalised(given) == normalised(answer) for answer in answers))


def token_f1(given: str, answers: Sequence[str]) -> float:
    """Return the best F1 of *given*'s tokens against those of one of *answers*, in [0, 1]."""
    return max((_f1(normalised(given), normalised(answer)) for answer in answers), default=0.0)


def carried_share(response: str, answers: Sequence[str]) -> float:
    """How much of one of *answers*, the best, *response* carries, in [0, 1].

    A short answer is carried where its tokens stand in *response* side by side; a long one by the
    share of its sentences of which at least half the tokens stand there in order.
    """
    return max((_carried(normalised(response), answer) for answer in answers), default=0.0)


def _f1(given: Tokens, wanted: Tokens) -> float:
    shared = (Counter(given) & Counter(wanted)).total()
    return 2 * shared / (len(given) + len(wanted)) if shared else 0.0


def _carried(response: Tokens, answer: str) -> float:
    wanted = normalised(answer)
    if not wanted:
        return 0.0
    if len(wanted) <= MAX_SPAN_TOKENS:
        return float(_stands_in(wanted, response))
    sentences = [normalised(answer[start:end]) for start, end in split_sentences(answer, "en")]
    told = [one for one in sentences if one]
    kept = sum(LCSseq.similarity(one, response) >= MIN_SENTENCE_RECALL * len(one) for one in told)
    return kept / len(told)


def _stands_in(wanted: Tokens, text: Tokens) -> bool:
    return f" {' '.join(wanted)} " in f" {' '.join(text)} "
