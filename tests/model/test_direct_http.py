import asyncio
import gzip

import aiohttp
import httpx2
import pytest
from aiohttp import web

from augcon_lib.model.wire.direct_http import AiohttpCarrier, DirectClient


def carrier_for(url: str, timeout_seconds: float = 5.0) -> AiohttpCarrier:
    return AiohttpCarrier(
        url,
        timeout_seconds=timeout_seconds,
        connect_timeout_seconds=1.0,
        max_connections=2,
        max_reply_bytes=1_000_000,
    )


async def answer_of(handler: object, **request: object) -> httpx2.Response:
    """What a client gets from a server with one *handler*."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)  # type: ignore[arg-type]
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    carrier = carrier_for(f"http://{host}:{port}", float(str(request.pop("timeout", 5.0))))
    client = DirectClient(carrier.carry, carrier.close)
    try:
        built = client.build_request("POST", f"http://{host}:{port}/v1", **request)
        return await client.send(built)
    finally:
        await client.aclose()
        await runner.cleanup()


def test_a_compressed_answer_is_read_once() -> None:
    async def handler(request: web.Request) -> web.Response:
        body = gzip.compress(b'{"a": 1}')
        return web.Response(body=body, headers={"Content-Encoding": "gzip", "Retry-After": "3"})

    response = asyncio.run(answer_of(handler, content=b"{}", headers=[("X-A", "b")]))
    assert response.json() == {"a": 1}
    assert response.headers["retry-after"] == "3"
    assert response.request.content == b"{}"


def test_a_form_with_a_file_takes_the_long_way_and_arrives() -> None:
    seen = {}

    async def handler(request: web.Request) -> web.Response:
        form = await request.post()
        seen["purpose"], seen["file"] = form["purpose"], form["file"].file.read()  # type: ignore[union-attr]
        return web.json_response({})

    files = {"file": ("a.jsonl", b"line", "application/jsonl")}
    asyncio.run(answer_of(handler, data={"purpose": "batch"}, files=files))
    assert seen == {"purpose": "batch", "file": b"line"}


def test_an_answer_that_drips_is_over_at_the_timeout() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await asyncio.Event().wait()
        return response

    with pytest.raises(TimeoutError):
        asyncio.run(answer_of(handler, content=b"{}", timeout=0.05))


def test_the_environment_s_proxy_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "")

    async def send() -> None:
        carrier = carrier_for("http://model.invalid/v1")
        client = DirectClient(carrier.carry, carrier.close)
        try:
            await client.send(client.build_request("POST", "http://model.invalid/v1", content=b"x"))
        finally:
            await client.aclose()

    with pytest.raises(aiohttp.ClientProxyConnectionError):
        asyncio.run(send())
