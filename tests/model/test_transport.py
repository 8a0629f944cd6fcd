import asyncio
import email.utils
import json
import time
from collections.abc import Mapping
from typing import Any

import pytest

from augcon_lib.model.endpoints.calls import MAX_RETRY_AFTER_SECONDS, pause_seconds
from augcon_lib.model.wire.openai_adapter import open_offline_transport
from augcon_lib.model.wire.transport import (
    CallError,
    json_bytes,
    read_completion,
    retry_after_seconds,
)

BODY = {"model": "m", "messages": [{"role": "user", "content": "x" * 40}]}


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "3"}, 3.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "-1"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_read(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_seconds(headers) == seconds


def test_retry_after_may_be_a_date() -> None:
    date = email.utils.formatdate(time.time() + 60, usegmt=True)
    assert 50 < (retry_after_seconds({"retry-after": date}) or 0) <= 60


def test_the_servers_word_on_waiting_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("augcon_lib.model.endpoints.calls.FIRST_PAUSE_SECONDS", 0.5)
    monkeypatch.setattr("augcon_lib.model.endpoints.calls.MAX_PAUSE_SECONDS", 8.0)
    assert pause_seconds(0, 7.0) == 7.0
    assert 0.37 <= pause_seconds(0, None) <= 0.5
    assert 6 <= pause_seconds(20, None) <= 8
    assert pause_seconds(0, 10 * MAX_RETRY_AFTER_SECONDS) == MAX_RETRY_AFTER_SECONDS


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"<html>", b"[]", b"{}", b'{"choices": []}', b'{"choices": [{"message": null}]}'],
)
def test_a_body_without_a_completion_is_a_broken_call(data: bytes) -> None:
    with pytest.raises(CallError, match="broken_body"):
        read_completion(data, BODY)


def test_missing_usage_is_estimated_from_the_texts() -> None:
    data = json.dumps({"choices": [{"message": {"content": "y" * 8}}]}).encode()
    reply = read_completion(data, BODY)
    assert (reply.input_tokens, reply.output_tokens) == (10, 2)


def test_the_offline_provider_is_asked_through_the_same_client() -> None:
    asked: list[Mapping[str, Any]] = []

    def complete(body: Mapping[str, Any]) -> dict[str, Any]:
        asked.append(body)
        return {"choices": [{"message": {"content": "字"}, "finish_reason": "stop"}]}

    async def scenario() -> None:
        transport = open_offline_transport(complete)
        reply = await transport.complete(BODY)
        await transport.aclose()
        assert reply.content == "字"
        assert asked == [BODY]

    asyncio.run(scenario())


def test_half_a_surrogate_pair_breaks_neither_a_request_nor_a_reply() -> None:
    body = {"messages": [{"role": "user", "content": "a\ud800b"}]}
    assert json.loads(json_bytes(body))["messages"][0]["content"] == "a?b"
    data = b'{"choices": [{"message": {"content": "a\\ud800b"}}]}'
    assert read_completion(data, BODY).content == "a\ufffdb"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (
            [{"type": "text", "text": "sky"}, {"type": "image"}, {"type": "text", "text": "!"}],
            "sky!",
        ),
        ([{"type": "text", "text": 3}, "x"], ""),
        (None, ""),
    ],
)
def test_content_may_come_in_parts(content: object, text: str) -> None:
    data = json.dumps({"choices": [{"message": {"content": content}}]}).encode()
    assert read_completion(data, BODY).content == text
