"""What a study needs: time, model calls, output tokens."""

import time
from dataclasses import dataclass, field
from typing import Protocol

from augcon_lib.model.endpoints.stats import CallStats


class ModelUse(Protocol):
    """Whatever used a model."""

    @property
    def model_calls(self) -> int:
        """Answers that it needs by itself, from the journal or not."""
        ...

    @property
    def output_tokens(self) -> int:
        """Tokens of those answers."""
        ...


@dataclass
class Spent:
    """A study's account, opened when it starts; calls are those it needs by itself."""

    model_calls: int = 0
    output_tokens: int = 0
    _started: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """How long the study has taken so far."""
        return time.monotonic() - self._started

    def count(self, calls: CallStats | None) -> None:
        """Add what an engine has done."""
        if calls is not None:
            self.model_calls += calls.needed_calls
            self.output_tokens += calls.needed_output_tokens

    def add(self, *others: ModelUse) -> None:
        """Add what each of *others* needed."""
        for other in others:
            self.model_calls += other.model_calls
            self.output_tokens += other.output_tokens
