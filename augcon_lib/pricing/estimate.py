"""Model calls and tokens as ranges, and their cost."""

from dataclasses import dataclass

from augcon_lib.settings import Settings


@dataclass(frozen=True, slots=True)
class Range:
    """From a low to a high guess."""

    low: float = 0.0
    high: float = 0.0

    def __add__(self, other: "Range") -> "Range":
        return Range(self.low + other.low, self.high + other.high)

    @property
    def middle(self) -> float:
        """The best single guess."""
        return (self.low + self.high) / 2


def around(value: float, deviation: float, least: float = 0.0) -> Range:
    """Return *value* ± *deviation*, as far as that stays above *least* and symmetric."""
    spread = min(deviation, max(0.0, value - least))
    return Range(value - spread, value + spread)


@dataclass(frozen=True, slots=True)
class Estimate:
    """Model calls and tokens of some work.

    ``embedded_tokens`` are the input tokens that are charged at the price of embeddings.
    """

    calls: Range = Range()
    input_tokens: Range = Range()
    output_tokens: Range = Range()
    embedded_tokens: Range = Range()

    def __add__(self, other: "Estimate") -> "Estimate":
        return Estimate(
            self.calls + other.calls,
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.embedded_tokens + other.embedded_tokens,
        )

    def cost_usd(self, settings: Settings) -> Range:
        """Return the cost of the tokens at the settings' prices."""

        def cost(read: float, embedded: float, written: float) -> float:
            asked = settings.model.cost_usd(round(read - embedded), round(written))
            return asked + embedded * settings.scorer.embedding_usd_per_million_tokens / 1e6

        read, embedded, written = self.input_tokens, self.embedded_tokens, self.output_tokens
        return Range(
            cost(read.low, embedded.low, written.low),
            cost(read.high, embedded.high, written.high),
        )
