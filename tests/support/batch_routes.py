"""``/files`` and ``/batches`` of the fault server: a batch's lines are answered as calls are."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web

if TYPE_CHECKING:
    from tests.support.fault_server import FaultServer

# The number of a batch, from 0 -> how it ends: "completed", "failed", "cancelled", "expired" (half
# of it answered), "expired_empty", or "lossy" (completed, with every third line in no file).
Fate = Callable[[int], str]


def completed(number: int) -> str:
    return "completed"


@dataclass
class BatchRoutes:
    """Files, batches, and how often each prompt was in a batch.

    A batch is in progress until it has been asked about once, and while the server holds.
    ``lost_replies`` of the first calls that make a batch make it and answer nothing. ``made`` is
    called with each batch, before the reply, ``polled`` with each look at one.
    """

    fate: Fate = completed
    lost_replies: int = 0
    stores_metadata: bool = True
    page: int = 100
    files: dict[str, bytes] = field(default_factory=dict)
    batches: dict[str, dict[str, Any]] = field(default_factory=dict)
    batched: Counter[str] = field(default_factory=Counter)
    sizes: list[int] = field(default_factory=list)
    polls: int = 0
    polled: Callable[[], None] = lambda: None
    made: Callable[[], None] = lambda: None
    _server: "FaultServer | None" = None

    def serve(self, app: web.Application, server: "FaultServer") -> None:
        self._server = server
        app.router.add_post("/v1/files", self._upload)
        app.router.add_get("/v1/files/{id}/content", self._content)
        app.router.add_post("/v1/batches", self._create)
        app.router.add_get("/v1/batches", self._list)
        app.router.add_get("/v1/batches/{id}", self._state)

    async def _upload(self, request: web.Request) -> web.Response:
        form = await request.post()
        assert form["purpose"] == "batch"
        file = form["file"]
        assert isinstance(file, web.FileField)
        return web.json_response({"id": self._keep(file.file.read()), "object": "file"})

    async def _content(self, request: web.Request) -> web.Response:
        return web.Response(body=self.files[request.match_info["id"]])

    async def _create(self, request: web.Request) -> web.Response:
        assert self._server is not None
        refusal = self._server.refusal_of_key(request.headers)
        if refusal:
            return web.json_response(refusal.payload, status=refusal.status)
        asked = await request.json()
        assert asked["endpoint"] == "/v1/chat/completions"
        assert asked["completion_window"] == "24h"
        lines = self._lines(asked["input_file_id"])
        self.sizes.append(len(lines))
        self.batched.update(self._server.prompt_of(line["body"]) for line in lines)
        number = len(self.batches)
        batch = {
            "id": f"batch_{number}",
            "status": "in_progress",
            "number": number,
            "input_file_id": asked["input_file_id"],
            "created_at": 2_000_000_000 + number,
            "metadata": asked["metadata"] if self.stores_metadata else None,
            "request_counts": {"total": len(lines), "completed": 0, "failed": 0},
        }
        self.batches[batch["id"]] = batch
        self.made()
        if len(self.batches) <= self.lost_replies:
            assert request.transport is not None
            request.transport.abort()
        return web.json_response(batch)

    async def _list(self, request: web.Request) -> web.Response:
        assert self._server is not None
        refusal = self._server.refusal_of_key(request.headers)
        if refusal:
            return web.json_response(refusal.payload, status=refusal.status)
        newest_first = list(self.batches.values())[::-1]
        after = request.query.get("after")
        if after:
            ids = [batch["id"] for batch in newest_first]
            newest_first = newest_first[ids.index(after) + 1 :]
        page = newest_first[: min(self.page, int(request.query["limit"]))]
        return web.json_response({"data": page, "has_more": len(page) < len(newest_first)})

    async def _state(self, request: web.Request) -> web.Response:
        self.polls += 1
        self.polled()
        batch = self.batches.get(request.match_info["id"])
        if batch is None:
            return web.json_response({"error": {"message": "No such batch"}}, status=404)
        assert self._server is not None
        told = dict(batch)
        if batch["status"] == "in_progress" and self._server.hold is None:
            self._end(batch)
        return web.json_response(told)

    def _end(self, batch: dict[str, Any]) -> None:
        fate = self.fate(batch["number"])
        batch["status"] = {"lossy": "completed", "expired_empty": "expired"}.get(fate, fate)
        lines = self._lines(batch["input_file_id"])
        if fate == "failed":
            batch["errors"] = {"data": [{"code": "token_limit_exceeded", "message": "too many"}]}
            return
        answered = {"expired_empty": 0, "expired": len(lines) // 2, "cancelled": len(lines) // 2}
        results, errors = [], []
        for number, line in enumerate(lines):
            if fate == "lossy" and number % 3 == 0:
                continue
            if number >= answered.get(fate, len(lines)):
                error = {"code": f"batch_{batch['status']}", "message": "not done in time"}
                errors.append({"custom_id": line["custom_id"], "response": None, "error": error})
                continue
            result = self._result(line)
            status = (result["response"] or {}).get("status_code")
            (results if status == 200 else errors).append(result)
        batch["request_counts"]["completed"] = len(results)
        # In another order than they were sent, as vendors do.
        for name, found in (("output_file_id", results[::-1]), ("error_file_id", errors)):
            if found:
                batch[name] = self._keep("".join(json.dumps(one) + "\n" for one in found).encode())

    def _result(self, line: dict[str, Any]) -> dict[str, Any]:
        assert self._server is not None
        outcome = self._server.outcome(line["body"], None)
        if outcome.fault in ("reset", "html", "badjson"):
            error = {"code": "server_error", "message": "the request failed"}
            return {"custom_id": line["custom_id"], "response": None, "error": error}
        response = {"status_code": outcome.status, "body": outcome.payload}
        return {"custom_id": line["custom_id"], "response": response, "error": None}

    def _keep(self, content: bytes) -> str:
        file_id = f"file_{len(self.files)}"
        self.files[file_id] = content
        return file_id

    def _lines(self, file_id: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.files[file_id].splitlines()]
