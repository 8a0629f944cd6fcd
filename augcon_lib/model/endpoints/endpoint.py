"""The abilities of one endpoint, probed once and remembered, and how requests are sent to it."""

import asyncio
import logging
from collections.abc import Mapping, Set
from hashlib import sha256
from typing import Any

from augcon_lib.chat.messages import Repair, WireForm, render_messages, response_format
from augcon_lib.chat.port import ChatRequest
from augcon_lib.chat.reply_formats import ANSWER
from augcon_lib.model.endpoints.breaker import public_url
from augcon_lib.model.endpoints.calls import CALL_ATTEMPTS, Caller, Completion, Settle, Settled
from augcon_lib.model.endpoints.ledger import Origin
from augcon_lib.model.journal import Journal
from augcon_lib.model.journal.tables import EndpointAddress, EndpointTraits
from augcon_lib.model.journal_key import model_name
from augcon_lib.model.wire.transport import CallError
from augcon_lib.settings import ModelSettings

logger = logging.getLogger(__name__)

REFUSED_STATUS = frozenset({400, 422})
OMITTABLE_FIELDS = ("seed", "temperature")
PROBED_FIELDS = frozenset({"temperature"})
PROBE_HTTP_500 = 4  # this many from a schema request make it look refused
PROBE = ChatRequest(
    instruction="Answer the question from the passage.",
    user="<context>\nThe sky is blue.\n</context>\n\n<question>What is blue?</question>",
    reply_format=ANSWER,
    temperature=0.2,
    stage="probe",
)


