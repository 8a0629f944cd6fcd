"""The only way to an endpoint: the ``openai`` client, used on its fast path.

A request over :mod:`~augcon_lib.model.openai_client` and :mod:`~augcon_lib.model.direct_http` costs
a fifth of what the typed method costs over the client's default transport. Retries are off here:
the engine above counts and journals each HTTP call, and frees the slot while it waits.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import orjson
from pydantic import SecretStr

from augcon_lib.model.rate_headers import read_allowances
from augcon_lib.model.transport import (
    CallError,
    RawReply,
    hidden,
    json_bytes,
    read_completion,
    retry_after_seconds,
)

if TYPE_CHECKING:
    from openai import APIStatusError

    from augcon_lib.model.openai_client import RepeatingClient

NO_KEY = "none"  # sent where no key is set: local servers ask for none, the client insists on one
CONNECT_TIMEOUT_SECONDS = 10.0
CHAT_PATH = "/chat/completions"
OFFLINE_URL = "http://offline.invalid/v1"

Answer = TypeVar("Answer")
Complete = Callable[[Mapping[str, Any]], dict[str, Any]]


class OpenAITransport:
    """Chat completions through ``AsyncOpenAI``; TLS is verified, the key never leaves it."""

    def __init__(self, client: "RepeatingClient", secret: str) -> None:
        self._client = client
        self._secret = secret

    async def complete(self, body: Mapping[str, Any]) -> RawReply:
        """``POST /chat/completions`` once; raises ``CallError``."""
        response = await self._answered(self._client.post_again(CHAT_PATH, json_bytes(body)))
        with self.hiding_key():
            reply = read_completion(response.content, body)
        allowances = read_allowances(response.headers)
        return reply if allowances is None else replace(reply, allowances=allowances)

    async def get(self, path: str) -> bytes:
        """``GET`` *path*, which begins with a slash, once; raises ``CallError``."""
        import httpx2

        response = await self._answered(self._client.get(path, cast_to=httpx2.Response))
        return response.content

    async def post(self, path: str, body: Mapping[str, Any]) -> bytes:
        """``POST`` *body* as JSON to *path* once; raises ``CallError``."""
        import httpx2

        response = await self._answered(
            self._client.post(path, cast_to=httpx2.Response, body=dict(body))
        )
        return response.content

    async def upload(self, name: str, content: bytes, purpose: str) -> str:
        """Send a file once, and return its id; raises ``CallError``."""
        file: Any = (name, content, "application/jsonl")
        how: Any = purpose
        uploaded = await self._answered(self._client.files.create(file=file, purpose=how))
        return str(uploaded.id)

    async def _answered(self, sent: Awaitable[Answer]) -> Answer:
        """What the client's call *sent* brings; its errors become a ``CallError``."""
        import aiohttp
        import httpx2
        import openai

        try:
            return await sent
        except openai.APIStatusError as error:
            failure = _status_failure(error, self.hide_key)
        except openai.APIError as error:
            failure = _connection_failure(error, self.hide_key)
        except (OSError, aiohttp.ClientError, httpx2.HTTPError, httpx2.StreamError) as error:
            failure = _connection_failure(error, self.hide_key)
        raise failure  # outside of the handlers: nothing of the request hangs on it

    async def aclose(self) -> None:
        """Close all connections."""
        await self._client.close()

    def hide_key(self, text: str) -> str:
        """*text* without the key."""
        return hidden(text, self._secret)

    @contextmanager
    def hiding_key(self) -> Iterator[None]:
        """Raise a ``CallError`` of the body without the key, which some servers repeat."""
        try:
            yield
        except CallError as error:
            raise error.told_without(self._secret) from None


def open_http_transport(
    base_url: str,
    api_key: SecretStr,
    *,
    timeout_seconds: float,
    max_connections: int,
    connect_timeout_seconds: float = CONNECT_TIMEOUT_SECONDS,
) -> OpenAITransport:
    """A transport to *base_url* over aiohttp with at most *max_connections* connections."""
    from augcon_lib.model.direct_http import AiohttpCarrier, DirectClient
    from augcon_lib.model.openai_client import RepeatingClient

    carrier = AiohttpCarrier(
        base_url,
        timeout_seconds=timeout_seconds,
        connect_timeout_seconds=connect_timeout_seconds,
        max_connections=max_connections,
    )
    secret = api_key.get_secret_value()
    client = RepeatingClient(
        base_url=base_url,
        api_key=secret or NO_KEY,
        timeout=timeout_seconds,
        http_client=DirectClient(carrier.carry, carrier.close),
    )
    return OpenAITransport(client, secret)


def open_offline_transport(complete: Complete) -> OpenAITransport:
    """The same client over an in-process server that answers with *complete*."""
    import httpx2

    from augcon_lib.model.direct_http import DirectClient
    from augcon_lib.model.openai_client import RepeatingClient

    async def carry(request: httpx2.Request) -> httpx2.Response:
        completion = complete(orjson.loads(await request.aread()))
        content = orjson.dumps(completion)
        return httpx2.Response(200, content=content, request=request)

    client = RepeatingClient(
        base_url=OFFLINE_URL, api_key=NO_KEY, timeout=None, http_client=DirectClient(carry)
    )
    return OpenAITransport(client, "")


def _status_failure(error: "APIStatusError", hide_key: Callable[[str], str]) -> CallError:
    body: object = error.body or error.response.text
    if isinstance(body, dict):
        body = body.get("message") or body.get("detail") or body
    message = body or error.message
    if error.response.is_redirect:
        message = f"to {error.response.headers.get('location')}"
    code: object = error.code
    return CallError(
        f"http_{error.status_code}",
        hide_key(str(message)),
        status=error.status_code,
        code=hide_key(str(code or "")),
        retry_after_seconds=retry_after_seconds(error.response.headers),
        allowances=read_allowances(error.response.headers),
    )


def _connection_failure(error: BaseException, hide_key: Callable[[str], str]) -> CallError:
    import aiohttp

    causes = list(_causes(error))
    told = [str(cause) for cause in causes if str(cause)]
    detail = hide_key(told[-1] if told else type(causes[-1]).__name__)
    if any(
        isinstance(cause, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError)
        for cause in causes
    ):
        return CallError("connect", detail)
    if any(isinstance(cause, TimeoutError) for cause in causes):
        return CallError("timeout", detail)
    return CallError("connection", detail)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__
