"""Build an engine from the settings."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr

from augcon_lib.concurrency import run_together
from augcon_lib.errors import SettingsError
from augcon_lib.model.batch.endpoint import open_batch_endpoint
from augcon_lib.model.endpoints.breaker import public_url
from augcon_lib.model.endpoints.budget import Budget, session_budget
from augcon_lib.model.endpoints.endpoint_pool import EndpointPool
from augcon_lib.model.endpoints.ledger import Ledger
from augcon_lib.model.endpoints.server import open_server
from augcon_lib.model.engine import ModelEngine, OnProgress, Sender
from augcon_lib.model.journal import Journal
from augcon_lib.model.journal.batches import open_requests
from augcon_lib.model.journal_key import model_identity
from augcon_lib.settings import ModelSettings, Settings, key_of


def validate_model_settings(settings: Settings) -> None:
    """Raise ``SettingsError`` if ``[model]`` contradicts itself; sends nothing."""
    model = settings.model
    if settings.uses_endpoint_embeddings:
        _validate_embeddings(settings)
    if model.mode == "batch" and (model.provider == "offline" or model.endpoints):
        raise SettingsError(
            '[model] mode = "batch" needs provider = "openai" and one base_url; set both, or set '
            'mode = "online"'
        )
    if model.provider == "offline":
        return
    if not model.name:
        raise SettingsError(
            '[model] provider = "openai" needs [model] name; set it to the name of the model'
        )
    if model.endpoints and model.base_url:
        raise SettingsError(
            "[model] base_url and [[model.endpoints]] are both set; move the address to the "
            "endpoints, or remove the endpoints"
        )
    addresses = [server.base_url for server in model.servers]
    section = "[[model.endpoints]]" if model.endpoints else "[model]"
    for server in model.servers:
        _validate_address(server, section)
    for address in addresses:
        if addresses.count(address) > 1:
            raise SettingsError(f"[[model.endpoints]] names {address} twice; remove one of them")


def _validate_embeddings(settings: Settings) -> None:
    if not settings.scorer.embedding_model:
        raise SettingsError(
            '[scorer] embedding_source = "endpoint" needs [scorer] embedding_model; set it to the '
            "name of the embedding model at the endpoint"
        )
    if settings.model.provider == "offline":
        raise SettingsError(
            '[scorer] embedding_source = "endpoint" needs [model] provider = "openai": the offline '
            'provider has no embeddings; set an endpoint, or set embedding_source = "package"'
        )


def _validate_address(server: ModelSettings, section: str) -> None:
    try:
        parts = urlsplit(server.base_url)
        host, _ = parts.hostname, parts.port  # evaluated here: either may be invalid
        (host or "").encode("idna")
    except ValueError as error:
        raise SettingsError(f"{section} base_url is not a valid address: {error}") from None
    if "@" in parts.netloc:
        raise SettingsError(
            f"{section} base_url contains a user name or password; remove it, and put the key in "
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
    """Open an engine for one event loop; journal and connections are closed at the end.

    ``session_id`` names the command whose calls count against ``[budget]`` together; without one,
    the budget applies to this engine. *on_progress* is called at most four times a second, and
    once at the end. Raises ``SettingsError``, or ``ModelError`` for the journal.
    """
    validate_model_settings(settings)
    journal = Journal(journal_path)
    budget: Budget | None = None
    try:
        identity = model_identity(settings.model)
        check_open_batches(settings.model, journal)
        ledger = Ledger(journal, settings.model, identity, run_id, session_id)
        budget = session_budget(settings, journal, session_id)
        async with _open_sender(
            settings.model, api_key, ledger, journal, budget, on_progress
        ) as sender:
            engine = ModelEngine(
                sender,
                ledger,
                journal,
                identity,
                on_progress,
                calls_at_once=None
                if settings.model.mode == "batch"
                else settings.model.calls_at_once,
            )
            yield engine
        engine.tell_progress()
    finally:
        journal.close()
        if budget is not None:
            budget.close()


def check_open_batches(model: ModelSettings, journal: Journal) -> int:
    """Count the requests in batches whose answers *model* will fetch.

    Raises ``SettingsError`` if requests that are already in a batch would be sent again.
    """
    own = public_url(model.base_url) if model.mode == "batch" else None
    found = open_requests(journal, model_identity(model))
    for base_url, count in found.items():
        if base_url != own:
            raise SettingsError(
                f"{count:,} requests to {model_identity(model)} are in batches at {base_url}, and "
                'their answers are not fetched yet; set [model] mode = "batch" and base_url to '
                "that address until they are, or drop the batches: augcon journal forget-batches"
            )
    return sum(found.values())


@asynccontextmanager
async def _open_sender(
    model: ModelSettings,
    api_key: SecretStr,
    ledger: Ledger,
    journal: Journal,
    budget: Budget,
    on_progress: OnProgress | None,
) -> AsyncIterator[Sender]:
    """Open the sender that *model* describes; connections are closed at the end."""

    def tell_progress() -> None:
        if on_progress is not None:
            on_progress(ledger.stats)

    if model.mode == "batch":
        async with open_batch_endpoint(
            model, api_key, ledger, journal, budget, tell_progress
        ) as endpoint:
            yield endpoint
        return
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
