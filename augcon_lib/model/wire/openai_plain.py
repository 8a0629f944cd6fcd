"""The ``openai`` client with its public methods, for versions unknown to the fast one."""

import httpx2
import openai
from openai import AsyncOpenAI

from augcon_lib.model.wire.direct_http import Carry, Close


class CarriedTransport(httpx2.AsyncBaseTransport):
    """Passes requests to *carry*, as the fast client does."""

    def __init__(self, carry: Carry, close: Close | None) -> None:
        self._carry = carry
        self._close = close

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Return the whole response; raises what *carry* raises."""
        return await self._carry(request)

    async def aclose(self) -> None:
        """Close connections."""
        if self._close is not None:
            await self._close()


class PlainClient(AsyncOpenAI):
    """A client that uses only public methods of the package and of httpx2."""

    def __init__(
        self,
        *,
        api_key: str,
        base_url: str,
        timeout: float | None,
        carry: Carry,
        close: Close | None = None,
    ) -> None:
        super().__init__(
            api_key=api_key,
            base_url=base_url,
            timeout=timeout,
            max_retries=0,
            default_headers={"User-Agent": f"AsyncOpenAI/Python {openai.__version__}"},
            http_client=httpx2.AsyncClient(
                transport=CarriedTransport(carry, close), trust_env=False
            ),
        )

    async def post_again(self, path: str, content: bytes) -> httpx2.Response:
        """``POST`` *content*, a JSON text, to *path*; raises what ``post`` raises."""
        return await self.post(path, cast_to=httpx2.Response, content=content)
