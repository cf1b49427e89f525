"""Web requests of a process: those to Obmen's own API are signed in as the process, all others pass the egress policy.

A request is for the own API where its address begins with one of the addresses of this Obmen and ``/api/v1/``, and it is
signed in where it brings no sign-in of its own. The token goes with the first request only, by connections of its own;
what that request is redirected to is asked without it.
"""

from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

import structlog
from msgspec.structs import replace

from obmen.clients.redirects import MOST, location_of, redirected
from obmen.errors import ObmenError, StepFailed, Unexpected
from obmen.ports import Http, HttpRequest, HttpResponse
from obmen.services.accounts.internal_tokens import InternalTokens
from obmen.settings import Settings

_API: Final = "/api/v1/"
_SIGN_IN: Final = ("authorization", "cookie")
_LOOPBACK: Final = ("127.0.0.1", "localhost", "[::1]")
_ANY: Final = ("0.0.0.0", "[::]")  # noqa: S104 (compared with, not bound to)
_PORTS: Final = {"http": 80, "https": 443}
_FOLLOWED: Final = ("GET", "HEAD")

log = structlog.get_logger()


class OwnApi:
    """Knows the addresses of this Obmen; ``http`` reaches them whatever the egress policy says."""

    def __init__(self, settings: Settings, tokens: InternalTokens, http: Http) -> None:
        self._addresses = tuple(_addresses(settings))
        self._tokens = tokens
        self.http = http

    def token(self, request: HttpRequest, user_id: int | None) -> str | None:
        """A token for a request to the own API that brings no sign-in; ``None`` for any other."""
        signed_in = any(name.lower() in _SIGN_IN for name in request.headers)
        if signed_in or not self.has(request.url, _API):
            return None
        return self._tokens.issue(user_id)

    def has(self, url: str, path: str) -> bool:
        """Whether an address leads to this Obmen, below ``path``; one that is spelled in a way of its own does not."""
        lower = url.lower()
        is_plain = not any(part in lower for part in ("/.", "%2e", "\\"))
        return is_plain and lower.startswith(tuple(address + path for address in self._addresses))


class ProcessHttp:
    """`obmen.ports.Http` for a process that ``user_id`` started; ``guarded`` is the way out."""

    def __init__(self, guarded: Http, own: OwnApi, user_id: int | None) -> None:
        self._guarded = guarded
        self._own = own
        self._user_id = user_id

    async def send(self, request: HttpRequest) -> HttpResponse:
        """The answer; whatever else goes wrong with another system is `Unexpected`, and logged."""
        try:
            return await self._send(request)
        except ObmenError:
            raise
        except Exception as error:
            log.exception("web_request_failed_unexpectedly")
            raise Unexpected("process.step_unexpected") from error

    async def _send(self, request: HttpRequest) -> HttpResponse:
        token = self._own.token(request, self._user_id)
        if token is None:
            return await self._guarded.send(request)
        headers = {**request.headers, "Authorization": f"Bearer {token}"}
        found = await self._own.http.send(replace(request, headers=headers, follow_redirects=False))
        if not request.follow_redirects or request.method.upper() not in _FOLLOWED:
            return found
        return await self._followed(request, found)

    async def _followed(self, request: HttpRequest, found: HttpResponse) -> HttpResponse:
        """What the API redirects to, such as the content of a file: at this Obmen or elsewhere."""
        for _ in range(MOST):
            following = redirected(request, found.status, location_of(found))
            if following is None:
                return found
            request = following
            if not self._own.has(request.url, "/"):
                return await self._guarded.send(request)
            found = await self._own.http.send(replace(request, follow_redirects=False))
        raise StepFailed("http.too_many_redirects", host=urlsplit(request.url).netloc, limit=MOST)


def _addresses(settings: Settings) -> Iterator[str]:
    """Where this Obmen is reached: the address people use, and the one it listens at."""
    host, port = settings.http.host.lower(), settings.http.port
    host = f"[{host}]" if ":" in host else host
    names = (*_LOOPBACK, host) if host in (*_ANY, *_LOOPBACK) else (host,)
    for url in (settings.url, *(f"http://{name}:{port}" for name in names)):
        parts = urlsplit(url.lower())
        if parts.scheme not in _PORTS or not parts.hostname:
            continue
        yield url.lower().rstrip("/")
        usual = _PORTS[parts.scheme]
        if parts.port is None:
            yield url.lower().rstrip("/").replace(parts.netloc, f"{parts.netloc}:{usual}", 1)
        elif parts.port == usual:
            yield url.lower().rstrip("/").replace(parts.netloc, parts.netloc.rpartition(":")[0], 1)
