"""No piece of a key that an endpoint repeats is told, wherever it stands and wherever it is cut."""

import asyncio
import base64
import io
import json
import logging
import sys
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from urllib.parse import quote

import pytest
from aiohttp import web
from dagster._utils.error import serializable_error_info_from_exc_info
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from augcon_lib.model.batch.api import BatchApi
from augcon_lib.model.batch.files import reply_of
from augcon_lib.model.endpoints.embedding_endpoint import EmbeddingTransport
from augcon_lib.model.wire.openai_adapter import OpenAITransport, open_http_transport
from augcon_lib.model.wire.secrets import BLOCK_CHARS, HIDDEN, Secrets, secrets_of
from augcon_lib.model.wire.transport import MAX_DETAIL_CHARS, CallError

KEY = "sk-CANARY-7f3a9c1e/DO+NOT=LEAK-5d2b0011aabbccddeeff"
Reply = tuple[str, int, bytes, dict[str, str]]  # name, status, body, headers
PIECE_CHARS = 2 * BLOCK_CHARS - 1
CHAT = {"model": "m", "messages": [{"role": "user", "content": "x"}]}
TEXTS = {"model": "m", "input": ["x"]}


def _escaped(text: str) -> str:
    return "".join(f"\\u{ord(character):04x}" for character in text)


FORMS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "quoted": lambda key: quote(key, safe=""),
    "escaped": _escaped,
    "base64": lambda key: base64.b64encode(f"Bearer {key}".encode()).decode(),
    "slashes": lambda key: key.replace("/", "\\/"),
}


def _pieces(told: str, form: str) -> list[str]:
    """The pieces of *form*, as long as are hidden at least, that *told* holds."""
    starts = range(max(1, len(form) - PIECE_CHARS + 1))
    return [piece for at in starts if (piece := form[at : at + PIECE_CHARS]) in told]


def _leaks(told: str) -> list[str]:
    texts = [told, told.replace("\\\\", "\\")]  # as it is, and out of a repr()
    whole = base64.b64encode(f"Bearer {KEY}".encode()).decode()[12:]
    forms = [KEY, quote(KEY, safe=""), _escaped(KEY), KEY.replace("/", "\\/"), whole]
    return [piece for text in texts for form in forms for piece in _pieces(text, form)]


@settings(max_examples=40, deadline=None)
@given(
    key=st.text("abcXYZ0129-_./+=", min_size=16, max_size=52),
    before=st.text(max_size=20),
    after=st.text(max_size=20),
    form=st.sampled_from(sorted(FORMS)),
)
def test_no_cut_leaves_a_piece_of_a_key(key: str, before: str, after: str, form: str) -> None:
    secrets = Secrets(key)
    written = FORMS[form](key)
    for start in range(len(written)):
        for text in (before + written[start:] + after, before + written[: start + 1] + after):
            hidden = secrets.hide(text)
            for cut in (len(before) + 3, len(before) + 40, len(hidden)):
                assert not [p for p in _pieces(hidden[:cut], key) if p not in before + after]
    assert HIDDEN in secrets.hide(before + written + after)


@given(st.binary(max_size=300))
def test_what_holds_no_secret_stays_as_it_is(data: bytes) -> None:
    secrets = Secrets(KEY)
    assert secrets.hide_bytes(data) == data
    assert secrets.hide_in_answers(data) == data


@pytest.mark.parametrize("key", ["ollama", "not-needed", "EMPTY", "x"])
def test_a_word_in_place_of_a_key_is_hidden_in_errors_and_stays_in_answers(key: str) -> None:
    secrets = Secrets(key)
    answer = json.dumps({"answer": f"Set the key to {key}."}).encode()
    assert secrets.hide_in_answers(answer) == answer
    assert key not in secrets.hide(f"bad key: {key}!").removeprefix("bad key:")


def test_json_stays_the_same_json_where_no_secret_is_in_it() -> None:
    value = {"a": 'C\u00f4te \u0041 \\u0041 "q"'}
    data = json.dumps(value).encode()
    assert json.loads(Secrets(KEY).hide_bytes(data)) == value


@pytest.mark.parametrize(
    "written",
    [
        "\0".join(KEY),
        "\u202d".join(KEY),
        KEY.upper(),
        KEY.lower(),
        KEY.encode().hex(),
        quote(KEY, safe="").lower(),
        "".join(f"%{ord(character):02x}" for character in KEY),
        "".join(f"\\x{ord(character):02x}" for character in KEY),
        "".join(f"&#{ord(character)};" for character in KEY),
        "".join(f"&#x{ord(character):X};" for character in KEY),
    ],
)
def test_an_error_holds_the_key_in_no_other_writing(written: str) -> None:
    told = CallError("http_401", Secrets(KEY).hide(f"wrong key {written}, ask for another")).detail
    assert HIDDEN in told
    forms = (KEY, KEY.upper(), KEY.lower(), quote(KEY, safe="").lower(), written)
    assert [piece for form in forms for piece in _pieces(told, form)] == []


