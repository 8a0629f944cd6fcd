"""An endpoint whose requests go in batches; only its first small probe is a separate call."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from pydantic import SecretStr

from augcon_lib.chat.port import ChatRequest
from augcon_lib.model.batch.api import BatchApi
from augcon_lib.model.batch.batches import Batches
from augcon_lib.model.batch.caller import BatchCaller
from augcon_lib.model.batch.sending import BatchSending
from augcon_lib.model.endpoints.breaker import public_url
from augcon_lib.model.endpoints.budget import Budget
from augcon_lib.model.endpoints.calls import Caller, Settle, Settled
from augcon_lib.model.endpoints.endpoint import PROBE, Endpoint
from augcon_lib.model.endpoints.ledger import Ledger, Origin
from augcon_lib.model.endpoints.server import open_server
from augcon_lib.model.journal import Journal
from augcon_lib.model.journal.batches import BatchBook
from augcon_lib.model.journal_key import former_journal_key, journal_key, model_identity
from augcon_lib.model.wire.openai_adapter import open_http_transport
from augcon_lib.settings import ModelSettings

FILE_TIMEOUT_SECONDS = 600.0  # a hundred megabytes over a slow line
FILE_CONNECTIONS = 2
MAX_RESULT_FILE_BYTES = 1_000_000_000  # fifty thousand answers of twenty thousand characters


class BatchEndpoint(Endpoint):
    """Sends logical requests to one endpoint in batches, in the form that a probe found."""

    def __init__(
        self,
        caller: Caller,
        model: ModelSettings,
        journal: Journal,
        batches: Batches,
        by_batch: BatchCaller,
    ) -> None:
        super().__init__(caller, model, journal)
        self._identity = model_identity(model)
        self._batches = batches
        self._by_batch = by_batch

    async def ready(self) -> None:
        """Raise ``EndpointError`` if this endpoint cannot serve, or does not support batches."""
        await super().ready()
        await self._batches.open()

    async def _call(
        self,
        request: ChatRequest,
        body: Mapping[str, Any],
        settle: Settle[Settled],
        max_http_500: int,
    ) -> Settled:
        if request is PROBE:
            return await super()._call(request, body, settle, max_http_500)
        await self._batches.open()
        key = journal_key(self._identity, request)
        former = former_journal_key(self._identity, request)
        if self._batches.holds(former):  # sent by augcon 0.1, and still with the endpoint
            key = former
        origin = Origin(request.stage, request.document_id)
        return await self._by_batch.call(key, body, origin, settle)


@asynccontextmanager
async def open_batch_endpoint(
    model: ModelSettings,
    api_key: SecretStr,
    ledger: Ledger,
    journal: Journal,
    budget: Budget,
    tell_progress: Callable[[], None],
) -> AsyncIterator[BatchEndpoint]:
    """Open the endpoint of *model* in batch mode; connections are closed at the end."""
    single = model.model_copy(update={"mode": "online"})
    server = open_server(single, api_key, replace(ledger, model=single), budget)
    transport = open_http_transport(
        model.base_url,
        api_key,
        timeout_seconds=max(FILE_TIMEOUT_SECONDS, model.timeout_seconds),
        max_connections=FILE_CONNECTIONS,
        max_reply_bytes=MAX_RESULT_FILE_BYTES,
    )
    book = BatchBook(journal, public_url(model.base_url), ledger.identity)
    has_key = bool(api_key.get_secret_value())
    sending = BatchSending(BatchApi(transport), book, model, has_key=has_key)
    batches = Batches(sending, model, ledger.stats, tell_progress)
    by_batch = BatchCaller(batches, ledger, budget, server.route.breaker)
    try:
        yield BatchEndpoint(server.caller, model, journal, batches, by_batch)
    finally:
        await batches.aclose()
        await transport.aclose()
        await server.aclose()
