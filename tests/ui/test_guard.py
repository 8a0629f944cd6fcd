"""Dagster's own web app on a real port, with and without the guard, asked as a web page would."""

import http.client
import json
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import dagster as dg
import pytest
import uvicorn
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import EmptyWorkspaceTarget
from dagster_webserver.app import create_app_from_workspace_process_context
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from augcon_assets.ui.guard import Guard
from augcon_assets.ui.server import guard_app, listen

TOKEN = "a-token-of-this-test"
MUTATION = "mutation { setNuxSeen }"
IN_ADDRESS = "/graphql?query=mutation%7BsetNuxSeen%7D"
BODY = json.dumps({"query": MUTATION})
JSON = {"Content-Type": "application/json"}
BEARER = {"Authorization": f"Bearer {TOKEN}"}
EVIL = "http://evil.example"


class Server:
    def __init__(self, port: int) -> None:
        self.port = port

    def ask(
        self, method: str, path: str, headers: Mapping[str, str], body: str | None = None
    ) -> tuple[int, str, http.client.HTTPMessage]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, body, dict(headers))
            response = connection.getresponse()
            return response.status, response.read().decode("utf-8", "replace"), response.msg
        finally:
            connection.close()


@contextmanager
def serving(guarded: bool) -> Iterator[Server]:
    listening = listen(0)
    port = listening.getsockname()[1]
    with (
        dg.DagsterInstance.local_temp() as instance,
        WorkspaceProcessContext(instance, EmptyWorkspaceTarget()) as context,
    ):
        app = create_app_from_workspace_process_context(context)
        server = uvicorn.Server(
            uvicorn.Config(guard_app(app, port, TOKEN) if guarded else app, log_level="error")
        )
        up = threading.Event()
        startup = server.startup

        async def told(sockets: Any = None) -> None:
            await startup(sockets)
            up.set()

        server.startup = told  # type: ignore[method-assign]
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        assert up.wait(20)
        try:
            yield Server(port)
        finally:
            server.should_exit = True
            thread.join(20)


@pytest.fixture(scope="module")
def unguarded() -> Iterator[Server]:
    with serving(guarded=False) as server:
        yield server


@pytest.fixture(scope="module")
def guarded() -> Iterator[Server]:
    with serving(guarded=True) as server:
        yield server


# What `<img src>`, a form, fetch(mode: no-cors) or a name that resolves to 127.0.0.1 can send. Each
# is sent with the token as well: a browser may hold the cookie.
ATTACKS = {
    "by GET": ("GET", IN_ADDRESS, {"Accept": "image/*"}, None, 405),
    "by HEAD": ("HEAD", IN_ADDRESS, {}, None, 405),
    "by GET of an other origin": (
        "GET", IN_ADDRESS, {"Origin": EVIL, "Accept": "image/*"}, None, 403),
    "text in place of JSON": ("POST", IN_ADDRESS, {"Content-Type": "text/plain"}, "x", 415),
    "a form": ("POST", IN_ADDRESS, {"Content-Type": "multipart/form-data"}, "x", 415),
    "text that names JSON": (
        "POST", "/graphql", {"Content-Type": "text/plain;a=application/json"}, BODY, 415),
    "no type at all": ("POST", IN_ADDRESS, {}, "", 415),
    "an other host": ("POST", "/graphql", {**JSON, "Host": "evil.example"}, BODY, 400),
    "an other host and its origin": (
        "POST", "/graphql", {**JSON, "Host": "evil.example", "Origin": EVIL}, BODY, 400),
    "a name that begins as ours": (
        "POST", "/graphql", {**JSON, "Host": "localhost.evil.example"}, BODY, 400),
    "JSON of an other origin": ("POST", "/graphql", {**JSON, "Origin": EVIL}, BODY, 403),
    "JSON of no origin": ("POST", "/graphql", {**JSON, "Origin": "null"}, BODY, 403),
    "JSON of an other port": (
        "POST", "/graphql", {**JSON, "Origin": "http://127.0.0.1:1"}, BODY, 403),
    "a page of an other port that says nothing of itself": (
        "POST", "/graphql", {**JSON, "Sec-Fetch-Site": "same-site"}, BODY, 403),
    "an event that nobody recorded": (
        "POST", "/report_asset_materialization/responses?data_version=1", {}, "", 415),
}  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_a_page_of_another_origin_can_send_changes_nothing(
    guarded: Server, attack: str
) -> None:
    method, path, headers, body, refused = ATTACKS[attack]
    status, said, _ = guarded.ask(method, path, {**BEARER, **headers}, body)
    assert (status, "setNuxSeen" in said) == (refused, False)


