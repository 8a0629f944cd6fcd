"""Turn one request body into one settled completion: limits before a call, retries after it."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, NoReturn, TypeVar

from augcon_lib.chat.messages import WireForm
from augcon_lib.model.endpoints.breaker import CircuitBreaker
from augcon_lib.model.endpoints.budget import Admission, Budget
from augcon_lib.model.endpoints.ledger import Ledger, Origin
from augcon_lib.model.endpoints.slots import AdaptiveSlots, RateLimits, Slot
from augcon_lib.model.endpoints.stats import CallStats
from augcon_lib.model.journal.tables import CallRecord
from augcon_lib.model.wire.transport import (
    CallError,
    ChatTransport,
    RawReply,
    estimate_input_tokens,
    estimate_tokens,
)

CALL_ATTEMPTS = 9
OVERLOAD_STATUS = frozenset({429, 503})
FIRST_PAUSE_SECONDS = 0.5
MAX_PAUSE_SECONDS = 8.0
MAX_RETRY_AFTER_SECONDS = 120.0
# After a stop, calls in flight get this long to return answers that are already paid for.
MAX_FINISH_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Completion:
    """A reply that is not judged yet, and its call, which is not journaled yet."""

    reply: RawReply
    call: CallRecord
    wire_form: WireForm


Settled = TypeVar("Settled")
Settle = Callable[[Completion], Awaitable[Settled]]


class Caller:
    """Sends bodies within slots, rates and budget; every HTTP call is in the ledger.

    The journal delays no call: a slot is free as soon as the reply arrives, unless a quarter as
    many replies as slots are being settled (judged; made durable if they are answers). So a kill
    loses at most a quarter more calls than slots. A failed call holds no slot while it waits for
    its retry.
    """

    def __init__(
        self,
        transport: ChatTransport,
        ledger: Ledger,
        *,
        slots: AdaptiveSlots,
        rates: RateLimits,
        budget: Budget,
        breaker: CircuitBreaker,
    ) -> None:
        self.ledger = ledger
        self._transport = transport
        self._slots = slots
        self._rates = rates
        self._budget = budget
        self._breaker = breaker
        self._sent: set[asyncio.Future[Any]] = set()
        ledger.stats.slots += slots.limit

    @property
    def stats(self) -> CallStats:
        """The counters of all calls so far."""
        return self.ledger.stats

    async def call(
        self,
        body: Mapping[str, Any],
        origin: Origin,
        settle: Settle[Settled],
        *,
        max_http_500: int = CALL_ATTEMPTS,
    ) -> Settled:
        """Return the result of *settle* for the completion of *body*.

        *max_http_500* ends the retries early.

        Raises ``CallError`` (this body only), ``EndpointError`` or ``BudgetExceeded``.
        """
        input_tokens = estimate_input_tokens(body)
        successes_before = self._breaker.successes
        attempts = http_500 = 0
        while True:
            async with self._slots.slot() as slot:
                self._breaker.check()
                self._budget.check()
                await self._rates.wait(input_tokens + self.ledger.mean_output_tokens())
                self._breaker.check()
                admitted = await self._budget.admit(partial(self._expected_usd, body, input_tokens))
                sent = asyncio.ensure_future(self._send(body, origin, admitted, settle, slot))
                self._sent.add(sent)
                sent.add_done_callback(self._forget)
                outcome = await asyncio.shield(sent)
                if not isinstance(outcome, CallError):
                    return outcome
            attempts += 1
            http_500 += outcome.status == 500
            if not self._breaker.may_pass(outcome) or http_500 >= max_http_500:
                raise outcome
            if attempts == CALL_ATTEMPTS:
                self._breaker.exhausted(outcome, successes_before)
                raise outcome
            await self._breaker.pause(pause_seconds(attempts - 1, outcome.retry_after_seconds))

    async def finish_sent(self) -> None:
        """Wait for calls in flight whose callers were cancelled: their answers are paid for."""
        if self._sent:
            await asyncio.wait(self._sent, timeout=MAX_FINISH_SECONDS)
        for sent in self._sent:
            sent.cancel()

    def _forget(self, sent: asyncio.Future[Any]) -> None:
        self._sent.discard(sent)
        if not sent.cancelled():
            sent.exception()  # counts as retrieved, even if its caller was cancelled

    def give_up(self, failure: CallError) -> NoReturn:
        """Stop all calls because of *failure*: raises the ``EndpointError``, here and later."""
        self._breaker.trip(failure)

    def _expected_usd(self, body: Mapping[str, Any], input_tokens: int) -> float:
        """Estimate the price of a call by the answers so far, or by the mean call.

        Uses the higher one, so that a poor estimate does not exceed a limit. Before the first
        answer, an answer counts as long as the message it answers.
        """
        stats = self.ledger.stats
        if not stats.latency.total:
            messages = body.get("messages")  # embeddings have none, and no output cost
            expected = estimate_tokens(messages[-1]["content"]) if messages else 0
            return self.ledger.model.cost_usd(input_tokens, expected)
        price = self.ledger.model.cost_usd(input_tokens, self.ledger.mean_output_tokens())
        return max(price, stats.cost_usd / stats.latency.total)

    async def _send(
        self,
        body: Mapping[str, Any],
        origin: Origin,
        admitted: Admission,
        settle: Settle[Settled],
        slot: Slot,
    ) -> Settled | CallError:
        try:
            outcome = await self._once(body, origin, admitted)
            if isinstance(outcome, CallError):
                return outcome
            with self._slots.settling(slot):
                return await settle(outcome)
        finally:
            self._budget.journaled(admitted.expected_usd)

    async def _once(
        self, body: Mapping[str, Any], origin: Origin, admitted: Admission
    ) -> Completion | CallError:
        stats = self.ledger.stats
        actual_usd = 0.0
        stats.issued += 1
        stats.busy += 1
        started_at, start = admitted.at, time.perf_counter()
        try:
            reply = await self._transport.complete(body)
            seconds = time.perf_counter() - start
            call = self.ledger.completed(reply, started_at, seconds, origin)
            actual_usd = call.cost_usd
            self._rates.observe(reply.allowances)
        except CallError as failure:
            self.ledger.failed(failure.kind, started_at, time.perf_counter() - start, origin)
            self._rates.observe(failure.allowances)
            self._observe(overloaded=failure.status in OVERLOAD_STATUS)
            self._breaker.failed(failure)
            return failure
        except BaseException:
            self.ledger.failed("cancelled", started_at, time.perf_counter() - start, origin)
            raise
        finally:
            stats.busy -= 1
            self._budget.answered(admitted.expected_usd, actual_usd)
        self._observe(overloaded=False)
        self._breaker.succeeded()
        form = WireForm.JSON_SCHEMA if "response_format" in body else WireForm.TEXT
        return Completion(reply, call, form)

    def _observe(self, *, overloaded: bool) -> None:
        limit = self._slots.limit
        self._slots.observe(overloaded=overloaded)
        self.ledger.stats.slots += self._slots.limit - limit


def pause_seconds(attempt: int, retry_after_seconds: float | None) -> float:
    """Return how long to wait after the failed attempt *attempt* (from 0).

    As the server requests, at most two minutes. Without a request, doubling from 0.5 s to 8 s,
    shortened at random by up to a quarter so that calls that failed together are not retried
    together.
    """
    if retry_after_seconds:
        return min(retry_after_seconds, MAX_RETRY_AFTER_SECONDS)
    doubled: float = min(MAX_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0**attempt)
    return doubled * random.uniform(0.75, 1.0)
