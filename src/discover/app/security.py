"""Who may ask: the user's own browser or program, by a token; nothing that another page or host sends.

The server listens on 127.0.0.1, which every program of this machine and every page in the user's browser can
reach. So each request shows a token, names this server as its host (a foreign name that resolves to
127.0.0.1 does not), and comes from no other origin; what changes something also carries a header that no
form and no simple request of another page can send.
"""

import hmac
import re
import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from discover.app.contract import Problem

__all__ = ["CONTENT_POLICY", "INGRESS_ADDRESS", "Gate", "GateConfig"]

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; font-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)

INGRESS_ADDRESS: Final = "172.30.32.2"
"""Where Home Assistant's Supervisor sends requests of signed-in users from; no other container has it."""
_INGRESS_PATH = re.compile(r"/api/hassio_ingress/[\w\-]{1,200}")

_HEADERS = {
    "content-security-policy": CONTENT_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "cache-control": "no-store",
}
_ASKING = frozenset({"GET", "HEAD"})
_UPLOAD = "/api/upload"
_BODY = 8 * 2**20


@dataclass(frozen=True)
class GateConfig:
    """What the gate lets through.

    Attributes:
        port: Port of this server.
        token: What a request must show.
        max_upload_bytes: Longest body of an upload; any other body is at most 8 MiB.
        ingress: Address of a proxy that has checked who asks. Requests from it need no token; from anywhere
            else only a program that sends the token is let through. Empty: there is none.
    """

    port: int
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    max_upload_bytes: int = 2 * 2**30
    ingress: str = ""

    @property
    def cookie(self) -> str:
        """Name of the cookie. Ports share cookies, so each has its own."""
        return f"discover_{self.port}"

    @property
    def hosts(self) -> frozenset[str]:
        """Values of `Host` that mean this server."""
        return frozenset({f"127.0.0.1:{self.port}", f"localhost:{self.port}"})

    @property
    def origins(self) -> frozenset[str]:
        """Values of `Origin` that a page of this server sends."""
        return frozenset(f"http://{host}" for host in self.hosts)


