"""What stale work will cost: model calls and tokens as a range.

Where the workspace has made something alike before, its own figures are used, else lengths alone:
a tree over n characters that stops below lambda has between about n/lambda and 2.2 n/lambda
nodes that are asked (leaves are between half of lambda and lambda long), whatever l is
(section 3.2). Each level of ``rewrite`` repeats the text once in the answer.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from augcon_lib.lengths import resolve_lengths
from augcon_lib.settings import Settings

CALLS_LOW, CALLS_HIGH = 0.9, 2.2
CHARS_PER_TOKEN = 4.0
PROMPT_TOKENS = 900
QUERY_TOKENS = 25
RESPONSE_TOKENS = 80
HISTORY_MARGIN = 0.15
# An edit leaves parts of its root context as they were, and their answers in the journal.
EDITED_SHARE = 0.4


@dataclass(frozen=True, slots=True)
class Range:
    """From a low to a high guess."""

    low: float = 0.0
    high: float = 0.0

    def __add__(self, other: "Range") -> "Range":
        return Range(self.low + other.low, self.high + other.high)

    def times(self, factor: float) -> "Range":
        """The range scaled by *factor*."""
        return Range(self.low * factor, self.high * factor)


@dataclass(frozen=True, slots=True)
class Estimate:
    """Model calls and tokens of one stage."""

    calls: Range = Range()
    input_tokens: Range = Range()
    output_tokens: Range = Range()

    def __add__(self, other: "Estimate") -> "Estimate":
        return Estimate(
            self.calls + other.calls,
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
        )

    def times(self, factor: float) -> "Estimate":
        """The same, scaled by *factor*."""
        return Estimate(
            self.calls.times(factor),
            self.input_tokens.times(factor),
            self.output_tokens.times(factor),
        )

    def or_less(self, share: float) -> "Estimate":
        """The same, down to *share* of its lower bounds."""
        return Estimate(
            *(
                Range(bounds.low * share, bounds.high)
                for bounds in (self.calls, self.input_tokens, self.output_tokens)
            )
        )

    def cost_usd(self, settings: Settings) -> Range:
        """What the tokens cost at the settings' prices."""
        model = settings.model
        return Range(
            model.cost_usd(round(self.input_tokens.low), round(self.output_tokens.low)),
            model.cost_usd(round(self.input_tokens.high), round(self.output_tokens.high)),
        )


@dataclass(frozen=True, slots=True)
class History:
    """What the workspace's own past says; empty where it has none.

    ``tree_calls_per_char`` and ``responses_per_char`` by language; ``tokens_per_call`` (input,
    output) by stage.
    """

    tree_calls_per_char: Mapping[str, float] = field(default_factory=dict)
    responses_per_char: Mapping[str, float] = field(default_factory=dict)
    tokens_per_call: Mapping[str, tuple[float, float]] = field(default_factory=dict)


NO_HISTORY = History()


def estimate_trees(
    settings: Settings, texts: Iterable[tuple[str, int]], history: History = NO_HISTORY
) -> Estimate:
    """Trees of texts given as (language, characters)."""
    total = Estimate()
    for language, chars in texts:
        lengths = resolve_lengths(settings, language)
        nodes = chars / lengths.min_context_chars
        calls = Range(max(0.0, CALLS_LOW * nodes - 1), CALLS_HIGH * nodes)
        if settings.tree.parts == "none":
            quota = settings.selection.oversample * chars / lengths.chars_per_query
            calls = Range(quota, settings.tree.max_rounds * quota)
        if language in history.tree_calls_per_char:
            calls = _around(chars * history.tree_calls_per_char[language])
        spans = max(1.0, lengths.max_context_chars / lengths.min_context_chars)
        read = Range(chars, chars * (math.log2(spans) + 2)).times(1 / CHARS_PER_TOKEN)
        written = calls.times(QUERY_TOKENS)
        if settings.tree.answers_itself:
            written += calls.times(RESPONSE_TOKENS)
        if settings.tree.parts == "rewrite":
            written += read
        guess = Estimate(calls, calls.times(PROMPT_TOKENS) + read, written)
        total += _with_tokens(guess, history, "cst_nodes")
    return total


def estimate_responses(
    settings: Settings, texts: Iterable[tuple[str, int]], history: History = NO_HISTORY
) -> Estimate:
    """Responses for texts given as (language, characters): the quota at most."""
    total = Estimate()
    if settings.tree.answers_itself:
        return total
    for language, chars in texts:
        quota = chars / resolve_lengths(settings, language).chars_per_query
        calls = Range(0.5 * quota, quota)
        if language in history.responses_per_char:
            calls = _around(chars * history.responses_per_char[language])
        guess = Estimate(calls, calls.times(PROMPT_TOKENS), calls.times(RESPONSE_TOKENS))
        total += _with_tokens(guess, history, "responses")
    return total


def _around(value: float) -> Range:
    return Range(value * (1 - HISTORY_MARGIN), value * (1 + HISTORY_MARGIN))


def _with_tokens(guess: Estimate, history: History, stage: str) -> Estimate:
    if stage not in history.tokens_per_call:
        return guess
    read, written = history.tokens_per_call[stage]
    return Estimate(guess.calls, guess.calls.times(read), guess.calls.times(written))


def estimate_scorer(settings: Settings, queries: Range) -> Estimate:
    """Negatives for the contrastive pairs, given how many queries there will be."""
    most = 3.0 * settings.scorer.pairs_per_negative_kind
    calls = Range(min(most, queries.low), min(most, queries.high))
    written = calls.times(QUERY_TOKENS + (100 if settings.tree.parts == "rewrite" else 0))
    return Estimate(calls, calls.times(PROMPT_TOKENS), written)


def estimate_few_shot(settings: Settings, examples: int) -> Estimate:
    """An answer and a verdict for each example and trial."""
    calls = Range(0.5, 1.0).times(2.0 * settings.responses.search_trials * examples)
    return Estimate(calls, calls.times(PROMPT_TOKENS), calls.times(RESPONSE_TOKENS))
