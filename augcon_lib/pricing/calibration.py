"""Calibrate guesses by this workspace's own past: how far off they are, and how much they vary.

Existing trees are walked again without the journal; the ratio of their real cost to the walk's
corrects later guesses, and the scatter gives the range.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from augcon_lib.model.journal import Journal
from augcon_lib.model.journal.tables import StageCalls
from augcon_lib.pipeline import StageName
from augcon_lib.pricing.stand_in import DistinctShares, Tally
from augcon_lib.pricing.walk import Walked, Walker
from augcon_lib.pricing.work import ContextWork
from augcon_lib.records import Context
from augcon_lib.stages.stage_run import StageRun
from augcon_lib.warehouse.counts import PastContext, distinct_shares, past_contexts

# This many past root contexts are walked again (about 10 ms each).
CALIBRATION_CONTEXTS = 80
# A language with fewer uses the figures of all languages together.
MIN_CONTEXTS = 10
PRICED_STAGES: tuple[StageName, ...] = ("cst_nodes", "responses")


@dataclass(frozen=True, slots=True)
class Factor:
    """Real calls per guessed call, and how certain that is.

    ``scatter`` is the variance of one context's real calls for each guessed call,
    ``doubt`` the relative standard error of the factor itself.
    """

    real_per_guess: float = 1.0
    scatter: float = 4.0
    doubt: float = 0.2


@dataclass(frozen=True, slots=True)
class Calibration:
    """Corrections of the figures of a walk.

    ``factors`` by stage and language ("" for all together); ``issued_per_answer``,
    ``tokens`` (input, output: real over guessed) by stage.
    """

    factors: Mapping[tuple[str, str], Factor] = field(default_factory=dict)
    issued_per_answer: Mapping[str, float] = field(default_factory=dict)
    tokens: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def factor(self, stage: StageName, language: str) -> Factor:
        """Return the factor of the language, of all languages, or without history."""
        by_language = self.factors.get((stage, language))
        return by_language or self.factors.get((stage, "")) or Factor()


def shares_of(run: StageRun) -> DistinctShares:
    """Return how many queries were distinct in this workspace so far."""
    known = distinct_shares(run.warehouse)
    usual = DistinctShares()
    return DistinctShares(known.get(False, usual.first), known.get(True, usual.further))


async def calibrate(
    run: StageRun, walker: Walker, journal: Journal | None, model: str
) -> Calibration:
    """Compare past trees with walks of their contexts; *walker* must have no journal."""
    calls = journal.calls_by_stage(model) if journal else {}
    past = past_contexts(run.warehouse, CALIBRATION_CONTEXTS)
    walked = [await walker.walk(_again(context)) for context in past]
    pairs = list(zip(past, walked, strict=True))
    factors: dict[tuple[str, str], Factor] = {}
    languages = {context.language for context in past}
    for language in ("", *languages):
        of_it = [pair for pair in pairs if language in ("", pair[0].language)]
        if len(of_it) >= MIN_CONTEXTS:
            for stage in PRICED_STAGES:
                factors[stage, language] = factor_of(
                    [(_real(stage, c), _guess(stage, w).calls) for c, w in of_it]
                )
    return Calibration(
        factors,
        {stage: c.issued / c.answered for stage, c in calls.items() if c.answered},
        {stage: _token_ratios(stage, calls, walked) for stage in PRICED_STAGES if stage in calls},
    )


def factor_of(pairs: Sequence[tuple[float, float]]) -> Factor:
    """Return the ratio of sums over (real, guessed), with its scatter (a ratio estimator)."""
    real, guessed = (sum(column) for column in zip(*pairs, strict=True))
    if not real or not guessed:
        return Factor()
    ratio = real / guessed
    residuals = sum((r - ratio * g) ** 2 for r, g in pairs)
    return Factor(ratio, residuals / guessed, math.sqrt(residuals) / real)


def _again(context: PastContext) -> ContextWork:
    root = Context(context.context_id, context.document_id, context.text, 0, len(context.text))
    return ContextWork(context.document_id, context.language, root)


def _real(stage: StageName, context: PastContext) -> int:
    return context.asked if stage == "cst_nodes" else context.selected


def _guess(stage: StageName, walked: Walked) -> Tally:
    return walked.trees if stage == "cst_nodes" else walked.answers


def _token_ratios(
    stage: StageName, calls: Mapping[str, StageCalls], walked: Sequence[Walked]
) -> tuple[float, float]:
    real = calls[stage]
    guessed = [_guess(stage, each) for each in walked]
    count = sum(tally.calls for tally in guessed)
    if not count or not real.answered:
        return 1.0, 1.0
    read = sum(tally.input_tokens for tally in guessed) / count
    written = sum(tally.output_tokens for tally in guessed) / count
    return real.input_tokens / real.answered / read, real.output_tokens / real.answered / written
