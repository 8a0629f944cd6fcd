"""Step 2b: the scorer s(C, q), trained on contrastive pairs (section 3.3).

The loss is the paper's, -log σ(s(C, q⁺) - s(C, q⁻)): a logistic regression without intercept on
the differences of the features of q⁺ and q⁻. It is validated on documents it has not seen.
"""

import hashlib
import json
import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from augcon_lib.queries.contrastive_pairs import ContrastivePair
from augcon_lib.queries.embeddings import PACKAGE, Embedder
from augcon_lib.queries.features import FEATURE_NAMES, features
from augcon_lib.queries.pair_measures import PairMeasures, measure_pairs
from augcon_lib.records import content_id

HELD_OUT_FRACTION = 0.2
MIN_PAIRS = 10
INVERSE_REGULARISATION = 1.0

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ScorerReport:
    """How well the scorer separates q⁺ from q⁻ on documents that it was not trained on.

    ``epoch_losses`` are the mean losses of a scorer that is trained in epochs.
    """

    train_pairs: int
    held_out: PairMeasures
    accuracy_by_kind: dict[str, float]
    epoch_losses: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class ScorerComparison:
    """A scorer and the one of *version*, which is active, on the same held-out pairs.

    ``accuracy`` is the active one's pair accuracy, ``own_accuracy`` the new one's.
    """

    version: str
    pairs: int
    accuracy: float
    own_accuracy: float


class Scorer(Protocol):
    """Ranks queries."""

    def score(self, contexts: Sequence[str], queries: Sequence[str]) -> list[float]:
        """Return s(C, q) for each pair; higher is better."""
        ...


@dataclass(frozen=True, slots=True)
class LinearScorer:
    """s(C, q) = w · (x(C, q) - mean) / scale.

    With an ``embedder`` the last feature is the cosine of the embeddings of C and q.
    """

    weights: tuple[float, ...]
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    embedder: Embedder | None = None
    kind: ClassVar = "linear"

    def score(self, contexts: Sequence[str], queries: Sequence[str]) -> list[float]:
        """Return s(C, q) for each pair; higher means closer to instruction and examples.

        Raises ``ModelError`` if the endpoint's embeddings of a text are not known.
        """
        if not queries:
            return []
        seen = _seen(contexts, queries, self.embedder)
        standardised = (seen - np.array(self.mean)) / np.array(self.scale)
        # Rounded, so that the last bit of a machine's arithmetic cannot change a rank.
        return [round(float(value), 9) for value in standardised @ np.array(self.weights)]

    @property
    def version(self) -> str:
        """An id of the weights; two equal scorers have the same."""
        return content_id("scorer", self.to_json())

    def to_json(self) -> str:
        """Return the scorer as JSON, for the warehouse."""
        extra = {"embedding_model": self.embedder.model} if self.embedder else {}
        if self.embedder and self.embedder.source != PACKAGE:
            extra["embedding_source"] = self.embedder.source
        return json.dumps(
            {
                "features": list(FEATURE_NAMES),
                "weights": self.weights,
                "mean": self.mean,
                "scale": self.scale,
                **extra,
            }
        )

    @classmethod
    def from_json(cls, payload: str) -> "LinearScorer":
        """Return the inverse of :meth:`to_json`."""
        values = json.loads(payload)
        model = values.get("embedding_model")
        return cls(
            tuple(values["weights"]),
            tuple(values["mean"]),
            tuple(values["scale"]),
            Embedder(model, values.get("embedding_source", PACKAGE)) if model else None,
        )


class RandomChoice:
    """No scorer: a random order, the same on every machine (section 4.4, third ablation)."""

    def score(self, contexts: Sequence[str], queries: Sequence[str]) -> list[float]:
        """Return a number in [0, 1) that depends only on context and query."""
        ids = (content_id("random", c, q) for c, q in zip(contexts, queries, strict=True))
        return [int(each[:12], 16) / 16**12 for each in ids]


UNTRAINED = LinearScorer(
    (0.0,) * len(FEATURE_NAMES), (0.0,) * len(FEATURE_NAMES), (1.0,) * len(FEATURE_NAMES)
)


def train_scorer(
    pairs: Sequence[ContrastivePair], seed: int, embedder: Embedder | None = None
) -> tuple[LinearScorer, ScorerReport]:
    """Train on the documents of one part, validate on those of the other.

    Returns the validated scorer. With fewer than ``MIN_PAIRS`` pairs to learn from, the scorer
    gives every query the same score, and the report contains the number of pairs.
    """
    train, held_out = split_by_document(pairs, seed)
    scorer = _fit(train, seed, embedder) if len(train) >= MIN_PAIRS else UNTRAINED
    return scorer, scorer_report(scorer, len(train), held_out)


