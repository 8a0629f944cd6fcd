"""Access control in front of Dagster's web app.

Dagster's app answers every request that reaches it, and executes a mutation sent by GET or as
``text/plain``. Any page open in a browser on this machine could launch runs, and with a name that
resolves to 127.0.0.1 (DNS rebinding) it could also read documents. So every request needs

- a ``Host`` of this machine (Starlette's ``TrustedHostMiddleware``),
- no ``Origin`` except the requested address, also to open a websocket,
- the token: first in the address, then in a cookie; or as ``Authorization: Bearer``,
- for a query or a change: POST as ``application/json``, which a foreign page cannot send without a
  preflight request.
"""

import hmac
from html import escape
from http import HTTPStatus
from urllib.parse import urlencode

from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

LOOPBACK_NAMES = ("127.0.0.1", "localhost")
TOKEN_PARAMETER = "token"
GRAPHQL_PATH = "/graphql"
POLICY_VIOLATION = 1008  # of a websocket
READING = ("GET", "HEAD")

NO_TOKEN = "this UI needs its token: open the address that `augcon ui` printed when it started"
# The page redirects itself, so that the browser treats the next request as same-site: it sends a
# strict cookie with no other.
ENTRANCE = (
    '<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0;url={address}">'
    '<title>augcon</title><a href="{address}">Open the UI</a>'
)
ENTRANCE_HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}


def guarded(port: int, token: str) -> list[Middleware]:
    """Return the middleware for an app on loopback at *port* that *token* opens."""
    return [
        Middleware(TrustedHostMiddleware, allowed_hosts=list(LOOPBACK_NAMES), www_redirect=False),
        Middleware(Guard, token=token, cookie_name=f"augcon-ui-{port}"),
    ]


class Guard:
    """ASGI middleware that refuses requests from other pages and requests without the token."""

    def __init__(self, app: ASGIApp, token: str, cookie_name: str) -> None:
        self.app = app
        self._token = token
        # All ports of a host share cookies: each UI needs its own cookie name.
        self._cookie_name = cookie_name

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request, or pass it on."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        request = HTTPConnection(scope)
        refusal = self._answer(request)
        if refusal is None:
            await self.app(scope, receive, _unframed(send))
        elif scope["type"] == "websocket":
            await WebSocket(scope, receive, send).close(POLICY_VIOLATION)
        else:
            await refusal(scope, receive, send)

    def _answer(self, request: HTTPConnection) -> Response | None:
        """Return the response to send instead of the app's, or ``None`` to let the app answer."""
        if len(request.headers.getlist("host")) > 1:
            return _refused(HTTPStatus.BAD_REQUEST, "the request has more than one Host header")
        if _is_foreign(request):
            return _refused(HTTPStatus.FORBIDDEN, "the request comes from a page of another origin")
        method = request.scope.get("method", "GET")
        if method in READING and self._is_token(request.query_params.get(TOKEN_PARAMETER, "")):
            return self._entrance(request)
        if not self._knows_token(request):
            return _refused(HTTPStatus.FORBIDDEN, NO_TOKEN)
        if method == "POST":
            if not _is_json(request):
                message = "send it as Content-Type: application/json"
                return _refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, message)
        elif method not in READING or _is_query(request):
            return _refused(HTTPStatus.METHOD_NOT_ALLOWED, "send it by POST as application/json")
        return None

    def _knows_token(self, request: HTTPConnection) -> bool:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and self._is_token(given.strip()):
            return True
        return self._is_token(request.cookies.get(self._cookie_name, ""))

    def _is_token(self, given: str) -> bool:
        """Compare *given* with the token in constant time."""
        return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), self._token.encode())

    def _entrance(self, request: HTTPConnection) -> Response:
        """Move the token from the address to a cookie and redirect to the address without it."""
        others = [i for i in request.query_params.multi_items() if i[0] != TOKEN_PARAMETER]
        address = "/" + request.url.path.lstrip("/\\") + ("?" + urlencode(others) if others else "")
        page = HTMLResponse(ENTRANCE.format(address=escape(address)), headers=ENTRANCE_HEADERS)
        page.set_cookie(self._cookie_name, self._token, httponly=True, samesite="strict", path="/")
        return page


def _is_foreign(request: HTTPConnection) -> bool:
    """Whether a page of another origin sent the request; another port is another origin."""
    headers = request.headers
    own = f"http://{headers.get('host', '')}".lower()
    if any(origin.lower() != own for origin in headers.getlist("origin")):
        return True
    # A navigation, such as a link or a bookmark, is an action of the user.
    from_elsewhere = headers.get("sec-fetch-site", "none") in ("cross-site", "same-site")
    return from_elsewhere and headers.get("sec-fetch-mode") != "navigate"


def _is_json(request: HTTPConnection) -> bool:
    kind = request.headers.get("content-type", "").partition(";")[0]
    return kind.strip().lower() == "application/json"


def _is_query(request: HTTPConnection) -> bool:
    """Whether the address contains a GraphQL query, which Dagster would execute."""
    return (
        request.scope["type"] == "http"
        and request.url.path.rstrip("/").endswith(GRAPHQL_PATH)
        and "query" in request.query_params
    )


def _refused(status: HTTPStatus, why: str) -> Response:
    return PlainTextResponse(f"refused: {why}\n", status_code=status)


def _unframed(send: Send) -> Send:
    """Return *send* with headers that forbid other pages to frame or read the response."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["X-Frame-Options"] = "SAMEORIGIN"
            headers["Cross-Origin-Resource-Policy"] = "same-origin"
        await send(message)

    return sending
