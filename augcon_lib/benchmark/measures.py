"""Coverage, closed-book answers by the nearest question, diversity, and how sure they are.

A dataset covers a gold question where a row of the same passage carries the gold answer and asks a
matching question. Closed-book, a gold question is answered with the response of the generated
question that is nearest to it among those of *all* passages (TF-IDF over words, word pairs and
character 3- and 4-grams, cosine): what a model that has learnt the rows by heart would say.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from augcon_lib.benchmark.answers import carried_share, exact_match, token_f1
from augcon_lib.benchmark.generation import GeneratedRow
from augcon_lib.benchmark.gold import GoldQuestion
from augcon_lib.evaluation.diversity import distinct
from augcon_lib.evaluation.resampling import interval_of, resampled_means
from augcon_lib.text.rouge import tokenize

# A row's question matches a gold one where it holds this share of the gold question's terms,
# weighted by how rare they are among the gold questions.
MIN_MATCH = 1 / 3
QUESTION_MEASURES = ("coverage", "closed_book_em", "closed_book_f1")

Scores = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Measured:
    """Per gold question, in the order given: each of ``QUESTION_MEASURES``; and of all rows.

    ``answers_carried`` is the coverage that there would be if any question matched.
    """

    scores: Mapping[str, Scores]
    answers_carried: float
    distinct_2: float


def measure(gold: Sequence[GoldQuestion], rows: Sequence[GeneratedRow]) -> Measured:
    """What *rows* are worth against *gold*."""
    by_passage: dict[str, list[GeneratedRow]] = defaultdict(list)
    for row in rows:
        by_passage[row.passage_id].append(row)
    weights = _weights([each.question for each in gold])
    coverage, carried = [], []
    for each in gold:
        here = by_passage[each.passage_id]
        shares = [carried_share(row.response, each.answers) for row in here]
        matching = (
            share
            for share, row in zip(shares, here, strict=True)
            if share > 0 and _match(each.question, row.query, weights) >= MIN_MATCH
        )
        coverage.append(max(matching, default=0.0))
        carried.append(max(shares, default=0.0))
    answers = [rows[place].response if place >= 0 else "" for place in _nearest(gold, rows)]
    pairs = list(zip(answers, gold, strict=True))
    return Measured(
        scores={
            "coverage": np.array(coverage),
            "closed_book_em": np.array([exact_match(a, g.answers) for a, g in pairs]),
            "closed_book_f1": np.array([token_f1(a, g.answers) for a, g in pairs]),
        },
        answers_carried=sum(carried) / len(carried),
        distinct_2=distinct_2([row.query for row in rows]),
    )


def distinct_2(queries: Sequence[str]) -> float:
    """Different pairs of neighbouring tokens over all such pairs of *queries*; 0 without any."""
    return distinct(queries, 2)


def confidence_interval(
    gold: Sequence[GoldQuestion], scores: Scores, against: Scores | None = None
) -> tuple[float, float]:
    """95 % interval of the mean of *scores*, by bootstrap over passages.

    With *against*, that of the mean difference, on the same passages.
    """
    values = scores if against is None else scores - against
    return interval_of(resampled_means([each.passage_id for each in gold], values))


def terms(text: str) -> list[str]:
    """Words, word pairs, and the character 3- and 4-grams of words, which see inflections."""
    tokens = tokenize(text)
    grams = [
        f"#{marked[start : start + size]}"
        for marked in (f"<{token}>" for token in tokens)
        for size in (3, 4)
        for start in range(len(marked) - size + 1)
    ]
    return [*tokens, *(f"{first} {second}" for first, second in pairwise(tokens)), *grams]


def _weights(questions: Sequence[str]) -> dict[str, float]:
    """How much each term of the gold *questions* says: the logarithm of how rare it is."""
    spread = Counter(term for question in questions for term in set(terms(question)))
    return {term: math.log((1 + len(questions)) / count) for term, count in spread.items()}


def _match(question: str, query: str, weights: Mapping[str, float]) -> float:
    wanted = set(terms(question))
    total = sum(weights[term] for term in wanted)
    return sum(weights[term] for term in wanted & set(terms(query))) / total if total else 0.0


def _nearest(gold: Sequence[GoldQuestion], rows: Sequence[GeneratedRow]) -> list[int]:
    """The place of the row whose query is nearest to each gold question; -1 where none is near."""
    # Imported here, as it takes a second.
    from sklearn.feature_extraction.text import TfidfVectorizer  # type: ignore[import-untyped]

    if not rows:
        return [-1] * len(gold)
    vectorizer = TfidfVectorizer(analyzer=terms, sublinear_tf=True)
    known = vectorizer.fit_transform([row.query for row in rows]).T.tocsr()
    near = vectorizer.transform([each.question for each in gold]) @ known
    places = np.asarray(near.argmax(axis=1)).ravel()
    best = np.asarray(near.max(axis=1).todense()).ravel()
    return [int(place) if value > 0 else -1 for place, value in zip(places, best, strict=True)]
