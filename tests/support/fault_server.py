"""A small OpenAI-compatible server over real HTTP that answers well, or fails as it is told.

Deterministic: a reply depends only on the prompt, a fault only on how often a prompt was sent. It
listens on loopback and follows the wire contract for prompts with ``<context>``.
"""

import asyncio
import json
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.support.batch_routes import BatchRoutes
from tests.support.embedding_routes import EmbeddingRoutes

KEY = "sk-right-key"
CONTEXT = re.compile(r"<context>\s*(.*?)\s*</context>", re.DOTALL)
LABELS = {
    "question": "Question",
    "context_1": "Context 1",
    "context_2": "Context 2",
    "last_sentence_of_first_part": "Boundary",
    "answer": "Answer",
    "verdict": "Verdict",
}

# (prompt, how often it was sent before) -> kind of fault, or "" for a good answer
Fault = Callable[[str, int], str]


def no_fault(prompt: str, seen: int) -> str:
    return ""


def first_times(*kinds: str) -> Fault:
    """The first sendings of every prompt fail in these ways, one after the other."""

    def fault(prompt: str, seen: int) -> str:
        return kinds[seen] if seen < len(kinds) else ""

    return fault


def always(kind: str) -> Fault:
    return lambda prompt, seen: kind


@dataclass
class FaultServer:
    """State and counters; ``url`` is the base URL for the client.

    ``refused_fields`` are answered with 400; ``schema_status`` is the status of any request with
    a ``response_format`` (0: schemas work).
    """

    fault: Fault = no_fault
    schema_status: int = 0
    refused_fields: tuple[str, ...] = ()
    retry_after: str = "0.01"
    complete: Callable[[dict[str, Any]], dict[str, Any]] | None = None  # else a made-up answer
    latency_seconds: float = 0.0
    hold: asyncio.Event | None = None  # calls wait for it before they are answered
    arrived: asyncio.Event = field(default_factory=asyncio.Event)  # set by every call
    url: str = ""
    sent: Counter[str] = field(default_factory=Counter)  # by prompt, seed included
    answered: Counter[str] = field(default_factory=Counter)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    busy: int = 0
    peak_busy: int = 0

    @property
    def calls(self) -> int:
        return self.sent.total()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.busy += 1
        self.peak_busy = max(self.peak_busy, self.busy)
        try:
            body = await request.json()
            outcome = self.outcome(body, request.headers)
            self.arrived.set()
            await asyncio.sleep(self.latency_seconds)
            if self.hold is not None:
                await self.hold.wait()
        finally:
            self.busy -= 1
        if outcome.fault == "reset":
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        if outcome.fault == "html":
            return web.Response(text="<html>upstream error</html>", content_type="text/html")
        if outcome.fault == "badjson":
            return web.Response(body=json.dumps(outcome.payload).encode()[:-20])
        return web.json_response(outcome.payload, status=outcome.status, headers=outcome.headers)

    def outcome(self, body: dict[str, Any], headers: Mapping[str, str] | None) -> "Outcome":
        """What comes of one chat completion; counts it. No *headers*: the key was right."""
        self.bodies.append(body)
        prompt = self.prompt_of(body)
        seen = self.sent[prompt]
        self.sent[prompt] += 1
        refusal = self.refusal_of_key(headers) if headers is not None else None
        if refusal:
            return refusal
        if body["model"] == "absent":
            return _error(404, "The model `absent` does not exist")
        for name in self.refused_fields:
            if name in body:
                return _error(400, f"Unsupported parameter: {name}")
        if self.schema_status and "response_format" in body:
            return _error(self.schema_status, "response_format is not supported")
        fault = self.fault(prompt, seen)
        if fault in ("429", "503"):
            return _error(int(fault), "slow down", {"Retry-After": self.retry_after})
        if fault.isdigit():
            return _error(int(fault), "as asked")
        if fault == "context_length":
            return _error(
                400, "maximum context length is 10 tokens", code="context_length_exceeded"
            )
        if not fault:
            self.answered[prompt] += 1
            if self.complete is not None:
                return Outcome(200, self.complete(body))
        return Outcome(200, _completion(body, fault), fault=fault)

    @staticmethod
    def prompt_of(body: dict[str, Any]) -> str:
        """Messages and seed: what tells one request from another."""
        return json.dumps([body["messages"], body.get("seed")], ensure_ascii=False)

    def refusal_of_key(self, headers: Mapping[str, str]) -> "Outcome | None":
        """The answer to a wrong key."""
        got = headers.get("Authorization", "")
        return None if got == f"Bearer {KEY}" else _error(401, f"Incorrect API key provided: {got}")


@dataclass(frozen=True)
class Outcome:
    """A status and a body; ``fault`` names what is wrong with it besides."""

    status: int
    payload: dict[str, Any]
    headers: Mapping[str, str] | None = None
    fault: str = ""


@asynccontextmanager
async def fault_server(
    batches: BatchRoutes | None = None,
    embeddings: EmbeddingRoutes | None = None,
    **state: Any,
) -> AsyncIterator[FaultServer]:
    """A running server; see :class:`FaultServer` for *state*.

    There are no ``/batches`` and no ``/embeddings`` unless they are given.
    """
    server = FaultServer(**state)
    app = web.Application()
    app.router.add_post("/v1/chat/completions", server.handle)
    if batches is not None:
        batches.serve(app, server)
    if embeddings is not None:
        embeddings.serve(app, server)
    runner = web.AppRunner(app, shutdown_timeout=0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    server.url = f"http://{host}:{port}/v1"
    try:
        yield server
    finally:
        await runner.cleanup()


def _error(
    status: int, message: str, headers: Mapping[str, str] | None = None, code: str = ""
) -> Outcome:
    error = {"error": {"message": message, "type": "error", "code": code}}
    return Outcome(status, error, headers)


def _completion(body: dict[str, Any], fault: str) -> dict[str, Any]:
    content: str | None = _content(body)
    finish_reason, refusal = "stop", None
    if fault == "cut":
        content, finish_reason = str(content)[: len(str(content)) // 3], "length"
    elif fault == "garble":
        content = f"I am sorry, {str(content).replace('{', '<').replace('Context 1', 'Part')}"
    elif fault == "echo":
        content = f"{_passage(body)}\n\n{content}"
    elif fault == "empty":
        content = ""
    elif fault == "null":
        content = None
    elif fault == "refusal":
        content, refusal = None, "I cannot help with that"
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": content, "refusal": refusal},
                "finish_reason": finish_reason,
            }
        ],
        "usage": {"prompt_tokens": 100, "completion_tokens": 10},
    }


def _passage(body: dict[str, Any]) -> str:
    return str(CONTEXT.findall(body["messages"][-1]["content"])[-1])


def _content(body: dict[str, Any]) -> str:
    system = body["messages"][0]["content"]
    passage = _passage(body)
    half = len(passage) // 2
    values: dict[str, Any] = {
        "question": f"What is said in {passage[:20]}?",
        "context_1": passage[:half],
        "context_2": passage[half:],
        "last_sentence_of_first_part": 1,
        "answer": passage,
        "verdict": "yes",
        "reason": "by the passage",
    }
    schema = body.get("response_format", {}).get("json_schema", {}).get("schema", {})
    if schema:
        return json.dumps({name: values[name] for name in schema["properties"]})
    asked = [name for name, label in LABELS.items() if f"\n{label}: " in system]
    return "\n\n".join(f"{LABELS[name]}: {values[name]}" for name in asked)
