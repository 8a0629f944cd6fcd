"""The fast client and the plain one send the same requests, and each is chosen where it is due."""

import asyncio
import json
from typing import Any

import httpx2
import openai
import pytest
from aiohttp import web
from pydantic import SecretStr

from augcon_lib.model.wire import openai_adapter
from augcon_lib.model.wire.openai_adapter import KNOWN_VERSIONS, client_class, open_http_transport
from augcon_lib.model.wire.openai_client import RepeatingClient
from augcon_lib.model.wire.openai_plain import PlainClient

URL = "http://127.0.0.1:9/v1"
BODY = {"model": "m", "messages": [{"role": "user", "content": "water \u2028 漢字"}]}
UNKNOWN = "3.999.0"


def test_a_later_request_is_what_the_package_would_have_sent() -> None:
    sent: list[tuple[httpx2.Request, bytes]] = []

    async def carry(request: httpx2.Request) -> httpx2.Response:
        sent.append((request, await request.aread()))
        return httpx2.Response(200, content=b"{}", request=request)

    async def run() -> None:
        client = RepeatingClient(api_key="sk-1", base_url=URL, timeout=7.5, carry=carry)
        await client.post("/chat/completions", cast_to=httpx2.Response, content=b'{"a": 1}')
        for body in (b'{"a": 2}', b'{"a": 1}'):
            await client.post_again("/chat/completions", body)
        await client.post_again("/embeddings", b"{}")

    asyncio.run(run())
    (plain, plain_body), _, (later, later_body), (other, _) = sent
    assert (later.method, later.url, later_body) == (plain.method, plain.url, plain_body)
    del plain.headers["Content-Length"]  # the carrier sets it
    assert later.headers == plain.headers
    assert later.headers["Authorization"] == "Bearer sk-1"
    assert later.extensions == plain.extensions
    assert other.url == f"{URL}/embeddings"


def test_the_fast_client_serves_the_versions_it_was_tried_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert openai.__version__.rpartition(".")[0] in KNOWN_VERSIONS
    assert client_class() is RepeatingClient
    monkeypatch.setattr(openai, "__version__", UNKNOWN)
    assert client_class() is PlainClient


async def _requests_over_the_wire() -> list[tuple[str, str, list[tuple[bytes, bytes]], bytes]]:
    """What a server receives of each kind of call, headers in their order."""
    received: list[Any] = []

    async def handle(request: web.Request) -> web.Response:
        body = await request.read()
        if request.path.endswith("/files"):  # its boundary is drawn at random
            headers = [h for h in request.raw_headers if not h[0].lower().startswith(b"content-")]
            received.append((request.method, request.path, headers, b""))
        else:
            received.append((request.method, request.path_qs, list(request.raw_headers), body))
        message = {"role": "assistant", "content": "x"}
        return web.json_response({"id": "f", "choices": [{"message": message}], "data": []})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    transport = open_http_transport(
        f"http://{host}:{port}/v1", SecretStr("sk-1"), timeout_seconds=5, max_connections=1
    )
    for _ in range(3):
        await transport.complete(BODY)
    await transport.post("/embeddings", {"model": "m", "input": ["a"]})
    await transport.get("/batches?limit=1")
    await transport.upload("a.jsonl", b"{}", "batch")
    await transport.aclose()
    await runner.cleanup()
    port_bytes = str(port).encode()
    return [
        (method, path, [(n, v.replace(port_bytes, b"PORT")) for n, v in headers], body)
        for method, path, headers, body in received
    ]


def test_both_clients_send_the_same_over_the_wire(monkeypatch: pytest.MonkeyPatch) -> None:
    fast = asyncio.run(_requests_over_the_wire())
    monkeypatch.setattr(openai_adapter, "KNOWN_VERSIONS", frozenset())
    plain = asyncio.run(_requests_over_the_wire())
    assert len(fast) == 6
    for one, other in zip(fast, plain, strict=True):
        assert one[:2] == other[:2]
        assert sorted(one[2]) == sorted(other[2])
        assert one[3] == other[3]
    assert json.loads(fast[0][3]) == BODY