def split_by_document(
    pairs: Sequence[ContrastivePair], seed: int
) -> tuple[list[ContrastivePair], list[ContrastivePair]]:
    """Return the pairs to train on, and those of a fifth of the documents, which are held out.

    Uses a seeded shuffle of the documents' hashes; nothing is held out of a single document.
    """
    ordered = sorted(pairs, key=lambda pair: (pair.node_id, pair.kind))
    chosen = held_out_documents({pair.document_id for pair in pairs}, seed)
    train = [pair for pair in ordered if pair.document_id not in chosen]
    return train, [pair for pair in ordered if pair.document_id in chosen]


def held_out_documents(documents: Collection[str], seed: int) -> set[str]:
    """Return a fifth of *documents*, at least one of several, by a seeded shuffle of hashes."""
    shuffled = sorted(
        documents, key=lambda name: hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()
    )
    random.Random(seed).shuffle(shuffled)
    count = max(1, round(len(shuffled) * HELD_OUT_FRACTION)) if len(shuffled) > 1 else 0
    return set(shuffled[:count])


def scorer_report(
    scorer: Scorer, train_pairs: int, held_out: Sequence[ContrastivePair]
) -> ScorerReport:
    """Measure *scorer*, which was trained on *train_pairs* pairs, on pairs of other documents."""
    contexts = [pair.context for pair in held_out]
    positive = scorer.score(contexts, [pair.positive_query for pair in held_out])
    negative = scorer.score(contexts, [pair.negative_query for pair in held_out])
    by_kind: dict[str, list[int]] = {}
    for place, pair in enumerate(held_out):
        by_kind.setdefault(pair.kind, []).append(place)

    def measured(places: Sequence[int]) -> PairMeasures:
        return measure_pairs(
            [held_out[place].document_id for place in places],
            [positive[place] for place in places],
            [negative[place] for place in places],
        )

    return ScorerReport(
        train_pairs,
        measured(range(len(held_out))),
        {kind: measured(places).pair_accuracy for kind, places in sorted(by_kind.items())},
    )


def pair_wins(scorer: Scorer, pairs: Sequence[ContrastivePair]) -> Matrix:
    """Return for each of *pairs* 1 if s(C, q⁺) > s(C, q⁻), a half for a tie, otherwise 0."""
    contexts = [pair.context for pair in pairs]
    positive = np.array(scorer.score(contexts, [pair.positive_query for pair in pairs]))
    negative = np.array(scorer.score(contexts, [pair.negative_query for pair in pairs]))
    return np.asarray((np.sign(positive - negative) + 1) / 2)


def _fit(pairs: Sequence[ContrastivePair], seed: int, embedder: Embedder | None) -> LinearScorer:
    # Imported here, as it takes a second.
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

    contexts = [pair.context for pair in pairs]
    positive = _seen(contexts, [pair.positive_query for pair in pairs], embedder)
    negative = _seen(contexts, [pair.negative_query for pair in pairs], embedder)
    both = np.vstack([positive, negative])
    mean = both.mean(axis=0)
    scale = both.std(axis=0)
    scale[scale < 1e-9] = 1.0
    differences: Matrix = (positive - negative) / scale
    # Half of the differences are turned round: the loss is symmetric, the solver needs two classes.
    signs = np.array([1 if index % 2 == 0 else -1 for index in range(len(pairs))])
    model = LogisticRegression(
        fit_intercept=False, C=INVERSE_REGULARISATION, max_iter=1000, random_state=seed
    )
    model.fit(differences * signs[:, None], signs)
    weights = _rounded(model.coef_[0])
    return LinearScorer(weights, _rounded(mean), _rounded(scale), embedder)


def _seen(contexts: Sequence[str], queries: Sequence[str], embedder: Embedder | None) -> Matrix:
    """Return one row of features per query."""
    found = features(contexts, queries)
    if embedder is None:
        return found
    return np.column_stack([found, embedder.cosines(contexts, queries)])


def _rounded(values: Matrix) -> tuple[float, ...]:
    """Round to ten significant digits: the same weights on any machine, in practice."""
    return tuple(float(f"{value:.10g}") for value in values)
