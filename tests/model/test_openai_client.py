import asyncio

import httpx2

from augcon_lib.model.direct_http import DirectClient
from augcon_lib.model.openai_client import RepeatingClient

URL = "http://127.0.0.1:9/v1"


def test_a_later_request_is_what_the_package_would_have_sent() -> None:
    sent: list[tuple[httpx2.Request, bytes]] = []

    async def carry(request: httpx2.Request) -> httpx2.Response:
        sent.append((request, await request.aread()))
        return httpx2.Response(200, content=b"{}", request=request)

    async def run() -> None:
        client = RepeatingClient(
            api_key="sk-1", base_url=URL, timeout=7.5, http_client=DirectClient(carry)
        )
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
