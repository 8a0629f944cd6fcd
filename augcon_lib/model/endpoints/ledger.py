"""The ledger of one engine: each HTTP call becomes a journal row and updates the counters."""

from dataclasses import dataclass, field

from augcon_lib.model.endpoints.stats import CallStats
from augcon_lib.model.journal import Journal
from augcon_lib.model.journal.tables import CallRecord
from augcon_lib.model.wire.transport import RawReply
from augcon_lib.settings import ModelSettings


@dataclass(frozen=True, slots=True)
class Origin:
    """Whose call it is, for the ledger; changes nothing about the call."""

    stage: str = ""
    document_id: str = ""


@dataclass(frozen=True, slots=True)
class Ledger:
    """Prices calls, counts them, and journals those without an answer.

    A call with an answer is journaled together with the answer, in one transaction.
    """

    journal: Journal | None
    model: ModelSettings
    identity: str
    run_id: str
    session_id: str
    stats: CallStats = field(default_factory=CallStats)

    def completed(
        self, reply: RawReply, started_at: float, seconds: float, origin: Origin
    ) -> CallRecord:
        """Count a call that returned a completion; its row is not journaled yet."""
        call = self._row(started_at, seconds, "ok", origin, reply)
        self.stats.latency.add(seconds)
        self.stats.input_tokens += reply.input_tokens
        self.stats.output_tokens += reply.output_tokens
        self.stats.cost_usd += call.cost_usd
        return call

    def failed(self, outcome: str, started_at: float, seconds: float, origin: Origin) -> None:
        """Count and journal a call that returned no completion."""
        self.stats.failed[outcome] += 1
        self.record(self._row(started_at, seconds, outcome, origin, None))

    def unusable(self, call: CallRecord, reason: str) -> None:
        """Count and journal a call whose completion is not an answer, under *reason*."""
        self.stats.failed[reason] += 1
        self.record(call._replace(outcome=reason))

    def record(self, call: CallRecord) -> None:
        """Journal a call without an answer."""
        if self.journal is not None:
            self.journal.record(call)

    def mean_output_tokens(self) -> int:
        """Mean output tokens per completion so far; 0 before the first."""
        completions = self.stats.latency.total
        return self.stats.output_tokens // completions if completions else 0

    def _row(
        self,
        started_at: float,
        seconds: float,
        outcome: str,
        origin: Origin,
        reply: RawReply | None,
    ) -> CallRecord:
        input_tokens = reply.input_tokens if reply else 0
        output_tokens = reply.output_tokens if reply else 0
        return CallRecord(
            started_at,
            seconds,
            outcome,
            input_tokens,
            output_tokens,
            self.model.cost_usd(input_tokens, output_tokens),
            self.identity,
            self.run_id,
            self.session_id,
            origin.stage,
            origin.document_id,
        )
