"""Model calls and tokens as ranges, and what they cost."""

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
    """*value* give or take *deviation*, as far as that stays above *least* and symmetric."""
    spread = min(deviation, max(0.0, value - least))
    return Range(value - spread, value + spread)


@dataclass(frozen=True, slots=True)
class Estimate:
    """Model calls and tokens of some work."""

    calls: Range = Range()
    input_tokens: Range = Range()
    output_tokens: Range = Range()

    def __add__(self, other: "Estimate") -> "Estimate":
        return Estimate(
            self.calls + other.calls,
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
        )

    def cost_usd(self, settings: Settings) -> Range:
        """What the tokens cost at the settings' prices."""
        model = settings.model
        return Range(
            model.cost_usd(round(self.input_tokens.low), round(self.output_tokens.low)),
            model.cost_usd(round(self.input_tokens.high), round(self.output_tokens.high)),
        )
