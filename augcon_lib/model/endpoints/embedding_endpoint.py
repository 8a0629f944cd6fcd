"""``POST /embeddings``: vectors of texts, each paid for once.

A vector is kept in the journal under its model and text, with length 1 and at half precision: a
quarter of the bytes, and cosines stay right to three decimals. Calls use the same slots, rates,
retries, budget and ledger as calls to the chat model.
"""

import base64
import json
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from pydantic import SecretStr

from augcon_lib.concurrency import run_together
from augcon_lib.errors import EndpointError, SettingsError
from augcon_lib.model.endpoints.breaker import CircuitBreaker, public_url
from augcon_lib.model.endpoints.budget import Budget, session_budget
from augcon_lib.model.endpoints.calls import Caller, Completion
from augcon_lib.model.endpoints.endpoint import is_context_length
from augcon_lib.model.endpoints.ledger import Ledger, Origin
from augcon_lib.model.endpoints.slots import AdaptiveSlots, RateLimits
from augcon_lib.model.endpoints.stats import CallStats
from augcon_lib.model.journal import Journal
from augcon_lib.model.journal.claims import PLACES_PER_CALL
from augcon_lib.model.journal.tables import insert_answers, insert_calls
from augcon_lib.model.wire.transport import CallError, RawReply, estimate_input_tokens, token_count
from augcon_lib.settings import ModelSettings, Settings, key_of

# Small servers accept no more texts in one call.
TEXTS_PER_CALL = 32
# A text that is too long for the model is cut to half, and half again, but not below this.
MIN_CUT_CHARS = 100
KEY_VERSION = 1
STORED_FORM = "embedding"

Vector = npt.NDArray[np.float64]


class Poster(Protocol):
    """Sends JSON to a path of an endpoint."""

    async def post(self, path: str, body: Mapping[str, Any]) -> bytes:
        """One call; raises ``CallError``."""
        ...

    async def aclose(self) -> None:
        """Give back connections."""
        ...


class EmbeddingTransport:
    """Carries a body with ``input`` texts; the reply's content is their vectors as stored."""

    def __init__(self, poster: Poster) -> None:
        self._poster = poster

    async def complete(self, body: Mapping[str, Any]) -> RawReply:
        """One call; raises ``CallError``."""
        return read_embeddings(await self._poster.post("/embeddings", body), body)

    async def aclose(self) -> None:
        """Give back connections."""
        await self._poster.aclose()


