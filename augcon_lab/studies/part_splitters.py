"""Splitters to compare the Context-Split-Tree with, each from a well-maintained library.

All return parts of about ``part_chars`` characters in one step, as is usual for retrieval. Parts
that are too short for a question are joined to a neighbour.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from augcon_lib.strategies.part_draws import Span
from augcon_lib.text.rouge import tokenize
from augcon_lib.text.sentences import split_sentences

WINDOW_SENTENCES = 3
MAX_COMPONENTS = 100

Vectors = npt.NDArray[np.float64]
Embed = Callable[[Sequence[str]], Vectors]


def recursive_characters(text: str, part_chars: int, shortest: int) -> list[Span]:
    """Cut at paragraphs, else at sentences, words, characters (``semantic-text-splitter``).

    Raises ``ImportError`` if the extra ``augcon[studies]`` is not installed.
    """
    from semantic_text_splitter import TextSplitter

    found = TextSplitter(part_chars, trim=False).chunk_indices(text)
    return joined(text, [start for start, _ in found], shortest)


def sentence_windows(text: str, language: str, shortest: int) -> list[Span]:
    """Return each sentence with the one before and after it: overlapping windows of three."""
    sentences = _sentences(text, language, shortest)
    if len(sentences) <= WINDOW_SENTENCES:
        return [(0, len(text))]
    return [
        (group[0][0], group[-1][1])
        for group in zip(*(sentences[n:] for n in range(WINDOW_SENTENCES)), strict=False)
    ]


def by_embeddings(
    text: str, language: str, part_chars: int, shortest: int, embed: Embed
) -> list[Span]:
    """Keep similar neighbouring sentences together (scikit-learn, Ward's method).

    Makes at least as many parts as ``recursive_characters``, cut where the meaning changes most.
    """
    sentences = _sentences(text, language, shortest)
    count = min(len(sentences), -(-len(text) // part_chars))
    if count < 2:
        return [(0, len(text))]
    from scipy.sparse import diags_array  # type: ignore[import-untyped]
    from sklearn.cluster import AgglomerativeClustering  # type: ignore[import-untyped]

    chain = diags_array([np.ones(len(sentences) - 1)] * 2, offsets=[-1, 1])
    clusters = AgglomerativeClustering(n_clusters=count, connectivity=chain, linkage="ward")
    labels = clusters.fit_predict(embed([text[start:end] for start, end in sentences]))
    changes = [place for place, (a, b) in enumerate(pairwise(labels), start=1) if a != b]
    return joined(text, [0, *(sentences[place][0] for place in changes)], shortest)


def latent_semantics(sentences: Iterable[str], seed: int) -> Embed:
    """Return embeddings learned from *sentences*: TF-IDF and its strongest components (LSA)."""
    from sklearn.decomposition import TruncatedSVD  # type: ignore[import-untyped]
    from sklearn.feature_extraction.text import TfidfVectorizer  # type: ignore[import-untyped]
    from sklearn.preprocessing import normalize  # type: ignore[import-untyped]

    known = list(sentences)
    vectorizer: Any = TfidfVectorizer(analyzer=tokenize, sublinear_tf=True)
    matrix = vectorizer.fit_transform(known)
    # More components than terms or sentences make no sense; two are the minimum.
    count = min(MAX_COMPONENTS, *(size - 1 for size in matrix.shape))
    if count < 2:
        return lambda texts: np.asarray(vectorizer.transform(texts).todense())
    components = TruncatedSVD(count, random_state=seed).fit(matrix)

    def embed(texts: Sequence[str]) -> Vectors:
        return np.asarray(normalize(components.transform(vectorizer.transform(texts))))

    return embed


def joined(text: str, starts: Sequence[int], shortest: int) -> list[Span]:
    """Return the parts of *text* from each of *starts* to the next, none below *shortest*.

    A shorter part is joined to the one before it, the first one to the one after it.
    """
    kept = [0]
    for start in starts[1:]:
        if start - kept[-1] >= shortest:
            kept.append(start)
    if len(kept) > 1 and len(text) - kept[-1] < shortest:
        kept.pop()
    return list(pairwise([*kept, len(text)]))


def _sentences(text: str, language: str, shortest: int) -> list[Span]:
    """Return the sentences of *text* without gaps; headings and the like are joined to them."""
    starts = [start for start, _ in split_sentences(text, language)]
    return joined(text, starts, min(shortest, 40)) if starts else [(0, len(text))]
