"""The engine behind the chat port: journal first, then the endpoint, then the journal again.

For each request: replay an answer that was paid for, share one that is already in flight,
otherwise ask up to four times (as the authors' code does), and once more with the model's own bad
reply shown to it. Memory is proportional to the requests in flight.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Protocol

from augcon_lib.chat.messages import Repair
from augcon_lib.chat.port import ChatReply, ChatRequest, ReplyFields
from augcon_lib.chat.reply_formats import ReplyFormat
from augcon_lib.chat.reply_parsing import clean
from augcon_lib.errors import AnswerRejected
from augcon_lib.model.endpoints.calls import Completion, Settle, Settled
from augcon_lib.model.endpoints.endpoint import is_context_length
from augcon_lib.model.endpoints.ledger import Ledger
from augcon_lib.model.endpoints.slots import AdaptiveSlots
from augcon_lib.model.endpoints.stats import CallStats
from augcon_lib.model.journal import Journal
from augcon_lib.model.journal.claims import PLACES_PER_CALL
from augcon_lib.model.journal.tables import StoredAnswer
from augcon_lib.model.journal_key import find_answer, journal_key
from augcon_lib.model.wire.transport import CallError, RawReply

ANSWER_ATTEMPTS = 5  # the authors' four, and one that shows the model its own bad reply
PROGRESS_INTERVAL_SECONDS = 0.25
MAX_QUOTED_DETAIL_CHARS = 200
# Why a reply ended, in the words of various servers; any other word counts as a complete reply.
TOO_LONG = frozenset({"length", "max_tokens", "model_length"})
FILTERED = frozenset({"content_filter", "safety"})
BROKEN_OFF = frozenset({"abort", "error"})

OnProgress = Callable[[CallStats], None]


@dataclass(frozen=True, slots=True)
class Unusable:
    """Why a completion is not an answer: a reason code, and a text for the model and the user."""

    reason: str
    problem: str
    content: str = ""


class Sender(Protocol):
    """Sends requests to a model: one endpoint, several, or batches."""

    async def ready(self) -> None:
        """Raise ``EndpointError`` now if requests could not be sent later.

        An endpoint that is new to the workspace gets the one small call that it needs anyway.
        """
        ...

    async def send(
        self, request: ChatRequest, settle: Settle[Settled], repair: Repair | None = None
    ) -> Settled:
        """Return the result of *settle* for the completion of *request*.

        Raises ``CallError`` (this request only), ``EndpointError`` or ``BudgetExceeded``.
        """
        ...


class ModelEngine:
    """Answers chat requests (:class:`~augcon_lib.chat.port.Chat`); made by ``open_engine``."""

    def __init__(
        self,
        sender: Sender,
        ledger: Ledger,
        journal: Journal,
        identity: str,
        on_progress: OnProgress | None = None,
        *,
        calls_at_once: int | None,
    ) -> None:
        self.stats = ledger.stats
        self.journal = journal
        self._sender = sender
        self._ledger = ledger
        self._identity = identity
        self._on_progress = on_progress
        # In batch mode (None) no request waits for its turn.
        self._places = AdaptiveSlots(PLACES_PER_CALL * calls_at_once) if calls_at_once else None
        self._told_at = 0.0
        self._in_flight: dict[bytes, asyncio.Future[ChatReply]] = {}
        # Younger answers were given to the command that this engine works for.
        self._session_began = journal.session_began(ledger.session_id) or time.time()

    async def ask(self, request: ChatRequest) -> ChatReply:
        """Answer *request*; the answer is durable before this returns.

        Raises ``AnswerRejected`` (this request only), ``EndpointError`` or ``BudgetExceeded``
        (nothing more is sent), or ``ModelError`` if the journal fails.
        """
        key = journal_key(self._identity, request)
        while (shared := self._in_flight.get(key)) is not None:
            await asyncio.wait((shared,))
            if not shared.cancelled():  # otherwise its caller was cancelled: ask in its place
                self.stats.repeated += 1
                return self._count(replace(shared.result(), from_journal=True))
        replayed, stale = self._replay(key, request)
        if replayed is not None:
            return self._count(replayed)
        return await self._ask_once(key, request, stale=stale)

    async def ready(self) -> None:
        """Raise ``EndpointError`` if the model cannot be asked; no call to known endpoints."""
        await self._sender.ready()

    def tell_progress(self) -> None:
        """Report the counters now, even if they were just reported."""
        self._told_at = time.monotonic()
        if self._on_progress is not None:
            self._on_progress(self.stats)

    async def _ask_once(self, key: bytes, request: ChatRequest, *, stale: bool) -> ChatReply:
        shared: asyncio.Future[ChatReply] = asyncio.get_running_loop().create_future()
        self._in_flight[key] = shared
        self.stats.waiting += 1
        try:
            reply = await self._obtain_alone(key, request, stale=stale)
        except asyncio.CancelledError:
            shared.cancel()
            raise
        except BaseException as error:
            shared.set_exception(error)
            shared.exception()  # counts as retrieved, whether anyone shares it or not
            raise
        else:
            shared.set_result(reply)
            return self._count(reply)
        finally:
            del self._in_flight[key]
            self.stats.waiting -= 1

    async def _obtain_alone(self, key: bytes, request: ChatRequest, *, stale: bool) -> ChatReply:
        """As :meth:`_obtain`, or return what another process obtained meanwhile."""
        place = self._places.slot() if self._places else nullcontext()
        async with place, self.journal.claimed(key):
            if not stale and self.journal.get(key) is not None:
                replayed, stale = self._replay(key, request)
                if replayed is not None:
                    return replayed
            return await self._obtain(key, request, stale=stale)

    def _replay(self, key: bytes, request: ChatRequest) -> tuple[ChatReply | None, bool]:
        """Return the stored reply, if any, and whether a stored one can no longer be read."""
        found = find_answer(self.journal, key, self._identity, request)
        if found is None:
            return None, False
        key, stored = found
        try:
            fields = request.reply_format.parse(stored.content)
        except ValueError:
            return None, True
        self.stats.repeated += stored.created_at >= self._session_began
        reply = ChatReply(
            fields,
            True,
            stored.input_tokens,
            stored.output_tokens,
            journal_key=key.hex(),
            sample=request.sample,
        )
        return reply, False

    async def _obtain(self, key: bytes, request: ChatRequest, *, stale: bool) -> ChatReply:
        async def settle(completion: Completion) -> ChatReply | Unusable:
            judged = judge(completion.reply, request.reply_format)
            if isinstance(judged, Unusable):
                self._ledger.unusable(completion.call, judged.reason)
                return judged
            return await self._keep(key, request, completion, judged, stale=stale)

        attempt, repair = 1, None
        while True:
            try:
                outcome = await self._sender.send(request, settle, repair)
            except CallError as failure:
                raise self._rejection(rejection_reason(failure), str(failure)) from None
            if isinstance(outcome, ChatReply):
                return outcome
            if attempt == ANSWER_ATTEMPTS:
                detail = f"{outcome.problem}, in {ANSWER_ATTEMPTS} attempts"
                raise self._rejection(outcome.reason, detail)
            attempt += 1
            if attempt == ANSWER_ATTEMPTS:
                repair = Repair(outcome.content, outcome.problem)

    async def _keep(
        self,
        key: bytes,
        request: ChatRequest,
        completion: Completion,
        fields: ReplyFields,
        *,
        stale: bool,
    ) -> ChatReply:
        reply, call = completion.reply, completion.call
        stored = await self.journal.store(
            key,
            StoredAnswer(
                reply.content,
                completion.wire_form,
                self._identity,
                time.time(),
                reply.input_tokens,
                reply.output_tokens,
            ),
            call,
            replace=stale,
        )
        self.stats.answered += 1
        if stored.content != reply.content:  # another process was first
            fields = request.reply_format.parse(stored.content)
        return ChatReply(
            fields,
            False,
            reply.input_tokens,
            reply.output_tokens,
            call.seconds,
            key.hex(),
            request.sample,
        )

    def _rejection(self, reason: str, detail: str) -> AnswerRejected:
        self.stats.rejected[reason] += 1
        return AnswerRejected(reason, detail)

    def _count(self, reply: ChatReply) -> ChatReply:
        if reply.from_journal:
            self.stats.from_journal += 1
            self.stats.replayed_output_tokens += reply.output_tokens
        if time.monotonic() - self._told_at >= PROGRESS_INTERVAL_SECONDS:
            self.tell_progress()
        return reply


def judge(reply: RawReply, reply_format: ReplyFormat) -> dict[str, str | int] | Unusable:
    """Return the fields of a completion, or why it cannot be used."""
    if reply.refusal:
        said = clean(reply.refusal)[:MAX_QUOTED_DETAIL_CHARS]
        return Unusable("refused", f"the model refused: {said}", reply.content)
    finished = reply.finish_reason.lower()
    if finished in FILTERED:
        return Unusable("refused", "the content filter stopped the reply", reply.content)
    if finished in TOO_LONG:
        return Unusable("length", "the reply was cut off at its maximum length", reply.content)
    if finished in BROKEN_OFF:
        return Unusable("broken_off", "the server broke the reply off", reply.content)
    if not reply.content.strip():
        return Unusable("empty", "the reply was empty")
    try:
        return reply_format.parse(reply.content)
    except ValueError as error:
        return Unusable("unparsable", str(error), reply.content)


def rejection_reason(failure: CallError) -> str:
    """Return the reason code of a request whose calls returned no completion at all."""
    if is_context_length(failure):
        return "context_length"
    if "content_filter" in failure.code or "content_policy" in failure.code:
        return "refused"
    if 400 <= failure.status < 500 and failure.status not in (408, 409, 425, 429):
        return "bad_request"
    return "call_failed"
