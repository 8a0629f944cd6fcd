"""Do the queries reach all topics of the corpus? Queries and sentences, clustered together.

Sentences of the root contexts and queries become vectors (TF-IDF over terms, latent semantic
analysis, unit length) and are clustered by k-means, all with one seed. A cluster is a topic; its
weight is its number of sentences. What a query is *asked with* ("what is the") would draw queries
together by their form: terms that are far more frequent in queries than in the corpus are left out.
"""

import random
import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from augcon_lib.evaluation.numbers import PLOTTED, NotMeasured
from augcon_lib.text.rouge import tokenize
from augcon_lib.text.sentences import split_sentences
from augcon_lib.warehouse.evaluation_rows import RootContext

MAX_SENTENCES = 6_000
MAX_QUERIES = 10_000
SENTENCES_PER_TOPIC = 12
MAX_TOPICS = 400
DIMENSIONS = 64
MIN_SENTENCE_TERMS = 3
MIN_SENTENCES = 20
# A term in more sentences than this is no topic's: "the", "is".
MAX_SENTENCE_SHARE = 0.2
MIN_TERM_SENTENCES = 2
MIN_TERMS = 10
# A term of asking: in more than this share of queries, and so many times that of sentences.
ASKING_SHARE = 0.02
ASKING_RATIO = 4.0
NAMED_TOPICS = 20
TERMS_PER_TOPIC = 5

Name = TypeVar("Name", bound=Hashable)
_ADDRESS_OR_TAG = re.compile(r"https?://[^\s)>\]]+|</?[a-zA-Z][^<>]*>")

