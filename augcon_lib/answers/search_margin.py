"""By how much the chosen few-shot set beats a random one, without selection bias (3.4).

The best of many draws looks better than it is on the examples that it was chosen by. So it is
chosen again on each resample of the examples, and compared on those that the resample left out.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from augcon_lib.answers.few_shot_search import Trial
from augcon_lib.pipeline import SEED

RESAMPLES = 1000


@dataclass(frozen=True, slots=True)
class SearchMargin:
    """One language: the chosen set's share of good answers, that of the mean draw, the margin.

    ``margin`` is what remains on examples that the choice did not see, with an interval that
    contains 95 % of the resamples; NaN with fewer than two draws or examples.
    """

    language: str
    chosen_score: float
    mean_score: float
    margin: float
    margin_ci95: tuple[float, float]


def search_margins(trials: Sequence[Trial]) -> list[SearchMargin]:
    """Return the margin of each language of a search's log, in order of language."""
    languages = sorted({trial.language for trial in trials if trial.verdicts})
    return [_margin([trial for trial in trials if trial.language == each]) for each in languages]


def _margin(trials: Sequence[Trial]) -> SearchMargin:
    verdicts = np.array([trial.verdicts for trial in trials], dtype=np.float64)
    chosen = next(trial for trial in trials if trial.chosen)
    margins = _held_out_margins(verdicts)
    interval = (math.nan, math.nan)
    if margins:
        low, high = np.quantile(margins, (0.025, 0.975))
        interval = (float(low), float(high))
    return SearchMargin(
        language=chosen.language,
        chosen_score=chosen.score,
        mean_score=float(verdicts.mean()),
        margin=float(np.mean(margins)) if margins else math.nan,
        margin_ci95=interval,
    )


def _held_out_margins(verdicts: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]") -> list[float]:
    """Return for each resample of the columns the best row's lead on the other columns."""
    rows, columns = verdicts.shape
    if rows < 2 or columns < 2:
        return []
    rng = np.random.default_rng(SEED)
    margins = []
    for _ in range(RESAMPLES):
        drawn = np.bincount(rng.integers(columns, size=columns), minlength=columns)
        left_out = drawn == 0
        if left_out.any():
            best = int((verdicts @ drawn).argmax())
            margins.append(float((verdicts[best] - verdicts.mean(axis=0))[left_out].mean()))
    return margins