class EmbeddingEndpoint:
    """Vectors from the journal, or else from the endpoint; made by :func:`open_embeddings`."""

    def __init__(self, caller: Caller, model: ModelSettings, journal: Journal) -> None:
        self._caller = caller
        self._model = model
        self._journal = journal
        self._places = AdaptiveSlots(PLACES_PER_CALL * model.max_concurrency)

    async def vectors(self, texts: Iterable[str], origin: Origin) -> dict[str, Vector]:
        """Return the vector of each of *texts*, of length 1; durable before this returns.

        Raises ``EndpointError`` or ``BudgetExceeded``; vectors received until then are kept.
        """
        wanted = list(dict.fromkeys(texts))
        found = journaled_vectors(self._journal, self._model, wanted)
        missing = [text for text in wanted if text not in found]
        calls = [
            missing[start : start + TEXTS_PER_CALL]
            for start in range(0, len(missing), TEXTS_PER_CALL)
        ]
        # The first alone: an endpoint that refuses everything refuses only once.
        for together in (calls[:1], calls[1:]):
            await run_together(self._embed_alone(call, origin) for call in together)
        return found | journaled_vectors(self._journal, self._model, missing)

    async def _embed_alone(self, texts: Sequence[str], origin: Origin) -> None:
        """As :meth:`_embed`, without the texts that another process requests meanwhile."""
        claim = sha256(b"".join(embedding_key(self._model, text) for text in texts)).digest()
        async with self._places.slot(), self._journal.claimed(claim):
            there = journaled_vectors(self._journal, self._model, texts)
            missing = [text for text in texts if text not in there]
            if missing:
                await self._embed(missing, missing, origin)

    async def _embed(self, texts: Sequence[str], sent: Sequence[str], origin: Origin) -> None:
        """Request the vectors of *texts* by sending *sent*, and keep them."""

        async def settle(completion: Completion) -> None:
            await self._keep(texts, completion)

        try:
            await self._caller.call(
                {"model": self._model.name, "input": list(sent)}, origin, settle
            )
        except CallError as failure:
            if failure.is_transient:
                raise self._refused(sent, failure) from None
            half = len(texts) // 2
            cut = len(sent[0]) // 2
            if half:
                await self._embed(texts[:half], sent[:half], origin)
                await self._embed(texts[half:], sent[half:], origin)
            elif is_context_length(failure) and cut >= MIN_CUT_CHARS:
                await self._embed(texts, [sent[0][:cut]], origin)
            else:
                raise self._refused(sent, failure) from None

    async def _keep(self, texts: Sequence[str], completion: Completion) -> None:
        call = completion.call
        share, rest = divmod(call.input_tokens, len(texts))
        identity = embedding_identity(self._model)
        answers = [
            (
                embedding_key(self._model, text),
                stored,
                STORED_FORM,
                identity,
                time.time(),
                share + (rest if place == 0 else 0),
                0,
            )
            for place, (text, stored) in enumerate(
                zip(texts, completion.reply.content.split("\n"), strict=True)
            )
        ]
        await self._journal.write_now((insert_answers(1), answers), (insert_calls(1), [call]))
        self._caller.stats.answered += 1

    def _refused(self, sent: Sequence[str], failure: CallError) -> EndpointError:
        address, chars = public_url(self._model.base_url), max(map(len, sent))
        return EndpointError(
            f"{address}/embeddings returned no vectors of the model {self._model.name!r} for "
            f"{len(sent)} texts of at most {chars:,} characters ({failure}); earlier vectors are "
            "kept: check the endpoint, or set [scorer] embedding_model to another model"
        )


class EmbeddingBreaker(CircuitBreaker):
    """Names the settings of embeddings if they are wrong."""

    def told(self, failure: CallError) -> str:
        """Describe what *failure* means, and the fix."""
        if failure.status != 404:
            return super().told(failure)
        model = self.model
        return (
            f"{public_url(model.base_url)} has no /embeddings, or no model {model.name!r} "
            f"(HTTP 404: {failure.detail}); fix [scorer] embedding_model, or set "
            '[scorer] embedding_source = "package"'
        )


def embedding_server(settings: Settings, embedding_model: str) -> ModelSettings:
    """Return the server for embeddings with their price: the first server of ``[model]``.

    Raises ``SettingsError`` if the provider has no embeddings.
    """
    if settings.model.provider == "offline":
        raise SettingsError(
            f'[model] provider = "offline" has no embeddings, and the scorer needs those of '
            f'{embedding_model!r} from an endpoint; set provider = "openai", or set [scorer] '
            'embedding_source = "package" and retrain the scorer: augcon retrain query_scorer'
        )
    return settings.model.servers[0].model_copy(
        update={
            "name": embedding_model,
            "mode": "online",
            "input_usd_per_million_tokens": settings.scorer.embedding_usd_per_million_tokens,
            "output_usd_per_million_tokens": 0.0,
        }
    )


