"""How well scores separate q⁺ from q⁻: pair accuracy and AUC, with their intervals.

Pairs of one document are alike, so the intervals are by bootstrap over documents.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from augcon_lib.pipeline import SEED

RESAMPLES = 1000
NOT_MEASURED = (math.nan, math.nan)

Vector = npt.NDArray[np.float64]
Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class PairMeasures:
    """``pair_accuracy``: the share of pairs with s(C, q⁺) > s(C, q⁻), ties half.

    ``auc``: the same over every q⁺ with every q⁻, whatever their contexts. The intervals contain
    95 % of the resamples; NaN with fewer than two documents. Without pairs all is NaN.
    ``standard_error`` is that of the pair accuracy.
    """

    pairs: int
    documents: int
    pair_accuracy: float = math.nan
    pair_accuracy_ci95: Interval = NOT_MEASURED
    auc: float = math.nan
    auc_ci95: Interval = NOT_MEASURED
    standard_error: float = math.nan


def measure_pairs(
    document_ids: Sequence[str], positive: Sequence[float], negative: Sequence[float]
) -> PairMeasures:
    """Measure the scores of q⁺ and q⁻, pair by pair, each pair of one of *document_ids*."""
    places = {name: place for place, name in enumerate(sorted(set(document_ids)))}
    if not places:
        return PairMeasures(0, 0)
    document = np.array([places[name] for name in document_ids])
    high, low = np.array(positive, dtype=np.float64), np.array(negative, dtype=np.float64)
    counts = np.bincount(document)
    wins = np.bincount(document, weights=(np.sign(high - low) + 1) / 2)
    crossed = _wins_across(document, high, low, len(places))
    accuracy, auc = wins.sum() / counts.sum(), crossed.sum() / counts.sum() ** 2
    if len(places) < 2:
        return PairMeasures(len(high), 1, float(accuracy), auc=float(auc))
    rng = np.random.default_rng(SEED)
    # How often each document was drawn, for each resample.
    drawn = rng.multinomial(len(places), np.full(len(places), 1 / len(places)), size=RESAMPLES)
    totals = drawn @ counts
    accuracies = (drawn @ wins) / totals
    aucs = ((drawn @ crossed) * drawn).sum(axis=1) / totals.astype(np.float64) ** 2
    return PairMeasures(
        pairs=len(high),
        documents=len(places),
        pair_accuracy=float(accuracy),
        pair_accuracy_ci95=_interval(accuracies),
        auc=float(auc),
        auc_ci95=_interval(aucs),
        standard_error=float(accuracies.std()),
    )


def _wins_across(
    document: npt.NDArray[np.intp], high: Vector, low: Vector, count: int
) -> npt.NDArray[np.float64]:
    """Return at [d, e] how many pairs of a q⁺ of document d and a q⁻ of e the q⁺ wins; ties: ½."""
    wins = np.empty((count, count))
    for other in range(count):
        beaten = np.sort(low[document == other])
        places = np.searchsorted(beaten, high, "left") + np.searchsorted(beaten, high, "right")
        wins[:, other] = np.bincount(document, weights=places / 2, minlength=count)
    return wins


def _interval(values: Vector) -> Interval:
    low, high = np.quantile(values, (0.025, 0.975))
    return float(low), float(high)
