"""What the trained scorer is held against: heuristics, and the model's own ratings."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from augcon_lib.chat.port import ChatRequest
from augcon_lib.chat.reply_formats import RATING
from augcon_lib.prompts import PromptLibrary
from augcon_lib.text.rouge import tokenize

LOWEST_RATING, HIGHEST_RATING = 1, 10


class QueryLength:
    """The longer a query, the more it asks for."""

    def score(self, contexts: Sequence[str], queries: Sequence[str]) -> list[float]:
        """Tokens of each query."""
        return [float(len(tokenize(query))) for query in queries]


class Relevance:
    """The cosine of query and context, by TF-IDF over the words of the corpus."""

    def __init__(self, texts: Iterable[str]) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer  # type: ignore[import-untyped]

        self._vectorizer: Any = TfidfVectorizer(analyzer=tokenize, sublinear_tf=True)
        self._vectorizer.fit(texts)

    def score(self, contexts: Sequence[str], queries: Sequence[str]) -> list[float]:
        """In [0, 1]; rounded, so that a rank is the same on any machine."""
        if not queries:
            return []
        one = self._vectorizer.transform(contexts)
        other = self._vectorizer.transform(queries)
        cosines = np.asarray(one.multiply(other).sum(axis=1)).ravel()
        return [round(float(value), 9) for value in cosines]


class Tie:
    """No ranking: of a context's queries those of bigger parts come first, as made."""

    def score(self, contexts: Sequence[str], queries: Sequence[str]) -> list[float]:
        """0 for each."""
        return [0.0] * len(queries)


class Ratings:
    """The model's ratings, asked for before; what it did not rate comes last."""

    def __init__(self, known: Mapping[tuple[str, str], float]) -> None:
        self._known = known

    def score(self, contexts: Sequence[str], queries: Sequence[str]) -> list[float]:
        """1 to 10, or 0."""
        pairs = zip(contexts, queries, strict=True)
        return [self._known.get(pair, 0.0) for pair in pairs]


def rating_request(prompts: PromptLibrary, context: str, query: str, language: str) -> ChatRequest:
    """Asks how good *query* is for *context*, as a whole number from 1 to 10."""
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
    """A reply's number, within the scale."""
    return float(min(max(int(value), LOWEST_RATING), HIGHEST_RATING))