def test_passwords_and_queries_of_addresses_are_secrets_too() -> None:
    secrets = secrets_of("http://u:pa55w0rd@h/v1?token=t0ken123", "", "http://u:pr0xyword@p:8080")
    told = secrets.hide("at u:pa55w0rd@h?token=t0ken123 by http://u:pr0xyword@p:8080")
    assert not [word for word in ("pa55w0rd", "t0ken123", "pr0xyword") if word in told]


async def _chat(transport: OpenAITransport) -> object:
    return await transport.complete(CHAT)


async def _embeddings(transport: OpenAITransport) -> object:
    return await EmbeddingTransport(transport).complete(TEXTS)


async def _batch(transport: OpenAITransport) -> object:
    return await BatchApi(transport).state("b")


async def _new_batch(transport: OpenAITransport) -> object:
    return await BatchApi(transport).create("t", "f")


async def _batches(transport: OpenAITransport) -> object:
    return await BatchApi(transport).find("t", "f", 0.0)


async def _upload(transport: OpenAITransport) -> object:
    return await BatchApi(transport).upload("t", b"{}")


async def _results(transport: OpenAITransport) -> object:
    lines = list(await BatchApi(transport).results("f"))
    told: list[object] = [lines]
    for _, line in lines:
        try:
            told.append(reply_of(line, CHAT))
        except CallError as error:
            told += [str(error), error.code, error.kind]
    return told


PATHS: dict[str, Callable[[OpenAITransport], Awaitable[object]]] = {
    "chat": _chat,
    "embeddings": _embeddings,
    "batch": _batch,
    "new batch": _new_batch,
    "batches": _batches,
    "upload": _upload,
    "results": _results,
}


def _replies(padding: int, said: str) -> list[Reply]:
    """Replies that repeat *said*, so that it stands at the end of what is told of an error."""
    pad = "-" * padding
    line = {
        "custom_id": "00",
        "response": {
            "status_code": 401,
            "body": {"error": {"message": pad + "KEY", "code": "KEY"}},
        },
    }
    answer = {"choices": [{"message": {"content": pad + "KEY", "refusal": "KEY"}}]}
    good = {"custom_id": "01", "response": {"status_code": 200, "body": answer}}
    bodies = {
        "message": (401, json.dumps({"error": {"message": pad + "KEY", "code": "KEY"}}), {}),
        "detail": (422, json.dumps({"detail": [{"input": pad + "KEY"}]}), {}),
        "plain text": (500, pad + "KEY", {}),
        "no json": (200, pad + "KEY", {}),
        "other json": (
            200,
            json.dumps({"data": pad, "errors": {"data": [{"message": "KEY"}]}}),
            {},
        ),
        "an answer": (200, json.dumps(answer), {}),
        "a list": (200, json.dumps({"data": [{"embedding": [pad + "KEY"], "id": "KEY"}]}), {}),
        "a result": (200, json.dumps(line) + "\n" + json.dumps(good), {}),
        "an id": (200, json.dumps({"id": "KEY", "status": "KEY"}), {}),
        "elsewhere": (302, "", {"Location": f"http://127.0.0.1:1/?key={quote(KEY)}"}),
        "reason": (418, pad, {"X-Reason": KEY}),
    }
    return [
        (name, status, text.replace("KEY", said).encode(), headers)
        for name, (status, text, headers) in bodies.items()
    ]


async def _told(path: str, replies: Iterable[Reply]) -> AsyncIterator[tuple[Reply, list[str]]]:
    """What is told of each of *replies*, and how it would be logged."""
    current: list[Reply] = []

    async def handle(request: web.Request) -> web.Response:
        await request.read()
        _, status, body, headers = current[0]
        reason = headers.get("X-Reason")
        return web.Response(status=status, body=body, headers=headers, reason=reason)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    transport = open_http_transport(
        f"http://{host}:{port}/v1", SecretStr(KEY), timeout_seconds=5, max_connections=1
    )
    for reply in replies:
        current[:] = [reply]
        try:
            told = [repr(await PATHS[path](transport))]
        except CallError as error:
            logged = serializable_error_info_from_exc_info(sys.exc_info())
            lines = "".join(traceback.format_exception(error))
            told = [str(error), error.detail, error.code, error.kind, lines, repr(logged)]
        yield reply, told
    await transport.aclose()
    await runner.cleanup()


@pytest.mark.parametrize("path", PATHS)
def test_nothing_that_leaves_the_adapter_holds_a_piece_of_the_key(path: str) -> None:
    records = io.StringIO()
    handler = logging.StreamHandler(records)
    logging.getLogger().addHandler(handler)
    replies = [
        reply
        for form in ("plain", "escaped", "quoted", "base64")
        for padding in (0, MAX_DETAIL_CHARS - 51, MAX_DETAIL_CHARS - 25, MAX_DETAIL_CHARS - 12)
        for reply in _replies(padding, FORMS[form](KEY))
    ]

    async def scenario() -> int:
        count = 0
        async for reply, told in _told(path, replies):
            count += 1
            for text in told:
                assert not _leaks(text), reply[0]
        return count

    try:
        assert asyncio.run(scenario()) == len(replies)
    finally:
        logging.getLogger().removeHandler(handler)
    assert not _leaks(records.getvalue())
