"""Which methods each path takes: answers OPTIONS, and HEAD wherever GET does (RFC 9110, 9.3.2 and 9.3.7).

External requests are left alone: their methods are the scenario's business.
"""

import re
from collections.abc import Awaitable
from typing import Final

from litestar import Litestar
from litestar.enums import ScopeType
from litestar.routes import HTTPRoute
from litestar.types import HTTPScope, Message, Receive, Scope, Send

EXTERNAL: Final = "/api/webrequest"
"""What external requests begin with."""
ANY_ORIGIN: Final = ("Access-Control-Allow-Origin", "*")
"""Pages of any origin may read the answer, where the browser sent no sign-in with the request."""
_PARAMETER: Final = re.compile(r"\{[^}]*\}")


class Methods:
    """The ASGI application around all resources."""

    def __init__(self, app: Litestar) -> None:
        self._app = app
        paths: dict[str, set[str]] = {}
        for route in app.routes:
            if isinstance(route, HTTPRoute):
                paths.setdefault(route.path, set()).update(route.methods)
        ordered = sorted(paths, key=lambda path: len(_PARAMETER.findall(path)))
        self._paths = [(_pattern(path), _with_more(paths[path])) for path in ordered]
        app.state.methods = self

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Passes a request on."""
        if scope["type"] == ScopeType.HTTP and not is_external(scope["path"]):
            if scope["method"] == "HEAD":
                return self._head(scope, receive, send)
            if scope["method"] == "OPTIONS":
                return self._options(scope, receive, send)
        return self._app(scope, receive, send)

    def allowed(self, path: str) -> tuple[str, ...]:
        """The methods that ``path`` takes; empty where there is nothing."""
        plain = path.rstrip("/") or "/"
        return next((methods for pattern, methods in self._paths if pattern.fullmatch(plain)), ())

    async def _head(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        async def send_head(message: Message) -> None:
            if message["type"] == "http.response.body":
                if message.get("more_body", False):
                    return
                message["body"] = b""
            await send(message)

        scope["method"] = "GET"
        await self._app(scope, receive, send_head)

    async def _options(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        allowed = self.allowed(scope["path"])
        if not allowed:
            await self._app(scope, receive, send)
            return
        headers = [(b"allow", ", ".join(allowed).encode())]
        await send({"type": "http.response.start", "status": 204, "headers": headers})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def _pattern(path: str) -> re.Pattern[str]:
    literals = _PARAMETER.split(path.rstrip("/") or "/")
    return re.compile("[^/]+".join(re.escape(literal) for literal in literals))


def _with_more(methods: set[str]) -> tuple[str, ...]:
    more = {"OPTIONS", *(("HEAD",) if "GET" in methods else ())}
    return tuple(sorted(str(method) for method in {*methods, *more}))


def path_as_sent(scope: Scope) -> str:
    """The path without escapes read: what an application is mounted under is taken off the other one."""
    return scope["raw_path"].partition(b"?")[0].decode("latin-1")


def is_external(path: str) -> bool:
    """Whether an external request is for ``path``."""
    return path == EXTERNAL or path.startswith(f"{EXTERNAL}/")
