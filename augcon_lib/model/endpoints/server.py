"""One server of a model: its connections, slots, rates, circuit breaker and abilities."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pydantic import SecretStr

from augcon_lib.model.endpoints.breaker import CircuitBreaker, public_url
from augcon_lib.model.endpoints.budget import Budget
from augcon_lib.model.endpoints.calls import Caller
from augcon_lib.model.endpoints.endpoint import Endpoint
from augcon_lib.model.endpoints.endpoint_pool import Route
from augcon_lib.model.endpoints.ledger import Ledger
from augcon_lib.model.endpoints.slots import AdaptiveSlots, RateLimits
from augcon_lib.settings import ModelSettings

if TYPE_CHECKING:
    from augcon_lib.model.wire.openai_adapter import OpenAITransport

OFFLINE_CONCURRENCY = 8
CONNECT_TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Server:
    """A server, ready for requests; close it with :meth:`aclose`."""

    route: Route
    caller: Caller
    transport: "OpenAITransport"

    @property
    def endpoint(self) -> Endpoint:
        """The endpoint that gets the requests."""
        return self.route.endpoint

    async def aclose(self) -> None:
        """Wait for calls in flight, and close connections."""
        await self.caller.finish_sent()
        await self.transport.aclose()


def open_server(
    model: ModelSettings,
    api_key: SecretStr,
    ledger: Ledger,
    budget: Budget,
    *,
    of_several: bool = False,
    connect_timeout_seconds: float = CONNECT_TIMEOUT_SECONDS,
) -> Server:
    """Open the server that *model* describes; calls go into *ledger* at its own prices.

    *of_several*: others take over when it dies, so that its calls stop sooner.
    """
    transport = _open_transport(model, api_key, connect_timeout_seconds)
    offline = model.provider == "offline"
    slots = AdaptiveSlots(
        min(model.max_concurrency, OFFLINE_CONCURRENCY) if offline else model.max_concurrency
    )
    breaker = CircuitBreaker(model, has_key=bool(api_key.get_secret_value()), of_several=of_several)
    caller = Caller(
        transport,
        replace(ledger, model=model),
        slots=slots,
        rates=RateLimits(model.requests_per_minute, model.tokens_per_minute),
        budget=budget,
        breaker=breaker,
    )
    endpoint = Endpoint(caller, model, ledger.journal)
    return Server(Route(public_url(model.base_url), endpoint, slots, breaker), caller, transport)


def _open_transport(
    model: ModelSettings, api_key: SecretStr, connect_timeout_seconds: float
) -> "OpenAITransport":
    from augcon_lib.model.wire.openai_adapter import open_http_transport, open_offline_transport

    if model.provider == "offline":
        from augcon_lib.offline_model import complete

        return open_offline_transport(complete)
    return open_http_transport(
        model.base_url,
        api_key,
        timeout_seconds=model.timeout_seconds,
        max_connections=model.max_concurrency,
        connect_timeout_seconds=connect_timeout_seconds,
    )
