"""The only way to an endpoint: the ``openai`` client, used on its fast path.

A request over ``openai_client`` and ``direct_http`` costs a fifth of the typed method over the
client's default transport; with a version of the package that this was not tested on,
``openai_plain`` sends the same request.
Retries are off here: the engine above counts and journals each HTTP call, and frees the slot while
it waits. Nothing that leaves this module contains a key (:mod:`~augcon_lib.model.wire.secrets`).
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import orjson
from pydantic import SecretStr

from augcon_lib.model.wire.rate_headers import read_allowances
from augcon_lib.model.wire.secrets import Secrets, secrets_of
from augcon_lib.model.wire.transport import (
    CallError,
    RawReply,
    json_bytes,
    read_completion,
    retry_after_seconds,
)

if TYPE_CHECKING:
    from openai import APIStatusError

    from augcon_lib.model.wire.openai_client import RepeatingClient
    from augcon_lib.model.wire.openai_plain import PlainClient

# Versions of the package on which the fast client sends what the plain one sends (a test compares).
KNOWN_VERSIONS = frozenset({"3.52"})
# A reply of millions of tokens; one per call in flight may be in memory.
MAX_REPLY_BYTES = 16_000_000
NO_KEY = "none"  # sent if no key is set: local servers need none, but the client requires one
CONNECT_TIMEOUT_SECONDS = 10.0
CHAT_PATH = "/chat/completions"
OFFLINE_URL = "http://offline.invalid/v1"

Answer = TypeVar("Answer")
Complete = Callable[[Mapping[str, Any]], dict[str, Any]]


class OpenAITransport:
    """Calls through ``AsyncOpenAI``; TLS is verified, and replies contain no secret."""

    def __init__(self, client: "RepeatingClient | PlainClient", secrets: Secrets) -> None:
        self._client = client
        self._secrets = secrets

    async def complete(self, body: Mapping[str, Any]) -> RawReply:
        """``POST /chat/completions`` once; raises ``CallError``."""
        response = await self._answered(self._client.post_again(CHAT_PATH, json_bytes(body)))
        data = response.content
        try:
            reply = read_completion(self._secrets.hide_in_answers(data), body)
        except CallError:  # no answer: read again without anything that may be a secret
            reply = read_completion(self._secrets.hide_bytes(data), body)
        allowances = read_allowances(response.headers)
        return reply if allowances is None else replace(reply, allowances=allowances)

    async def get(self, path: str) -> bytes:
        """``GET`` *path*, which begins with a slash, once; raises ``CallError``."""
        return self._secrets.hide_bytes(await self._get(path))

    async def get_answers(self, path: str) -> bytes:
        """``GET`` *path*, whose body contains the model's words, once; raises ``CallError``."""
        return self._secrets.hide_in_answers(await self._get(path))

    async def post(self, path: str, body: Mapping[str, Any]) -> bytes:
        """``POST`` *body* as JSON to *path* once; raises ``CallError``."""
        import httpx2

        response = await self._answered(
            self._client.post(path, cast_to=httpx2.Response, body=dict(body))
        )
        return self._secrets.hide_bytes(response.content)

    async def upload(self, name: str, content: bytes, purpose: str) -> str:
        """Send a file once, and return its id; raises ``CallError``."""
        file: Any = (name, content, "application/jsonl")
        how: Any = purpose
        uploaded = await self._answered(self._client.files.create(file=file, purpose=how))
        file_id: object = getattr(uploaded, "id", None)
        if not isinstance(file_id, str):
            raise CallError("broken_body", self.hide(f"not a file: {uploaded}"))
        return self.hide(file_id)

    def hide(self, text: str) -> str:
        """Return *text*, which describes a failure, without the key."""
        return self._secrets.hide(text)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._client.close()

    async def _get(self, path: str) -> bytes:
        import httpx2

        response = await self._answered(self._client.get(path, cast_to=httpx2.Response))
        return response.content

    async def _answered(self, sent: Awaitable[Answer]) -> Answer:
        """Return the result of the client's call *sent*; its errors become a ``CallError``."""
        import openai

        try:
            return await sent
        except openai.APIStatusError as error:
            failure = _status_failure(error, self.hide)
        except Exception as error:  # of the package, of the HTTP client, or of a broken reply
            failure = _connection_failure(error, self.hide)
        raise failure  # outside of the handlers: it keeps no reference to the request


