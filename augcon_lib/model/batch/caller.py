"""Turn one request body into one settled completion through a batch: budget first, then retries."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any

from augcon_lib import clock
from augcon_lib.chat.messages import WireForm
from augcon_lib.errors import BudgetExceeded
from augcon_lib.model.batch.batches import Batches
from augcon_lib.model.batch.files import ResultLine, reply_of
from augcon_lib.model.endpoints.breaker import CircuitBreaker
from augcon_lib.model.endpoints.budget import Budget
from augcon_lib.model.endpoints.calls import Completion, Settle, Settled
from augcon_lib.model.endpoints.ledger import Ledger, Origin
from augcon_lib.model.wire.transport import CallError, estimate_input_tokens, estimate_tokens

BATCH_ATTEMPTS = 4
# After this many completions, their mean predicts the length of the next ones.
TELLING_COMPLETIONS = 100


class BatchCaller:
    """Sends bodies by batch within the budget; every request of a batch is in the ledger.

    Requests that the budget does not allow wait until all allowed ones are answered, so that a
    stop leaves nothing paid for and unused.
    """

    def __init__(
        self, batches: Batches, ledger: Ledger, budget: Budget, breaker: CircuitBreaker
    ) -> None:
        self._batches = batches
        self._ledger = ledger
        self._budget = budget
        self._breaker = breaker

    async def call(
        self, key: bytes, body: Mapping[str, Any], origin: Origin, settle: Settle[Settled]
    ) -> Settled:
        """Return the result of *settle* for the completion of *body*; *key* names the request.

        Raises ``CallError`` (this body only), ``EndpointError`` or ``BudgetExceeded``.
        """
        await self._batches.open()
        successes_before = self._breaker.successes
        attempts = 0
        while True:
            self._breaker.check()
            outcome = await self._once(key, body, origin, settle)
            if not isinstance(outcome, CallError):
                return outcome
            self._breaker.failed(outcome)
            attempts += 1
            if not self._breaker.may_pass(outcome):
                raise outcome
            if attempts == BATCH_ATTEMPTS:
                self._breaker.exhausted(outcome, successes_before)
                raise outcome

    async def _once(
        self, key: bytes, body: Mapping[str, Any], origin: Origin, settle: Settle[Settled]
    ) -> Settled | CallError:
        expected_usd = self._expected_usd(body)
        started_at, is_new = await self._reserve(key, expected_usd)
        start = time.perf_counter()
        actual_usd = 0.0
        try:
            async with self._batches.result(key, body) as line:
                outcome = self._read(line, body, origin, started_at, time.perf_counter() - start)
                if isinstance(outcome, CallError):
                    return outcome
                actual_usd = outcome.call.cost_usd
                return await settle(outcome)
        except asyncio.CancelledError:
            if not self._batches.holds(key):
                self._budget.take_back()
            raise
        finally:
            self._budget.settle(expected_usd, actual_usd)
            if is_new:
                self._budget.journaled(expected_usd)

    async def _reserve(self, key: bytes, expected_usd: float) -> tuple[float, bool]:
        """Wait for the budget; return the Unix time at which the call begins, and if it is new."""
        while True:
            try:
                if self._batches.holds(key):  # already paid for, under an earlier limit
                    self._budget.reserve(expected_usd, sent_before=True)
                    return clock.now(), False
                return await self._budget.reserve_everywhere(expected_usd), True
            except BudgetExceeded:
                if self._batches.idle:
                    raise
            await self._batches.until_idle()

    def _read(
        self,
        line: ResultLine,
        body: Mapping[str, Any],
        origin: Origin,
        started_at: float,
        seconds: float,
    ) -> Completion | CallError:
        try:
            reply = reply_of(line, body)
        except CallError as failure:
            self._ledger.failed(failure.kind, started_at, seconds, origin)
            return failure
        call = self._ledger.completed(reply, started_at, seconds, origin)
        self._breaker.succeeded()
        form = WireForm.JSON_SCHEMA if "response_format" in body else WireForm.TEXT
        return Completion(reply, call, form)

    def _expected_usd(self, body: Mapping[str, Any]) -> float:
        """Estimate the price of *body*: a first batch is thousands of calls before any answer.

        Until the mean length of answers is known, an answer counts as long as the message it
        answers: rewriting a passage takes that much, other answers less.
        """
        output = self._ledger.mean_output_tokens()
        if self._ledger.stats.latency.total < TELLING_COMPLETIONS:
            output = max(output, estimate_tokens(body["messages"][-1]["content"]))
        return self._ledger.model.cost_usd(estimate_input_tokens(body), output)