@pytest.mark.parametrize(
    "attack", ["by GET", "text in place of JSON", "text that names JSON", "an other host"]
)
def test_dagsters_own_app_does_what_it_is_told_by_anybody(unguarded: Server, attack: str) -> None:
    """If this fails, Dagster has changed: look whether the guard is still needed."""
    method, path, headers, body, _ = ATTACKS[attack]
    status, said, _ = unguarded.ask(method, path, headers, body)
    assert (status, json.loads(said)) == (200, {"data": {"setNuxSeen": True}})


@pytest.mark.parametrize("path", ["/", "/graphql", "/logs/x/y.out", "/server_info", "/favicon.ico"])
def test_nothing_is_answered_without_the_token(guarded: Server, path: str) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Cookie": f"other={TOKEN}"}):
        status, said, _ = guarded.ask("GET", path, headers)
        assert (status, "augcon ui" in said) == (403, True)
    assert guarded.ask("GET", f"{path}?token=wrong", {})[0] == 403


def test_the_address_with_the_token_gives_a_cookie_that_opens_the_ui(guarded: Server) -> None:
    status, page, answer = guarded.ask("GET", f"/runs?view=x&token={TOKEN}", {})
    cookie, _, attributes = str(answer["Set-Cookie"]).partition("; ")
    assert status == 200
    assert 'url=/runs?view=x"' in page
    assert TOKEN not in page
    assert set(attributes.lower().split("; ")) == {"httponly", "path=/", "samesite=strict"}
    assert cookie.startswith(f"augcon-ui-{guarded.port}=")
    status, page, answer = guarded.ask("GET", "/", {"Cookie": cookie})
    assert (status, "<html" in page) == (200, True)
    assert answer["X-Frame-Options"] == "SAMEORIGIN"
    own = {**JSON, "Cookie": cookie, "Origin": f"http://127.0.0.1:{guarded.port}"}
    status, said, _ = guarded.ask("POST", "/graphql", own, BODY)
    assert (status, json.loads(said)) == (200, {"data": {"setNuxSeen": True}})


def test_the_way_in_leads_nowhere_else(guarded: Server) -> None:
    _, page, _ = guarded.ask("GET", f"//evil.example/x?token={TOKEN}", {})
    assert 'url=/evil.example/x"' in page


def test_a_link_to_the_ui_can_be_followed(guarded: Server) -> None:
    headers = {**BEARER, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert guarded.ask("GET", "/runs", headers)[0] == 200
    assert guarded.ask("GET", "/runs", {**headers, "Sec-Fetch-Mode": "no-cors"})[0] == 403


@pytest.mark.parametrize(
    ("host", "headers"),
    [
        ("127.0.0.1", {}),
        ("127.0.0.1", {**BEARER, "Origin": EVIL}),
        ("127.0.0.1", {**BEARER, "Origin": "null"}),
        ("127.0.0.1", {**BEARER, "Host": "evil.example"}),  # beside its own
        ("evil.example", {**BEARER, "Origin": EVIL}),
    ],
)
def test_a_websocket_is_refused_before_it_opens(
    guarded: Server, host: str, headers: dict[str, str]
) -> None:
    with (
        socket.create_connection(("127.0.0.1", guarded.port)) as connection,
        pytest.raises(InvalidStatus) as refused,
        connect(f"ws://{host}/graphql", sock=connection, additional_headers=headers),
    ):
        pass
    assert refused.value.response.status_code in (400, 403)


def test_a_websocket_of_the_uis_own_page_opens(guarded: Server) -> None:
    origin = f"http://127.0.0.1:{guarded.port}"
    with connect(
        f"ws://127.0.0.1:{guarded.port}/graphql",
        additional_headers={**BEARER, "Origin": origin},
        subprotocols=["graphql-ws"],  # type: ignore[list-item]
    ) as opened:
        opened.send(json.dumps({"type": "connection_init"}))
        assert json.loads(opened.recv(10))["type"] == "connection_ack"


@given(st.text())
def test_no_text_is_taken_for_the_token(given_token: str) -> None:
    guard = Guard(Starlette(), TOKEN, "cookie")
    assert guard._is_token(given_token) == (given_token == TOKEN)