class Gate:
    """ASGI middleware: refuses strangers, limits bodies and sets the headers of every answer."""

    def __init__(self, app: App, config: GateConfig) -> None:
        self._app, self._config = app, config

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request through, or answer it here."""
        if scope["type"] != "http":
            # No websocket is served. The lifespan of the server is none of a stranger's.
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        proxied = self._proxied(scope, headers)
        sender = _with_headers(send, framed=proxied)
        query = dict(parse_qsl(scope["query_string"].decode("latin-1")))
        direct = not self._config.ingress
        refused = (self._refused if direct else self._refused_ingress)(scope, headers)
        if refused is None and direct and scope["path"] == "/" and self._is_token(query.get("token", "")):
            await self._sign_in(query, sender)
        elif refused is None and not (proxied or self._knows(headers)):
            await _answer(sender, 401, _NO_TOKEN)
        elif refused is not None:
            await _answer(sender, *refused)
        else:
            limit = self._config.max_upload_bytes if scope["path"] == _UPLOAD else _BODY
            if _length(headers) > limit:
                await _answer(sender, 413, _too_large(limit))
            else:
                await self._app(scope, _limited(receive, limit), sender)

    def _refused(self, scope: Scope, headers: dict[str, str]) -> tuple[int, str] | None:
        """Status and reason for a request from elsewhere."""
        host = headers.get("host", "").lower()
        if host not in self._config.hosts:
            wanted = f"127.0.0.1:{self._config.port}"
            return (
                421,
                f"This server is {wanted}, and the request was for another host. Open http://{wanted}.",
            )
        origin, site = headers.get("origin"), headers.get("sec-fetch-site", "none")
        # Following a link to the first page is no request of the page that holds the link.
        opens = scope["path"] == "/" and headers.get("sec-fetch-mode") == "navigate"
        if (origin is not None and origin not in self._config.origins) or (
            site not in ("same-origin", "none") and not opens
        ):
            return (
                403,
                "Another page sent this request, and only pages of this server may. Open the app itself.",
            )
        return self._refused_change(scope, headers)

    def _proxied(self, scope: Scope, headers: dict[str, str]) -> bool:
        """Whether the proxy sends this for a user whom it has let in; the address is the connection's own."""
        peer = (scope.get("client") or ("", 0))[0]
        return (
            bool(self._config.ingress)
            and peer == self._config.ingress
            and _INGRESS_PATH.fullmatch(headers.get("x-ingress-path", "")) is not None
        )

    def _refused_ingress(self, scope: Scope, headers: dict[str, str]) -> tuple[int, str] | None:
        """Behind the proxy. `Host` and `Origin` are those of Home Assistant, under any name.

        A page of another site cannot send the header `X-Discover` without a preflight, which nothing grants,
        and gets neither the proxy's cookie nor an answer that it could read.
        """
        if self._proxied(scope, headers):
            if headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
                return 403, "Another page sent this request. Open the app in Home Assistant."
        elif not self._bears(headers):
            return 403, (
                "Only Home Assistant's ingress may ask, and programs that send the app's token "
                "(`Authorization: Bearer TOKEN`). Open the app in Home Assistant."
            )
        return self._refused_change(scope, headers)

    def _refused_change(self, scope: Scope, headers: dict[str, str]) -> tuple[int, str] | None:
        if scope["method"] not in _ASKING and headers.get("x-discover") != "1":
            return 403, "A request that changes something needs the header `X-Discover: 1`. Send it along."
        return None

    def _bears(self, headers: dict[str, str]) -> bool:
        scheme, _, shown = headers.get("authorization", "").partition(" ")
        return scheme.lower() == "bearer" and self._is_token(shown.strip())

    def _knows(self, headers: dict[str, str]) -> bool:
        if self._bears(headers):
            return True
        try:
            cookie = SimpleCookie(headers.get("cookie", "")).get(self._config.cookie)
        except CookieError:
            return False
        return cookie is not None and self._is_token(cookie.value)

    def _is_token(self, shown: str) -> bool:
        return hmac.compare_digest(shown.encode(), self._config.token.encode())

    async def _sign_in(self, query: dict[str, str], send: Send) -> None:
        """Swap the token of the address for a cookie, so that it stays in no history and no screenshot."""
        rest = urlencode({k: v for k, v in query.items() if k != "token"})
        cookie = f"{self._config.cookie}={self._config.token}; HttpOnly; SameSite=Strict; Path=/"
        location = "/" + (f"?{rest}" if rest else "")
        await _answer(send, 303, "", {"location": location, "set-cookie": cookie})


_NO_TOKEN = "The token is missing or of an earlier start. Open the address that `discover app` printed."


def _too_large(limit: int) -> str:
    return (
        f"The file is larger than {limit / 2**20:,.0f} MiB, the most this server takes. Start it with a "
        "larger --max-upload-mb, or name the file on the command line: `discover app FILE`."
    )


def _length(headers: dict[str, str]) -> int:
    text = headers.get("content-length", "0")
    return int(text) if text.isdecimal() else 0


def _limited(receive: Receive, limit: int) -> Receive:
    """A body that ends with an error where it grows beyond `limit`, whatever length it claimed."""
    seen = 0

    async def limited() -> MutableMapping[str, Any]:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > limit:
            raise BodyTooLargeError(_too_large(limit))
        return message

    return limited


class BodyTooLargeError(Exception):
    """A body went on after the limit."""


def _with_headers(send: Send, *, framed: bool) -> Send:
    """Every answer with the headers that protect it; `framed`: a page of its own origin may frame it."""
    sent = dict(_HEADERS)
    if framed:
        policy = CONTENT_POLICY.replace("frame-ancestors 'none'", "frame-ancestors 'self'")
        sent["content-security-policy"] = policy

    async def sender(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            given = {name.lower() for name, _ in message["headers"]}
            message["headers"] = [
                *message["headers"],
                *((k.encode(), v.encode()) for k, v in sent.items() if k.encode() not in given),
            ]
        await send(message)

    return sender


async def _answer(send: Send, status: int, error: str, headers: dict[str, str] | None = None) -> None:
    body = Problem(error=error).model_dump_json().encode() if error else b""
    listed = {"content-type": "application/json", "content-length": str(len(body)), **(headers or {})}
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [(k.encode(), v.encode()) for k, v in listed.items()],
        }
    )
    await send({"type": "http.response.body", "body": body})