@asynccontextmanager
async def open_embeddings(
    settings: Settings,
    embedding_model: str,
    journal_path: Path,
    *,
    api_key: SecretStr,
    run_id: str = "",
    session_id: str = "",
    stats: CallStats | None = None,
) -> AsyncIterator[EmbeddingEndpoint]:
    """Open the endpoint's ``/embeddings`` for one event loop; closed at the end.

    Calls are counted in *stats* and against ``[budget]``, with those of *session_id*. Raises
    ``SettingsError``, or ``ModelError`` for the journal.
    """
    from augcon_lib.model.wire.openai_adapter import open_http_transport

    model = embedding_server(settings, embedding_model)
    key = key_of(model, settings.model, api_key)
    journal = Journal(journal_path)
    budget: Budget | None = None
    try:
        budget = session_budget(settings, journal, session_id)
        ledger = Ledger(
            journal, model, embedding_identity(model), run_id, session_id, stats or CallStats()
        )
        transport = open_http_transport(
            model.base_url,
            key,
            timeout_seconds=model.timeout_seconds,
            max_connections=model.max_concurrency,
        )
        caller = Caller(
            EmbeddingTransport(transport),
            ledger,
            slots=AdaptiveSlots(model.max_concurrency),
            rates=RateLimits(model.requests_per_minute, model.tokens_per_minute),
            budget=budget,
            breaker=EmbeddingBreaker(model, has_key=bool(key.get_secret_value())),
        )
        try:
            yield EmbeddingEndpoint(caller, model, journal)
        finally:
            await caller.finish_sent()
            await transport.aclose()
    finally:
        journal.close()
        if budget is not None:
            budget.close()


def journaled_vectors(
    journal: Journal, model: ModelSettings, texts: Iterable[str]
) -> dict[str, Vector]:
    """Return the stored vectors of *texts* from *model* (:func:`embedding_server`)."""
    found = {}
    for text in dict.fromkeys(texts):
        stored = journal.get(embedding_key(model, text))
        if stored is not None:
            found[text] = unpacked(stored.content)
    return found


def embedding_identity(model: ModelSettings) -> str:
    """Return provider and embedding model, for keys and the ledger; the host is not included."""
    return f"{model.provider}/{model.name}"


def embedding_key(model: ModelSettings, text: str) -> bytes:
    """Return the journal's key: sha256 (32 bytes) over the embedding model and *text*."""
    named = json.dumps([STORED_FORM, KEY_VERSION, embedding_identity(model), text])
    return sha256(named.encode("ascii")).digest()


def read_embeddings(data: bytes, body: Mapping[str, Any]) -> RawReply:
    """Return the vectors in the body of an HTTP 200, packed, one line for each text of *body*.

    Raises ``CallError`` if it contains none, or not one for each text.
    """
    wanted = len(body["input"])
    try:
        reply = json.loads(data)
        rows = {
            row.get("index", place): row["embedding"] for place, row in enumerate(reply["data"])
        }
        vectors = np.array([rows[place] for place in range(wanted)], dtype=np.float64)
        usage = reply.get("usage")
    except (LookupError, TypeError, AttributeError, ValueError, RecursionError):
        raise CallError("broken_body", f"not {wanted} embeddings: {data[:80]!r}") from None
    if len(rows) != wanted or vectors.ndim != 2 or not np.isfinite(vectors).all():
        raise CallError("broken_body", f"not {wanted} embeddings: {data[:80]!r}")
    counts = usage if isinstance(usage, dict) else {}
    return RawReply(
        content="\n".join(packed(vector) for vector in vectors),
        finish_reason="stop",
        refusal="",
        input_tokens=token_count(counts.get("prompt_tokens"), lambda: estimate_input_tokens(body)),
        output_tokens=0,
    )


def packed(vector: Vector) -> str:
    """Return *vector* with length 1, as base64 of little-endian half-precision floats."""
    return base64.b64encode(_unit(vector).astype("<f2").tobytes()).decode("ascii")


def unpacked(stored: str) -> Vector:
    """Invert :func:`packed`, except for the loss of half precision; length 1 again."""
    return _unit(np.frombuffer(base64.b64decode(stored), dtype="<f2").astype(np.float64))


def _unit(vector: Vector) -> Vector:
    length = float(np.linalg.norm(vector))
    return vector / length if length else vector
