"""The HTTP client under the ``openai`` client: straight to aiohttp.

The work of httpx2 on each request (authentication flows, cookies, redirect history, bodies in
chunks) costs 0.3 ms of CPU, and none of our calls needs it.
"""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
import httpx2

Carry = Callable[[httpx2.Request], Awaitable[httpx2.Response]]
Close = Callable[[], Awaitable[None]]
# aiohttp has undone these encodings before it returns a body.
_UNDONE_HEADERS = frozenset({b"content-encoding", b"content-length", b"transfer-encoding"})


class ReplyTooLarge(Exception):
    """A body exceeds the limit; the rest of it is not read."""

    def __init__(self, max_bytes: int) -> None:
        super().__init__(f"the reply is larger than {max_bytes / 1e6:,.0f} MB, decompressed")


class WholeResponse(httpx2.Response):
    """A response with a complete, decompressed *body*, for a sixth of the base class's CPU."""

    def __init__(
        self,
        status_code: int,
        headers: list[tuple[bytes, bytes]],
        body: bytes,
        request: httpx2.Request,
    ) -> None:
        super().__init__(
            status_code, headers=headers, stream=httpx2.ByteStream(body), request=request
        )
        self._body = body

    @property
    def content(self) -> bytes:
        """The body, without detecting its encoding."""
        return self._body


class DirectClient(httpx2.AsyncClient):
    """A client that sends requests through *carry*, body and reply in one piece."""

    def __init__(self, carry: Carry, close: Close | None = None) -> None:
        # The base class gets a transport, so that it creates none.
        super().__init__(transport=httpx2.AsyncBaseTransport(), trust_env=False)
        self._carry = carry
        self._close = close

    async def send(self, request: httpx2.Request, **how: Any) -> httpx2.Response:
        """Return the whole response; raises what *carry* raises."""
        return await self._carry(request)

    async def aclose(self) -> None:
        """Close connections."""
        if self._close is not None:
            await self._close()
        await super().aclose()


class AiohttpCarrier:
    """Sends requests over one aiohttp session, created with the first request.

    Certificates are verified. Proxies are those of the environment, looked up once. At most
    *max_reply_bytes* of a body are read, counted after decompression.
    """

    def __init__(
        self,
        base_url: str,
        *,
        timeout_seconds: float,
        connect_timeout_seconds: float,
        max_connections: int,
        max_reply_bytes: int,
    ) -> None:
        self._max_reply_bytes = max_reply_bytes
        self._timeout = aiohttp.ClientTimeout(
            total=timeout_seconds, sock_connect=min(timeout_seconds, connect_timeout_seconds)
        )
        self._max_connections = max_connections
        self.proxy = proxy_for(base_url)
        self._session: aiohttp.ClientSession | None = None

    async def carry(self, request: httpx2.Request) -> httpx2.Response:
        """Send *request*; raises ``aiohttp.ClientError``, ``TimeoutError``, ``ReplyTooLarge``."""
        headers = [(n.decode("latin-1"), v.decode("latin-1")) for n, v in request.headers.raw]
        async with self._open_session().request(
            request.method,
            str(request.url),
            headers=headers,
            data=await request.aread(),
            allow_redirects=False,  # a redirect may turn a POST into a GET
        ) as response:
            body = await self._read(response)
        kept = [h for h in response.raw_headers if h[0].lower() not in _UNDONE_HEADERS]
        return WholeResponse(response.status, kept, body, request)

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        body = bytearray()
        async for chunk in response.content.iter_any():  # decompressed piece by piece
            body += chunk
            if len(body) > self._max_reply_bytes:
                raise ReplyTooLarge(self._max_reply_bytes)
        return bytes(body)

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=self._max_connections, ssl=httpx2.create_ssl_context()
                ),
                timeout=self._timeout,
                proxy=self.proxy,
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session


def proxy_for(url: str) -> str | None:
    """Return the proxy that the environment sets for *url*."""
    parts = urlsplit(url)
    proxies = getproxies()
    if not parts.hostname or proxy_bypass(parts.netloc):
        return None
    return proxies.get(parts.scheme) or proxies.get("all")
