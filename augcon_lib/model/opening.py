"""Putting an engine together from settings, and checking an endpoint before a run."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr

from augcon_lib.concurrency import run_together
from augcon_lib.errors import EndpointError, SettingsError
from augcon_lib.model.breaker import describe
from augcon_lib.model.endpoint_pool import EndpointPool
from augcon_lib.model.engine import ModelEngine, OnProgress, Sender
from augcon_lib.model.identity import model_identity
from augcon_lib.model.journal import Journal
from augcon_lib.model.journal_tables import NOTHING_SPENT
from augcon_lib.model.ledger import Ledger
from augcon_lib.model.limits import Budget
from augcon_lib.model.server import open_server
from augcon_lib.model.transport import CallError
from augcon_lib.settings import BudgetSettings, ModelSettings, Settings, key_of

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
    if model.endpoints and model.base_url:
        raise SettingsError(
            "[model] base_url and [[model.endpoints]] are both set; make the address one of the "
            "endpoints, or take the endpoints out"
        )
    addresses = [server.base_url for server in model.servers]
    section = "[[model.endpoints]]" if model.endpoints else "[model]"
    for server in model.servers:
        _validate_address(server, section)
    for address in addresses:
        if addresses.count(address) > 1:
            raise SettingsError(f"[[model.endpoints]] names {address} twice; name it once")


def _validate_address(server: ModelSettings, section: str) -> None:
    parts = urlsplit(server.base_url)
    if "@" in parts.netloc:
        raise SettingsError(
            f"{section} base_url holds a user name or password; take it out, and put the key in "
            f"the environment variable {server.api_key_env}"
        )
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise SettingsError(
            f'[model] provider = "openai" needs {section} base_url, an http(s) address such as '
            f"http://localhost:8000/v1; it is {server.base_url!r}"
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
        identity = model_identity(settings.model)
        ledger = Ledger(journal, settings.model, identity, run_id, session_id)
        async with _open_sender(
            settings, api_key, ledger, Budget(settings.budget, spent)
        ) as sender:
            engine = ModelEngine(sender, ledger, journal, identity, on_progress)
            yield engine
        engine.tell_progress()
    finally:
        journal.close()


async def check_connection(settings: Settings) -> None:
    """Raise ``EndpointError`` if nothing listens at any server of ``[model]``; sends nothing.

    Takes two seconds at most. Behind a proxy the first call will tell.
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
    from augcon_lib.model.direct_http import proxy_for

    if proxy_for(server.base_url):
        return None
    parts = urlsplit(server.base_url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        async with asyncio.timeout(CHECK_CONNECT_TIMEOUT_SECONDS):
            _, writer = await asyncio.open_connection(parts.hostname, port)
        writer.close()
    except OSError as error:
        said = str(error) or f"no answer in {CHECK_CONNECT_TIMEOUT_SECONDS:g} seconds"
        return CallError("connect", said)
    return None


async def check_endpoint(model: ModelSettings, api_key: SecretStr) -> EndpointReport:
    """Ask one server one tiny question and report what it can do; nothing is journaled.

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
    finally:
        await server.aclose()
    stats = ledger.stats
    return EndpointReport(
        traits.wire_form, traits.omitted_fields, stats.input_tokens, stats.output_tokens
    )


@asynccontextmanager
async def _open_sender(
    settings: Settings, api_key: SecretStr, ledger: Ledger, budget: Budget
) -> AsyncIterator[Sender]:
    """The endpoint of *settings*, or all of them; connections are closed at the end."""
    model = settings.model
    several = len(model.servers) > 1
    servers = [
        open_server(each, key_of(each, model, api_key), ledger, budget, of_several=several)
        for each in model.servers
    ]
    try:
        if several:
            yield EndpointPool([server.route for server in servers], ledger.stats)
        else:
            yield servers[0].endpoint
    finally:
        await run_together(server.aclose() for server in servers)
