"""Statistics of the engine's work so far, in constant memory."""

import math
from collections import Counter
from dataclasses import dataclass, field

FASTEST_SECONDS = 1e-4
STEP = 1.05


@dataclass(slots=True)
class LatencyHistogram:
    """Durations in buckets that grow by 5 %: quantiles to within 5 %, for any number of calls."""

    counts: Counter[int] = field(default_factory=Counter)
    total: int = 0

    def add(self, seconds: float) -> None:
        """Count one duration."""
        self.total += 1
        ratio = max(seconds, FASTEST_SECONDS) / FASTEST_SECONDS
        self.counts[round(math.log(ratio, STEP))] += 1

    def quantile(self, fraction: float) -> float:
        """Return the duration in seconds below which *fraction* of all are; 0 if there are none."""
        wanted = fraction * self.total
        seen = 0
        for bucket in sorted(self.counts):
            seen += self.counts[bucket]
            if seen >= wanted:
                return float(FASTEST_SECONDS * STEP**bucket)
        return 0.0


@dataclass(slots=True)
class CallStats:
    """Counters of one engine.

    ``issued`` counts HTTP calls; ``failed`` those without a usable answer, by reason;
    ``from_journal`` requests that cost nothing, ``repeated`` of them because the same command had
    just received the answer, ``replayed_output_tokens`` what those cost once; ``rejected``
    requests that are no longer retried, by reason. ``waiting`` requests are open, ``busy`` calls
    are in flight, and at most ``slots`` may be now; in batch mode they are in ``batches`` batches,
    and the endpoint has reported ``batched_done`` of them as done. ``out_of_service`` names the
    endpoints whose calls others take over.
    """

    issued: int = 0
    answered: int = 0
    from_journal: int = 0
    repeated: int = 0
    replayed_output_tokens: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0
    waiting: int = 0
    busy: int = 0
    slots: int = 0
    batches: int = 0
    batched_done: int = 0
    out_of_service: set[str] = field(default_factory=set)
    latency: LatencyHistogram = field(default_factory=LatencyHistogram)

    @property
    def p50_seconds(self) -> float:
        """Median duration of the calls that returned a completion."""
        return self.latency.quantile(0.5)

    @property
    def p95_seconds(self) -> float:
        """95th percentile of the same durations."""
        return self.latency.quantile(0.95)

    @property
    def needed_calls(self) -> int:
        """Answers that were needed, from the journal or not."""
        return self.answered + self.from_journal

    @property
    def needed_output_tokens(self) -> int:
        """Output tokens of those answers."""
        return self.output_tokens + self.replayed_output_tokens
