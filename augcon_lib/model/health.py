"""Check an endpoint before a run: whether it answers, and what it can do."""

import asyncio
from dataclasses import dataclass
from urllib.parse import urlsplit

from pydantic import SecretStr

from augcon_lib.concurrency import run_together
from augcon_lib.errors import EndpointError
from augcon_lib.model.batch.api import BatchApi
from augcon_lib.model.batch.errors import describe_batches
from augcon_lib.model.endpoints.breaker import describe
from augcon_lib.model.endpoints.budget import Budget
from augcon_lib.model.endpoints.embedding_endpoint import (
    EmbeddingBreaker,
    EmbeddingTransport,
    embedding_server,
    unpacked,
)
from augcon_lib.model.endpoints.ledger import Ledger
from augcon_lib.model.endpoints.server import Server, open_server
from augcon_lib.model.journal.tables import NOTHING_SPENT
from augcon_lib.model.journal_key import model_identity
from augcon_lib.model.opening import validate_model_settings
from augcon_lib.model.wire.transport import CallError
from augcon_lib.settings import BudgetSettings, ModelSettings, Settings, key_of

CHECK_CONNECT_TIMEOUT_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class EndpointReport:
    """The result of a check: how to ask for replies, and which request fields are refused.

    ``takes_batches``: whether the endpoint has ``/batches``, which batch mode needs.
    """

    wire_form: str
    omitted_fields: frozenset[str]
    input_tokens: int
    output_tokens: int
    takes_batches: bool


async def check_connection(settings: Settings) -> None:
    """Raise ``EndpointError`` if nothing listens at any server of ``[model]``; sends nothing.

    Takes at most two seconds. Behind a proxy, only the first call shows it.
    """
    validate_model_settings(settings)
    model = settings.model
    section = "[[model.endpoints]]" if model.endpoints else "[model]"
    if model.provider == "offline":
        return
    failures = await run_together(_connection_failure(server) for server in model.servers)
    told = [
        describe(failure, server, section, has_key=False)
        for failure, server in zip(failures, model.servers, strict=True)
        if failure is not None
    ]
    if len(told) == len(model.servers):
        raise EndpointError("; ".join(told))


async def _connection_failure(server: ModelSettings) -> CallError | None:
    from augcon_lib.model.wire.direct_http import proxy_for

    if proxy_for(server.base_url):
        return None
    parts = urlsplit(server.base_url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        async with asyncio.timeout(CHECK_CONNECT_TIMEOUT_SECONDS):
            _, writer = await asyncio.open_connection(parts.hostname, port)
        writer.close()
    except OSError as error:
        cause = str(error) or f"no answer in {CHECK_CONNECT_TIMEOUT_SECONDS:g} seconds"
        return CallError("connect", cause)
    return None


async def check_endpoint(model: ModelSettings, api_key: SecretStr) -> EndpointReport:
    """Ask one server one tiny question, and report what it can do; journals nothing.

    *model* is one of ``settings.model.servers``. Raises ``EndpointError`` (wrong key, address or
    model name, no server).
    """
    ledger = Ledger(None, model, model_identity(model), "", "")
    server = open_server(
        model,
        api_key,
        ledger,
        Budget(BudgetSettings(), NOTHING_SPENT),
        connect_timeout_seconds=CHECK_CONNECT_TIMEOUT_SECONDS,
    )
    try:
        traits = await server.endpoint.traits()
        has_key = bool(api_key.get_secret_value())
        problem = await _batches_problem(model, server, has_key=has_key)
    finally:
        await server.aclose()
    if problem and model.mode == "batch":
        raise EndpointError(problem)
    stats = ledger.stats
    return EndpointReport(
        traits.wire_form,
        traits.omitted_fields,
        stats.input_tokens,
        stats.output_tokens,
        not problem,
    )


async def check_embeddings(settings: Settings, api_key: SecretStr) -> int:
    """Embed one short text, and return the length of its vector. Journals nothing.


    Raises ``EndpointError`` (wrong key, address or model name, no server), ``SettingsError``.
    """
    from augcon_lib.model.wire.openai_adapter import open_http_transport

    model = embedding_server(settings, settings.scorer.embedding_model)
    key = key_of(model, settings.model, api_key)
    poster = open_http_transport(
        model.base_url,
        key,
        timeout_seconds=model.timeout_seconds,
        max_connections=1,
        connect_timeout_seconds=CHECK_CONNECT_TIMEOUT_SECONDS,
    )
    transport = EmbeddingTransport(poster)
    try:
        reply = await transport.complete({"model": model.name, "input": ["The sky is blue."]})
    except CallError as failure:
        breaker = EmbeddingBreaker(model, has_key=bool(key.get_secret_value()))
        raise EndpointError(breaker.told(failure)) from None
    finally:
        await transport.aclose()
    return len(unpacked(reply.content))


async def _batches_problem(model: ModelSettings, server: Server, *, has_key: bool) -> str:
    """Describe why batches are unavailable; empty if they are available."""
    if model.provider == "offline":
        return "the embedded provider does not support batches"
    try:
        await BatchApi(server.transport).check()
    except CallError as failure:
        return describe_batches(failure, model, has_key=has_key)
    return ""
