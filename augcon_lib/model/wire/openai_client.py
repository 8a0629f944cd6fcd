"""The ``openai`` client for thousands of requests that differ only in their bodies."""

import httpx2
import openai
from openai import AsyncOpenAI
from openai._models import FinalRequestOptions

from augcon_lib.model.wire.direct_http import Carry, Close, DirectClient


class RepeatingClient(AsyncOpenAI):
    """``post_again`` does once per address what ``post`` does for each request.

    Merging the same options and headers and parsing the same address costs 0.15 ms of CPU. This
    uses private parts of the package: only for ``openai_adapter.KNOWN_VERSIONS``.
    """

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
            http_client=DirectClient(carry, close),
        )
        self._same_options: dict[str, FinalRequestOptions] = {}
        self._same_requests: dict[str, httpx2.Request] = {}

    async def post_again(self, path: str, content: bytes) -> httpx2.Response:
        """``POST`` *content*, a JSON text, to *path*; raises what ``post`` raises."""
        same = self._same_options.get(path)
        if same is None:
            same = FinalRequestOptions.construct(
                method="post",
                url=path,
                content=b"",
                idempotency_key="",  # not sent; otherwise one would be drawn for each request
                security={"bearer_auth": True},
            )
            self._same_options[path] = same
        return await self.request(httpx2.Response, same.model_copy(update={"content": content}))

    def _build_request(
        self, options: FinalRequestOptions, *, retries_taken: int = 0
    ) -> httpx2.Request:
        if options.url not in self._same_options or not isinstance(options.content, bytes):
            return super()._build_request(options, retries_taken=retries_taken)
        same = self._same_requests.get(options.url)
        if same is None:
            same = super()._build_request(options, retries_taken=retries_taken)
            del same.headers["Content-Length"]  # set by the carrier, which knows the body
            self._same_requests[options.url] = same
        return httpx2.Request(
            same.method,
            same.url,
            headers=same.headers,
            stream=httpx2.ByteStream(options.content),
            extensions=same.extensions,
        )
