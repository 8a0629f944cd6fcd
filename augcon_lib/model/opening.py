"""Putting an engine together from settings, and checking an endpoint before a run."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr

from augcon_lib.errors import EndpointError, SettingsError
from augcon_lib.model.breaker import CircuitBreaker, describe
from augcon_lib.model.caller import Caller
from augcon_lib.model.endpoint import Endpoint
from augcon_lib.model.engine import ModelEngine, OnProgress
from augcon_lib.model.identity import model_identity
from augcon_lib.model.journal import Journal
from augcon_lib.model.journal_tables import NOTHING_SPENT
from augcon_lib.model.ledger import Ledger
from augcon_lib.model.limits import AdaptiveSlots, Budget, RateLimits
from augcon_lib.model.transport import CallError, ChatTransport
from augcon_lib.settings import BudgetSettings, Settings

OFFLINE_CONCURRENCY = 8
CHECK_CONNECT_TIMEOUT_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class EndpointReport:
    """What a check found: how replies are asked for, and which request fields are refused."""

    wire_form: str
    omitted_fields: frozenset[str]
    input_tokens: int
    output_tokens: int


def validate_model_settings(settings: Settings) -> None:
    """Raise ``SettingsError`` where ``[model]`` contradicts itself; sends nothing."""
    model = settings.model
    if model.provider == "offline":
        return
    if not model.name:
        raise SettingsError('[model] provider = "openai" needs [model] name, the model to ask')
    parts = urlsplit(model.base_url)
    if "@" in parts.netloc:
        raise SettingsError(
            "[model] base_url holds a user name or password; take it out, and put the key in the "
            f"environment variable {model.api_key_env}"
        )
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise SettingsError(
            '[model] provider = "openai" needs [model] base_url, an http(s) address such as '
            f"http://localhost:8000/v1; it is {model.base_url!r}"
        )


@asynccontextmanager
async def open_engine(
    settings: Settings,
    journal_path: Path,
    *,
    api_key: SecretStr,
    run_id: str = "",
    session_id: str = "",
    on_progress: OnProgress | None = None,
) -> AsyncIterator[ModelEngine]:
    """An engine for one event loop; journal and connections are closed at the end.

    ``session_id`` names the command whose calls count against ``[budget]`` together; with none
    the budget holds for this engine. *on_progress* is called at most four times a second, and
    once at the end. Raises ``SettingsError``, or ``ModelError`` for the journal.
    """
    validate_model_settings(settings)
    journal = Journal(journal_path)
    try:
        counted = session_id and (settings.budget.max_calls or settings.budget.max_usd)
        spent = journal.spend(session_id) if counted else NOTHING_SPENT
        transport = _open_transport(settings, api_key)
        try:
            identity = model_identity(settings.model)
            ledger = Ledger(journal, settings.model, identity, run_id, session_id)
            caller = _caller(settings, transport, api_key, ledger, Budget(settings.budget, spent))
            endpoint = Endpoint(caller, settings.model, journal)
            engine = ModelEngine(endpoint, caller, journal, identity, on_progress)
            try:
                yield engine
            finally:
                await caller.finish_sent()
            engine.tell_progress()
        finally:
            await transport.aclose()
    finally:
        journal.close()


async def check_connection(settings: Settings) -> None:
    """Raise ``EndpointError`` if nothing listens at ``[model] base_url``; sends nothing.

    Takes two seconds at most. Behind a proxy the first call will tell.
    """
    from augcon_lib.model.direct_http import proxy_for

    model = settings.model
    validate_model_settings(settings)
    parts = urlsplit(model.base_url)
    if model.provider == "offline" or proxy_for(model.base_url):
        return
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        async with asyncio.timeout(CHECK_CONNECT_TIMEOUT_SECONDS):
            _, writer = await asyncio.open_connection(parts.hostname, port)
        writer.close()
    except OSError as error:
        said = str(error) or f"no answer in {CHECK_CONNECT_TIMEOUT_SECONDS:g} seconds"
        raise EndpointError(describe(CallError("connect", said), model, has_key=False)) from None


async def check_endpoint(settings: Settings, api_key: SecretStr) -> EndpointReport:
    """Ask the endpoint one tiny question and report what it can do; nothing is journaled.

    Raises ``SettingsError``, or ``EndpointError`` (wrong key, address or model name, no server).
    """
    validate_model_settings(settings)
    transport = _open_transport(
        settings, api_key, connect_timeout_seconds=CHECK_CONNECT_TIMEOUT_SECONDS
    )
    try:
        ledger = Ledger(None, settings.model, model_identity(settings.model), "", "")
        unlimited = Budget(BudgetSettings(), NOTHING_SPENT)
        caller = _caller(settings, transport, api_key, ledger, unlimited)
        traits = await Endpoint(caller, settings.model, None).traits()
        stats = caller.stats
        return EndpointReport(
            traits.wire_form, traits.omitted_fields, stats.input_tokens, stats.output_tokens
        )
    finally:
        await transport.aclose()


def _open_transport(
    settings: Settings, api_key: SecretStr, *, connect_timeout_seconds: float = 10.0
) -> ChatTransport:
    from augcon_lib.model.openai_adapter import open_http_transport, open_offline_transport

    model = settings.model
    if model.provider == "offline":
        from augcon_lib.model.offline import complete

        return open_offline_transport(complete)
    return open_http_transport(
        model.base_url,
        api_key,
        timeout_seconds=model.timeout_seconds,
        max_connections=model.max_concurrency,
        connect_timeout_seconds=connect_timeout_seconds,
    )


def _caller(
    settings: Settings,
    transport: ChatTransport,
    api_key: SecretStr,
    ledger: Ledger,
    budget: Budget,
) -> Caller:
    model = settings.model
    slots = model.max_concurrency
    return Caller(
        transport,
        ledger,
        slots=AdaptiveSlots(
            min(slots, OFFLINE_CONCURRENCY) if model.provider == "offline" else slots
        ),
        rates=RateLimits(model.requests_per_minute, model.tokens_per_minute),
        budget=budget,
        breaker=CircuitBreaker(model, has_key=bool(api_key.get_secret_value())),
    )
