"""The cost of a study: time, model calls, output tokens."""

import time
from dataclasses import dataclass, field
from typing import Protocol

from augcon_lib.model.endpoints.stats import CallStats


class ModelUse(Protocol):
    """A result that used a model."""

    @property
    def model_calls(self) -> int:
        """The number of its answers, including those from the journal."""
        ...

    @property
    def output_tokens(self) -> int:
        """The output tokens of those answers."""
        ...


@dataclass
class Spent:
    """The account of a study, opened when it starts; counts answers from the journal, too."""

    model_calls: int = 0
    output_tokens: int = 0
    _started: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """Seconds since the study started."""
        return time.monotonic() - self._started

    def count(self, calls: CallStats | None) -> None:
        """Add the calls of an engine."""
        if calls is not None:
            self.model_calls += calls.needed_calls
            self.output_tokens += calls.needed_output_tokens

    def add(self, *others: ModelUse) -> None:
        """Add the cost of each of *others*."""
        for other in others:
            self.model_calls += other.model_calls
            self.output_tokens += other.output_tokens
