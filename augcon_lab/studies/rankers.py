"""Rankers to compare the trained scorer with: heuristics, and the model's own ratings."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from augcon_lib.chat.port import ChatRequest
from augcon_lib.chat.reply_formats import RATING
from augcon_lib.prompts import PromptLibrary
from augcon_lib.text.rouge import tokenize

LOWEST_RATING, HIGHEST_RATING = 1, 10


class QueryLength:
    """Ranks by length: a longer query asks for more."""

    def score(self, contexts: Sequence[str], queries: Sequence[str]) -> list[float]:
        """Return the number of tokens of each query."""
        return [float(len(tokenize(query))) for query in queries]


class Relevance:
    """Ranks by the cosine of query and context, with TF-IDF over the words of the corpus."""

    def __init__(self, texts: Iterable[str]) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer  # type: ignore[import-untyped]

        self._vectorizer: Any = TfidfVectorizer(analyzer=tokenize, sublinear_tf=True)
        self._vectorizer.fit(texts)

    def score(self, contexts: Sequence[str], queries: Sequence[str]) -> list[float]:
        """Return scores in [0, 1], rounded so that a rank is the same on any machine."""
        if not queries:
            return []
        one = self._vectorizer.transform(contexts)
        other = self._vectorizer.transform(queries)
        cosines = np.asarray(one.multiply(other).sum(axis=1)).ravel()
        return [round(float(value), 9) for value in cosines]


class Tie:
    """No ranking: keeps the order of generation, in which queries of larger parts come first."""

    def score(self, contexts: Sequence[str], queries: Sequence[str]) -> list[float]:
        """Return 0 for each query."""
        return [0.0] * len(queries)


class Ratings:
    """Ranks by ratings that the model gave before; unrated queries come last."""

    def __init__(self, known: Mapping[tuple[str, str], float]) -> None:
        self._known = known

    def score(self, contexts: Sequence[str], queries: Sequence[str]) -> list[float]:
        """Return the ratings, 1 to 10, or 0 for unrated queries."""
        pairs = zip(contexts, queries, strict=True)
        return [self._known.get(pair, 0.0) for pair in pairs]


def rating_request(prompts: PromptLibrary, context: str, query: str, language: str) -> ChatRequest:
    """Return a request to rate *query* for *context* with a whole number from 1 to 10."""
    prompt = prompts.get("query_rating", language)
    return ChatRequest(
        instruction=prompt.instruction(),
        user=prompt.user(context=context, question=query),
        reply_format=RATING,
        temperature=0.0,
        language=language,
        stage="study_scorers",
    )


def as_rating(value: str | int) -> float:
    """Return the number in a reply, within the scale."""
    return float(min(max(int(value), LOWEST_RATING), HIGHEST_RATING))