Labels = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic of the corpus without a query: its size, terms, and a sentence that is typical."""

    sentences: int
    terms: list[str]
    example: str
    context_id: str
    document_id: str


@dataclass(frozen=True, slots=True)
class TopicCoverage:
    """How the queries lie over the topics of the corpus.

    ``coverage``: share of sentences whose topic holds a query. ``overlap``: sum over topics of the
    smaller of their shares of sentences and of queries: 1 where queries are spread as the corpus
    is. ``uncovered``: the largest topics without a query. Counts are those of the sample.
    ``covered_by_document``: for each sentence its document and whether its topic holds a query.
    """

    coverage: float
    overlap: float
    topics: int
    covered_topics: int
    sentences: int
    queries: int
    uncovered: list[Topic]
    covered_by_document: list[tuple[str, bool]] = field(metadata=PLOTTED, repr=False)


@dataclass(frozen=True, slots=True)
class _Sentence:
    passage: RootContext
    text: str
    terms: list[str]


def measure_topics(
    passages: Sequence[RootContext], queries: Sequence[str], seed: int
) -> TopicCoverage | NotMeasured:
    """:func:`coverage_of` one set of queries."""
    return coverage_of(passages, {"": queries}, seed)[""]


def coverage_of(
    passages: Sequence[RootContext], queries: Mapping[Name, Sequence[str]], seed: int
) -> dict[Name, TopicCoverage | NotMeasured]:
    """Coverage of the topics of *passages* by each of *queries*, over the same topics for all.

    Samples of at most ``MAX_SENTENCES`` and ``MAX_QUERIES`` of each are drawn by *seed*.
    """
    sentences = _sentences(passages, seed)
    asked = {
        name: [terms(query) for query in _drawn(each, MAX_QUERIES, seed)]
        for name, each in queries.items()
    }
    together = [each for drawn in asked.values() for each in drawn]
    if len(sentences) < MIN_SENTENCES:
        found = NotMeasured(f"the corpus has fewer than {MIN_SENTENCES} sentences with terms")
        return dict.fromkeys(queries, found)
    if not together:
        return dict.fromkeys(queries, NotMeasured("there are no queries"))
    known = [each.terms for each in sentences]
    vocabulary = _vocabulary(known, together)
    if len(vocabulary) < MIN_TERMS:
        found = NotMeasured(f"fewer than {MIN_TERMS} terms stand in several sentences")
        return dict.fromkeys(queries, found)
    labels = _cluster([*known, *together], len(known), vocabulary, seed)
    of_sentences = labels[: len(sentences)]
    results: dict[Name, TopicCoverage | NotMeasured] = {}
    start = len(sentences)
    for name, drawn in asked.items():
        results[name] = _coverage(sentences, of_sentences, labels[start : start + len(drawn)])
        start += len(drawn)
    return results


def terms(text: str) -> list[str]:
    """Words of two letters or more, and pairs of neighbouring characters of unspaced scripts.

    Addresses and HTML tags are no words.
    """
    tokens = tokenize(_ADDRESS_OR_TAG.sub(" ", text))
    words = [token for token in tokens if len(token) > 1 and not token.isdecimal()]
    pairs = [
        first + second
        for first, second in pairwise(tokens)
        if len(first) == len(second) == 1 and not (first.isascii() or second.isascii())
    ]
    return words + pairs


def _sentences(passages: Sequence[RootContext], seed: int) -> list[_Sentence]:
    found = [
        _Sentence(passage, sentence, sentence_terms)
        for passage in passages
        for start, end in split_sentences(passage.text, passage.language)
        for sentence in (passage.text[start:end],)
        for sentence_terms in (terms(sentence),)
        if len(sentence_terms) >= MIN_SENTENCE_TERMS
    ]
    return _drawn(found, MAX_SENTENCES, seed)


def _vocabulary(sentences: Sequence[list[str]], queries: Sequence[list[str]]) -> list[str]:
    """Terms that tell topics apart: in several sentences, not in too many, and not of asking."""
    in_queries = Counter(term for each in queries for term in set(each))
    in_sentences = Counter(term for each in sentences for term in set(each))

    def is_asking(term: str) -> bool:
        share = in_queries[term] / len(queries)
        return share > ASKING_SHARE and share > ASKING_RATIO * in_sentences[term] / len(sentences)

    most = max(MIN_TERM_SENTENCES, MAX_SENTENCE_SHARE * len(sentences))
    return sorted(
        term
        for term, count in in_sentences.items()
        if MIN_TERM_SENTENCES <= count <= most and not is_asking(term)
    )


def _cluster(
    found: Sequence[list[str]], corpus: int, vocabulary: Sequence[str], seed: int
) -> Labels:
    """The topic of each of *found*, the first *corpus* of them sentences; -1 without a term."""
    from sklearn.cluster import MiniBatchKMeans  # type: ignore[import-untyped]
    from sklearn.decomposition import TruncatedSVD  # type: ignore[import-untyped]
    from sklearn.feature_extraction.text import TfidfVectorizer  # type: ignore[import-untyped]
    from sklearn.preprocessing import normalize  # type: ignore[import-untyped]

    vectorizer = TfidfVectorizer(analyzer=_itself, sublinear_tf=True, vocabulary=vocabulary)
    weighted = vectorizer.fit(found[:corpus]).transform(found)
    analysis = TruncatedSVD(min(DIMENSIONS, len(vocabulary) - 1), random_state=seed)
    vectors = normalize(analysis.fit(weighted[:corpus]).transform(weighted))
    known = np.diff(weighted.indptr) > 0
    count = max(2, min(MAX_TOPICS, int(known[:corpus].sum()) // SENTENCES_PER_TOPIC))
    labels = np.full(len(found), -1)
    model = MiniBatchKMeans(count, random_state=seed, n_init=3, batch_size=2048)
    labels[known] = model.fit_predict(vectors[known])
    return labels


def _coverage(
    sentences: Sequence[_Sentence],
    of_sentences: Labels,
    of_queries: Labels,
) -> TopicCoverage:
    sizes = Counter(int(label) for label in of_sentences if label >= 0)
    asked = Counter(int(label) for label in of_queries if label >= 0)
    total, queries = sizes.total(), asked.total()
    return TopicCoverage(
        coverage=sum(n for topic, n in sizes.items() if asked[topic]) / total,
        overlap=sum(min(n / total, asked[topic] / max(queries, 1)) for topic, n in sizes.items()),
        topics=len(sizes),
        covered_topics=sum(asked[topic] > 0 for topic in sizes),
        sentences=total,
        queries=queries,
        uncovered=_named(sentences, of_sentences, [t for t in sizes if not asked[t]]),
        covered_by_document=[
            (sentence.passage.document_id, asked[int(label)] > 0)
            for sentence, label in zip(sentences, of_sentences, strict=True)
            if label >= 0
        ],
    )


def _named(sentences: Sequence[_Sentence], labels: Labels, topics: Sequence[int]) -> list[Topic]:
    """The largest of *topics*, each by the terms that it has more of than the corpus."""
    members: dict[int, list[_Sentence]] = defaultdict(list)
    for label, sentence in zip(labels, sentences, strict=True):
        members[int(label)].append(sentence)
    spread = Counter(term for each in sentences for term in set(each.terms))
    named = []
    for topic in sorted(topics, key=lambda t: (-len(members[t]), t))[:NAMED_TOPICS]:
        here = Counter(term for each in members[topic] for term in set(each.terms))
        weights = {
            term: count * np.log(len(sentences) / spread[term])
            for term, count in here.items()
            if spread[term] <= MAX_SENTENCE_SHARE * len(sentences)
        }
        top = sorted(weights, key=lambda term: (-weights[term], term))[:TERMS_PER_TOPIC]
        typical = max(members[topic], key=lambda each: len(set(top) & set(each.terms)))
        passage = typical.passage
        named.append(
            Topic(len(members[topic]), top, typical.text, passage.context_id, passage.document_id)
        )
    return named


def _itself(found: list[str]) -> list[str]:
    return found


def _drawn(items: Sequence[Any], most: int, seed: int) -> list[Any]:
    """At most *most* of *items*, in their order."""
    if len(items) <= most:
        return list(items)
    places = sorted(random.Random(seed).sample(range(len(items)), most))
    return [items[place] for place in places]
