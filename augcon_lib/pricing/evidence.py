"""Turn walks into ranges: corrected by the past, as wide as the past was scattered."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from augcon_lib.model.endpoints.embedding_endpoint import TEXTS_PER_CALL
from augcon_lib.model.wire.transport import estimate_tokens
from augcon_lib.pipeline import StageName
from augcon_lib.pricing.calibration import Calibration
from augcon_lib.pricing.estimate import Estimate, Range, around
from augcon_lib.pricing.stand_in import Tally
from augcon_lib.pricing.walk import Walked

# Two standard deviations to either side.
DEVIATIONS = 2.0


# How often a model splits an edited passage elsewhere than before, so that the halves are new.
# Following two edit histories, the embedded provider did so in a tenth to a third of what it
# could have saved, a server that splits in the middle in two fifths and more.
MOVED_SHARE = 0.25
# A guess: the queries to embed are not written yet, and each server counts tokens in its own way.
EMBEDDED_SPREAD = 0.5


def of_contexts(
    stage: StageName,
    walked: Sequence[tuple[Walked, Walked]],
    weight: float,
    calibration: Calibration,
) -> Estimate:
    """Estimate the calls of *stage* for root contexts like *walked*, each standing for *weight*.

    Each is walked twice: as if the model splits where it did before, and as if it does not. The
    range extends from one to the other, plus or minus the past difference of trees from walks.
    """
    ends = [
        _sum(stage, [pair[number] for pair in walked], weight, calibration) for number in (0, 1)
    ]
    calls, read, written = (
        (1 - MOVED_SHARE) * usual + MOVED_SHARE * moved
        for usual, moved in zip(ends[0].amounts, ends[1].amounts, strict=True)
    )
    if not calls:
        return Estimate()
    deviation = max(end.deviation for end in ends)
    deviation += (1 - MOVED_SHARE) * abs(ends[1].amounts[0] - ends[0].amounts[0])
    tokens = calibration.tokens.get(stage, (1.0, 1.0))
    issued = calibration.issued_per_answer.get(stage, 1.0)

    def spread(value: float) -> Range:
        return around(value, deviation / calls * value)

    return Estimate(spread(calls * issued), spread(read * tokens[0]), spread(written * tokens[1]))


@dataclass(frozen=True, slots=True)
class _Sum:
    """Return corrected calls, tokens in and tokens out, and the calls' standard deviations."""

    amounts: tuple[float, float, float]
    deviation: float


def _sum(
    stage: StageName, walked: Sequence[Walked], weight: float, calibration: Calibration
) -> _Sum:
    expected, read, written, variance, doubt = [], 0.0, 0.0, 0.0, 0.0
    for context in walked:
        factor = calibration.factor(stage, context.language)
        tally = context.trees if stage == "cst_nodes" else context.answers
        correction = 1 + (factor.real_per_guess - 1) * _guessed_share(context)
        expected.append(tally.calls * correction)
        read += tally.input_tokens * correction
        written += tally.output_tokens * correction
        variance += factor.scatter * tally.calls * weight
        doubt += expected[-1] * factor.doubt * weight
    variance += _sampling_variance(expected, weight)
    amounts = (sum(expected) * weight, read * weight, written * weight)
    return _Sum(amounts, DEVIATIONS * math.sqrt(variance + doubt**2))


def of_embeddings(texts: Sequence[Collection[str]], weight: float = 1.0) -> Estimate:
    """Estimate the embedding of *texts*, grouped by root context; each stands for *weight*.

    How many calls of a stage are not full is unknown; so is where a model will split.
    """
    count = sum(map(len, texts)) * weight
    tokens = sum(estimate_tokens(text) for each in texts for text in each) * weight
    if not count:
        return Estimate()
    spread = around(tokens, tokens * EMBEDDED_SPREAD)
    calls = count / TEXTS_PER_CALL
    low, high = calls * (1 - EMBEDDED_SPREAD), calls * (1 + EMBEDDED_SPREAD) + 1
    return Estimate(Range(low, high), spread, Range(), spread)


def of_choice(stage: StageName, tally: Tally, examples: int, calibration: Calibration) -> Estimate:
    """Estimate the calls for the scorer or the few-shot choice.

    Which queries a scorer learns from, and so how many of their negatives are known, is random.
    Equal answers are judged once, so a search may take little more than half.
    """
    if not tally.calls:
        return Estimate()
    low, high = 1.0, 1.0
    if stage == "few_shot_examples":
        low = min(1.0, (tally.calls / 2 + examples) / tally.calls)
    else:
        chance = min(1.0, DEVIATIONS / math.sqrt(tally.calls))
        low, high = 1 - chance, 1 + chance
    like = "responses" if stage == "few_shot_examples" else "cst_nodes"
    read, written = calibration.tokens.get(like, (1.0, 1.0))

    def spread(value: float) -> Range:
        return Range(value * low, value * high)

    return Estimate(
        spread(tally.calls),
        spread(tally.input_tokens * read),
        spread(tally.output_tokens * written),
    )


def _guessed_share(context: Walked) -> float:
    if context.is_new:
        return 1.0
    return context.trees.guessed / context.trees.calls if context.trees.calls else 0.0


def _sampling_variance(values: Sequence[float], weight: float) -> float:
    """Return the deviation of a sum over a sample that stands for *weight* times as many."""
    count = len(values)
    if weight <= 1 or not count:
        return 0.0
    mean = sum(values) / count
    if count == 1:
        return (weight * mean) ** 2
    spread = sum((value - mean) ** 2 for value in values) / (count - 1)
    return weight * weight * count * spread * (1 - 1 / weight)