class Endpoint:
    """Sends logical requests to one endpoint in the form and with the fields that it accepts.

    An unknown endpoint gets one small probe before anything else, so that a wrong key or address
    costs one call. The result is kept in the journal; a later refusal corrects it.
    """

    def __init__(self, caller: Caller, model: ModelSettings, journal: Journal | None) -> None:
        self._caller = caller
        self._model = model
        self._journal = journal
        self._lock = asyncio.Lock()
        self._form: WireForm | None = None
        self._omitted: frozenset[str] = frozenset()
        self._taken: frozenset[str] = frozenset()  # fields of requests that returned completions
        if model.provider == "offline":
            asked = model.structured_output
            self._form = WireForm.JSON_SCHEMA if asked == "auto" else WireForm(asked)

    async def traits(self) -> EndpointTraits:
        """Return the endpoint's abilities: known, remembered, or probed now.

        Raises ``EndpointError``.
        """
        form = await self._known_form()
        return EndpointTraits(form, self._omitted)

    async def ready(self) -> None:
        """Raise ``EndpointError`` if this endpoint cannot serve; probes it if it is unknown."""
        await self._known_form()

    async def send(
        self, request: ChatRequest, settle: Settle[Settled], repair: Repair | None = None
    ) -> Settled:
        """Return the result of *settle* for the completion of *request*.

        Raises ``CallError`` (this request only), ``EndpointError`` or ``BudgetExceeded``.
        """
        form = await self._known_form()
        try:
            return await self._send_as(form, request, settle, repair)
        except CallError as failure:
            if form is WireForm.TEXT or not self._may_be_the_schema(failure):
                raise
            try:
                settled = await self._send_as(WireForm.TEXT, request, settle, repair)
            except CallError:
                raise failure from None  # refused in both forms: not the schema's fault
        self._learn(WireForm.TEXT)
        return settled

    async def _known_form(self) -> WireForm:
        if self._form is None:
            async with self._lock:
                if self._form is None and not self._recall():
                    await self._find_out()
        assert self._form is not None
        return self._form

    async def _find_out(self) -> None:
        """Probe the endpoint; if another process is probing it, wait for that result instead."""
        if self._journal is None:
            self._learn(await self._probe())
            return
        named = "\n".join(("probe", *self._address()))
        async with self._journal.claimed(sha256(named.encode("utf-8")).digest()):
            if not self._recall():
                self._learn(await self._probe())
                await self._journal.write_now()  # before another process looks

    async def _send_as(
        self,
        form: WireForm,
        request: ChatRequest,
        settle: Settle[Settled],
        repair: Repair | None = None,
        max_http_500: int = CALL_ATTEMPTS,
    ) -> Settled:
        body = self._body(form, request, repair)
        refused: set[str] = set()
        while True:
            try:
                settled = await self._call(request, body, settle, max_http_500)
                break
            except CallError as failure:
                field = refused_field(failure, body)
                if (
                    field is None or field in self._taken
                ):  # the value is refused, or this one passage
                    raise
            del body[field]
            refused.add(field)
        self._taken |= body.keys()
        if refused:
            self._omit(refused)
        return settled

    async def _call(
        self,
        request: ChatRequest,
        body: Mapping[str, Any],
        settle: Settle[Settled],
        max_http_500: int,
    ) -> Settled:
        origin = Origin(request.stage, request.document_id)
        return await self._caller.call(body, origin, settle, max_http_500=max_http_500)

    def _body(self, form: WireForm, request: ChatRequest, repair: Repair | None) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": model_name(self._model),
            "messages": render_messages(request, form, repair),
        }
        if "temperature" not in self._omitted:
            body["temperature"] = request.temperature
        if form is WireForm.JSON_SCHEMA:
            body["response_format"] = response_format(request.reply_format)
        if request.sample > 0 and "seed" not in self._omitted:
            body["seed"] = request.sample
        return body

    async def _probe(self) -> WireForm:
        """Send one small request in the set form; with ``auto`` a schema first, then text.

        A server error is not a refusal: the schema counts as refused only after several errors in
        a row, a text request that works, and one more schema request that fails.
        """
        asked = self._model.structured_output
        try:
            if asked != "auto":
                await self._try(WireForm(asked))
                return WireForm(asked)
            failure = await self._fails(WireForm.JSON_SCHEMA)
            if failure is None:
                return WireForm.JSON_SCHEMA
            await self._try(WireForm.TEXT)
            if failure.status >= 500 and await self._fails(WireForm.JSON_SCHEMA) is None:
                return WireForm.JSON_SCHEMA
            return WireForm.TEXT
        except CallError as failed:
            self._caller.give_up(failed)

    async def _fails(self, form: WireForm) -> CallError | None:
        """Try *form*; return a refusal or server error, raise anything else."""
        try:
            await self._try(form)
        except CallError as failure:
            if failure.status in REFUSED_STATUS or failure.status >= 500:
                return failure
            raise
        return None

    async def _try(self, form: WireForm) -> None:
        limit = CALL_ATTEMPTS if form is WireForm.TEXT else PROBE_HTTP_500
        await self._send_as(form, PROBE, self._note, max_http_500=limit)

    async def _note(self, completion: Completion) -> None:
        self._caller.ledger.record(completion.call)

    def _may_be_the_schema(self, failure: CallError) -> bool:
        return (
            failure.status in REFUSED_STATUS
            and self._model.structured_output == "auto"
            and not is_context_length(failure)
        )

    def _omit(self, fields: Set[str]) -> None:
        """Send requests without *fields* from now on."""
        host = public_url(self._model.base_url)
        logger.warning("%s: refuses %s; send requests without", host, " and ".join(sorted(fields)))
        self._omitted |= fields
        if self._form is not None:
            self._learn(self._form)

    def _learn(self, form: WireForm) -> None:
        self._form = form
        if self._journal is not None:
            self._journal.remember_endpoint(self._address(), EndpointTraits(form, self._omitted))

    def _recall(self) -> bool:
        found = self._journal.endpoint_traits(self._address()) if self._journal else None
        if found is not None:
            self._form, self._omitted = WireForm(found.wire_form), found.omitted_fields
            self._taken = PROBED_FIELDS - found.omitted_fields
        return found is not None

    def _address(self) -> EndpointAddress:
        model = self._model
        return EndpointAddress(
            public_url(model.base_url), model_name(model), model.structured_output
        )


def refused_field(failure: CallError, body: dict[str, Any]) -> str | None:
    """Return the optional field of *body* that the endpoint refuses, or None."""
    if failure.status not in REFUSED_STATUS:
        return None
    said = failure.detail.lower()
    return next((name for name in OMITTABLE_FIELDS if name in body and name in said), None)


def is_context_length(failure: CallError) -> bool:
    """Whether the endpoint reports that the request is too long for the model."""
    said = f"{failure.code} {failure.detail}".lower()
    return failure.status == 413 or (
        failure.status in REFUSED_STATUS
        and "context" in said
        and any(word in said for word in ("length", "size", "window"))
    )