def open_http_transport(
    base_url: str,
    api_key: SecretStr,
    *,
    timeout_seconds: float,
    max_connections: int,
    connect_timeout_seconds: float = CONNECT_TIMEOUT_SECONDS,
    max_reply_bytes: int = MAX_REPLY_BYTES,
) -> OpenAITransport:
    """Return a transport to *base_url* over aiohttp with at most *max_connections* connections.

    A reply of more than *max_reply_bytes*, decompressed, is a ``CallError`` (``broken_body``).
    """
    from augcon_lib.model.wire.direct_http import AiohttpCarrier

    carrier = AiohttpCarrier(
        base_url,
        timeout_seconds=timeout_seconds,
        connect_timeout_seconds=connect_timeout_seconds,
        max_connections=max_connections,
        max_reply_bytes=max_reply_bytes,
    )
    secret = api_key.get_secret_value()
    client = client_class()(
        base_url=base_url,
        api_key=secret or NO_KEY,
        timeout=timeout_seconds,
        carry=carrier.carry,
        close=carrier.close,
    )
    return OpenAITransport(client, secrets_of(base_url, secret, carrier.proxy))


def open_offline_transport(complete: Complete) -> OpenAITransport:
    """Return the same client over an in-process server that answers with *complete*."""
    import httpx2

    async def carry(request: httpx2.Request) -> httpx2.Response:
        completion = complete(orjson.loads(await request.aread()))
        content = orjson.dumps(completion)
        return httpx2.Response(200, content=content, request=request)

    client = client_class()(base_url=OFFLINE_URL, api_key=NO_KEY, timeout=None, carry=carry)
    return OpenAITransport(client, Secrets())


def client_class() -> "type[RepeatingClient] | type[PlainClient]":
    """Return the fast client if it was tested on the installed ``openai``, otherwise the plain."""
    import openai

    if openai.__version__.rpartition(".")[0] in KNOWN_VERSIONS:
        from augcon_lib.model.wire.openai_client import RepeatingClient

        return RepeatingClient
    from augcon_lib.model.wire.openai_plain import PlainClient

    return PlainClient


def _status_failure(error: "APIStatusError", hide: Callable[[str], str]) -> CallError:
    body: object = error.body or error.response.text
    if isinstance(body, dict):
        body = body.get("message") or body.get("detail") or body
    message = body or error.message
    if error.response.is_redirect:
        message = f"to {error.response.headers.get('location')}"
    code: object = error.code
    return CallError(
        f"http_{error.status_code}",
        hide(str(message)),
        status=error.status_code,
        code=hide(str(code or "")),
        retry_after_seconds=retry_after_seconds(error.response.headers),
        allowances=read_allowances(error.response.headers),
    )


def _connection_failure(error: BaseException, hide: Callable[[str], str]) -> CallError:
    import aiohttp

    from augcon_lib.model.wire.direct_http import ReplyTooLarge

    causes = list(_causes(error))
    told = [str(cause) for cause in causes if str(cause)]
    detail = hide(told[-1] if told else type(causes[-1]).__name__)
    if any(
        isinstance(cause, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError)
        for cause in causes
    ):
        return CallError("connect", detail)
    if any(isinstance(cause, ReplyTooLarge) for cause in causes):
        return CallError("broken_body", detail)
    if any(isinstance(cause, TimeoutError) for cause in causes):
        return CallError("timeout", detail)
    return CallError("connection", detail)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield *error* and its causes, each once."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        yield error
        seen.add(id(error))
        error = error.__cause__
