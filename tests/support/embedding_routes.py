"""``/embeddings`` of the fault server: a text's vector counts its words, hashed to few places."""

import hashlib
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web

if TYPE_CHECKING:
    from tests.support.fault_server import FaultServer

PLACES = 32


@dataclass
class EmbeddingRoutes:
    """``faults`` are what the first calls get: a status, ``broken`` or ``short``.

    More than ``max_texts`` in a call are refused with 422, longer texts than ``max_chars`` with
    400 (0: no limit). ``texts`` counts what was embedded.
    """

    model: str = "embedder"
    faults: tuple[str, ...] = ()
    refusal: str = ""
    max_texts: int = 0
    max_chars: int = 0
    places: int = PLACES
    texts: Counter[str] = field(default_factory=Counter)
    calls: int = 0

    def serve(self, app: web.Application, server: "FaultServer") -> None:
        """Add the route to *app*; keys are *server*'s."""

        async def handle(request: web.Request) -> web.Response:
            refused = server.refusal_of_key(request.headers)
            if refused is not None:
                return web.json_response(refused.payload, status=refused.status)
            return self._answer(await request.json())

        app.router.add_post("/v1/embeddings", handle)

    def _answer(self, body: dict[str, Any]) -> web.Response:
        texts = body["input"]
        fault = self.faults[self.calls] if self.calls < len(self.faults) else ""
        self.calls += 1
        if fault.isdigit():
            return _error(int(fault), "as asked")
        if fault == "broken":
            return web.Response(text='{"data": [', content_type="application/json")
        if body["model"] != self.model:
            return _error(404, f"The model `{body['model']}` does not exist")
        if self.refusal:
            return _error(400, self.refusal)
        if self.max_texts and len(texts) > self.max_texts:
            return _error(422, f"batch size {len(texts)} > maximum allowed {self.max_texts}")
        if self.max_chars and max(map(len, texts)) > self.max_chars:
            return _error(400, "This model's maximum context length is 8 tokens")
        rows = [
            {"object": "embedding", "index": place, "embedding": vector(text, self.places)}
            for place, text in enumerate(texts)
        ]
        if fault == "short":
            rows.pop()
        else:
            self.texts.update(texts)
        usage = {"prompt_tokens": 10 * len(texts), "total_tokens": 10 * len(texts)}
        # The protocol tells places; it promises no order.
        return web.json_response({"object": "list", "data": rows[::-1], "usage": usage})


def vector(text: str, places: int = PLACES) -> list[float]:
    """How many of the words of *text* fall on each place, and a little in all of them."""
    found = [0.1] * places
    for word in re.findall(r"\w+", text.lower()):
        found[int(hashlib.sha256(word.encode()).hexdigest(), 16) % places] += 1.0
    return found


def _error(status: int, message: str) -> web.Response:
    return web.json_response({"error": {"message": message, "type": "error"}}, status=status)
