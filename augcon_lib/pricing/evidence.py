"""From what was walked to a range: corrected by the past, as wide as the past was scattered."""

import math
from collections.abc import Sequence

from augcon_lib.estimate import Estimate, Range, around
from augcon_lib.pricing.calibration import Calibration
from augcon_lib.pricing.stand_in import Tally
from augcon_lib.pricing.walk import Walked

# Two standard deviations to either side.
DEVIATIONS = 2.0


def of_contexts(
    stage: str, walked: Sequence[Walked], weight: float, calibration: Calibration
) -> Estimate:
    """What *stage* asks for root contexts like *walked*, each of which stands for *weight*."""
    expected, tokens_read, tokens_written, variance, doubt = [], 0.0, 0.0, 0.0, 0.0
    for context in walked:
        factor = calibration.factor(stage, context.language)
        tally = context.trees if stage == "cst_nodes" else context.answers
        corrected = tally.calls * (1 + (factor.real_per_guess - 1) * _guessed_share(context))
        each = corrected / tally.calls if tally.calls else 0.0
        expected.append(corrected)
        tokens_read += tally.input_tokens * each
        tokens_written += tally.output_tokens * each
        variance += factor.scatter * tally.calls * weight
        doubt += corrected * factor.doubt * weight
    variance += _sampling_variance(expected, weight)
    calls = sum(expected) * weight
    if not calls:
        return Estimate()
    deviation = DEVIATIONS * math.sqrt(variance + doubt**2)
    read, written = calibration.tokens.get(stage, (1.0, 1.0))
    issued = calibration.issued_per_answer.get(stage, 1.0)

    def spread(value: float) -> Range:
        return around(value * issued, deviation * issued * value / calls)

    return Estimate(
        spread(calls),
        spread(tokens_read * weight * read / issued),
        spread(tokens_written * weight * written / issued),
    )


def of_choice(stage: str, tally: Tally, examples: int, calibration: Calibration) -> Estimate:
    """What making the scorer or the few-shot choice asks.

    Answers that come out alike are judged once, so a search may take little more than half.
    """
    share = 1.0
    if stage == "few_shot_examples" and tally.calls:
        share = min(1.0, (tally.calls / 2 + examples) / tally.calls)
    like = "responses" if stage == "few_shot_examples" else "cst_nodes"
    read, written = calibration.tokens.get(like, (1.0, 1.0))

    def below(value: float) -> Range:
        return Range(value * share, value)

    return Estimate(
        below(tally.calls), below(tally.input_tokens * read), below(tally.output_tokens * written)
    )


def _guessed_share(context: Walked) -> float:
    if context.is_new:
        return 1.0
    return context.trees.guessed / context.trees.calls if context.trees.calls else 0.0


def _sampling_variance(values: Sequence[float], weight: float) -> float:
    """Of a sum over a sample that stands for *weight* times as many."""
    count = len(values)
    if weight <= 1 or not count:
        return 0.0
    mean = sum(values) / count
    if count == 1:
        return (weight * mean) ** 2
    spread = sum((value - mean) ** 2 for value in values) / (count - 1)
    return weight * weight * count * spread * (1 - 1 / weight)
