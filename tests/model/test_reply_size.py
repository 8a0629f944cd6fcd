"""No reply takes more memory than its limit, whatever path it comes on."""

import asyncio
import gzip
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest
from aiohttp import web
from pydantic import SecretStr

from augcon_lib.model.endpoints.embedding_endpoint import EmbeddingTransport
from augcon_lib.model.wire import openai_adapter
from augcon_lib.model.wire.openai_adapter import (
    MAX_REPLY_BYTES,
    OpenAITransport,
    open_http_transport,
)
from augcon_lib.model.wire.transport import CallError

MEGABYTE = b" " * 1_000_000
CHAT = {"model": "m", "messages": [{"role": "user", "content": "x"}]}
TEXTS = {"model": "m", "input": ["x"]}

PATHS: dict[str, Callable[[OpenAITransport], Awaitable[object]]] = {
    "chat": lambda transport: transport.complete(CHAT),
    "embeddings": lambda transport: EmbeddingTransport(transport).complete(TEXTS),
    "batch": lambda transport: transport.get("/batches/b"),
    "results": lambda transport: transport.get_answers("/files/f/content"),
    "new batch": lambda transport: transport.post("/batches", {}),
    "upload": lambda transport: transport.upload("a.jsonl", b"{}", "batch"),
}


@pytest.fixture(params=["fast", "plain"])
def client(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "plain":
        monkeypatch.setattr(openai_adapter, "KNOWN_VERSIONS", frozenset())
    return str(request.param)


class Flood:
    """A server whose bodies do not end, or are small and unpack to far more than the limit."""

    def __init__(self, status: int, *, zipped: bool) -> None:
        self.status = status
        self.zipped = gzip.compress(MEGABYTE * 64, 1) if zipped else b""
        self.sent_bytes = 0

    async def handle(self, request: web.Request) -> web.StreamResponse:
        await request.read()
        if self.zipped:
            headers = {"Content-Encoding": "gzip"}
            return web.Response(body=self.zipped, status=self.status, headers=headers)
        response = web.StreamResponse(status=self.status)
        await response.prepare(request)
        with suppress(ConnectionError):
            while self.sent_bytes < 40 * MAX_REPLY_BYTES:
                await response.write(MEGABYTE)
                self.sent_bytes += len(MEGABYTE)
        return response


async def _failure(flood: Flood, path: str) -> CallError:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", flood.handle)
    runner = web.AppRunner(app, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    transport = open_http_transport(
        f"http://{host}:{port}/v1", SecretStr(""), timeout_seconds=30, max_connections=1
    )
    try:
        with pytest.raises(CallError) as caught:
            await PATHS[path](transport)
        return caught.value
    finally:
        await transport.aclose()
        await runner.cleanup()


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("status", [200, 400])
def test_a_body_without_end_is_broken_off_at_the_limit(client: str, path: str, status: int) -> None:
    flood = Flood(status, zipped=False)
    failure = asyncio.run(_failure(flood, path))
    assert failure.kind == "broken_body"
    assert "larger than 16 MB" in failure.detail
    assert flood.sent_bytes < 2 * MAX_REPLY_BYTES + 64 * len(MEGABYTE)  # and what sockets hold


@pytest.mark.parametrize("path", ["chat", "results"])
@pytest.mark.parametrize("status", [200, 503])
def test_a_body_that_unpacks_beyond_the_limit_is_not_unpacked(
    client: str, path: str, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    largest: list[int] = []

    class Counted(bytearray):
        def __iadd__(self, more: Any) -> "Counted":
            largest.append(len(self) + len(more))
            self.extend(more)
            return self

    monkeypatch.setattr("augcon_lib.model.wire.direct_http.bytearray", Counted, raising=False)
    failure = asyncio.run(_failure(Flood(status, zipped=True), path))
    assert failure.kind == "broken_body"
    assert MAX_REPLY_BYTES < max(largest) < 1.2 * MAX_REPLY_BYTES
