"""HTTP to other systems, under the egress policy (law 6): webhooks, web requests, files by URL.

Every hop of a request is checked against the egress policy, redirects included. Made by ``bootstrap``.
"""

import asyncio
import base64
import os
import re
import ssl
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

import aiohttp
import msgspec
from aiohttp.abc import AbstractResolver
from multidict import CIMultiDict
from yarl import URL

from obmen import settings
from obmen.clients.egress import (
    Address,
    EgressPolicy,
    GuardedResolver,
    connecting_to,
    guarded_connector,
    literal_address,
)
from obmen.errors import StepFailed, Temporary, TooLarge, Unavailable
from obmen.ports import HttpRequest, HttpResponse

RETRY_S: Final = 5.0
"""Delay of `Temporary` where the other system did not answer."""
REDIRECTS: Final = 5
"""A request is sent on so many times at most."""

_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FORBIDDEN_IN_VALUE: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_REDIRECT_STATUSES: Final = frozenset({301, 302, 303, 307, 308})
# Set by the connection itself; a scenario that passes on the headers it got must not set them (RFC 9110, 7.6.1).
_CONNECTION_HEADERS: Final = frozenset(
    {
        "connection", "content-length", "expect", "keep-alive", "proxy-authorization", "proxy-connection", "te",
        "trailer", "transfer-encoding", "upgrade",
    }
)  # fmt: skip
_ORIGIN_HEADERS: Final = ("Authorization", "Cookie", "Host")
_CONTENT_HEADERS: Final = ("Content-Type", "Content-Encoding", "Content-Language", "Content-Location", "Digest")


class _Hop(msgspec.Struct, frozen=True):
    """One request of a chain of redirects, ready to be sent."""

    method: str
    url: URL
    headers: CIMultiDict[str]
    body: bytes | None


class GuardedHttp:
    """`obmen.ports.Http` with connections kept alive between requests; ``dns`` replaces the system's resolver."""

    def __init__(self, egress: settings.Egress, dns: AbstractResolver | None = None) -> None:
        self._policy = EgressPolicy(egress.allow)
        self.resolver = GuardedResolver(self._policy, dns)
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        """Creates the client session; `send` can be called afterwards."""
        self._session = aiohttp.ClientSession(
            connector=guarded_connector(self._policy, self.resolver),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": "Obmen"},
            skip_auto_headers=("Content-Type",),
            timeout=aiohttp.ClientTimeout(total=None),
            trust_env=False,  # a proxy would connect where the policy does not look
        )

    async def close(self) -> None:
        """Closes all connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()
        await self.resolver.close()

    async def send(self, request: HttpRequest) -> HttpResponse:
        """The answer, whatever its status; ``body`` is unpacked.

        `EgressRefused`: a closed address, `Temporary`: no answer in time or none at all, `TooLarge`: more than
        ``limit_bytes``, `StepFailed`: no request can be made of this, or too many redirects.
        """
        hop = _first_hop(request)
        redirects_left = REDIRECTS if request.follow_redirects else 0
        try:
            async with asyncio.timeout(request.timeout_s):
                while True:
                    found = await self._exchange(hop, request.limit_bytes, read_redirect=redirects_left == 0)
                    if isinstance(found, HttpResponse):
                        break
                    hop, redirects_left = _next_hop(hop, *found), redirects_left - 1
        except TimeoutError as error:
            raise Temporary("http.timeout", delay_s=RETRY_S, host=_host(hop.url), limit=request.timeout_s) from error
        if request.follow_redirects and found.status in _REDIRECT_STATUSES and _location(found):
            raise StepFailed("http.too_many_redirects", host=_host(hop.url), limit=REDIRECTS)
        return found

    async def _exchange(self, hop: _Hop, limit: int, *, read_redirect: bool) -> HttpResponse | tuple[int, str]:
        """The answer to one hop; a redirect as its status and location, unless it is to be read like any other."""
        if self._session is None:
            raise Unavailable("http.not_started")
        url, host = self._checked(hop.url), hop.url.host or ""
        token = connecting_to.set(host)
        try:
            async with self._session.request(
                hop.method, url, headers=hop.headers, data=hop.body, allow_redirects=False
            ) as response:
                location = response.headers.get("Location", "")
                if not read_redirect and response.status in _REDIRECT_STATUSES and location:
                    return response.status, location
                body = await _read(response, limit, host)
        except TimeoutError:
            raise
        except (aiohttp.InvalidURL, UnicodeError) as error:  # the latter: a name that cannot be asked for
            raise _bad_url(str(hop.url), error) from error
        except (aiohttp.ClientError, OSError) as error:
            unconnected = isinstance(error, aiohttp.ClientConnectorError)
            raise Temporary(
                "http.no_answer",
                delay_s=RETRY_S,
                did_nothing=unconnected,
                host=_host(hop.url),
                problem=_cause(error),
            ) from error
        finally:
            connecting_to.reset(token)
        headers = [
            (name.decode("latin-1").lower(), value.decode(errors="replace")) for name, value in response.raw_headers
        ]
        return HttpResponse(status=response.status, headers=headers, body=body, url=str(hop.url))

    def _checked(self, url: URL) -> URL:
        """``url``, an address in it spelled as usual; `EgressRefused` where it is closed. A name is checked as it resolves."""
        address, spelled = _spelled(url)
        if address is not None:
            self._policy.check(url.raw_host or "", address)
        return spelled


def _first_hop(request: HttpRequest) -> _Hop:
    if not _TOKEN.fullmatch(request.method) or request.method.upper() == "CONNECT":
        raise StepFailed("http.bad_method", method=request.method)
    url, headers = _url(request.url), _headers(request.headers)
    if url.user is not None:  # a header instead, so that the password stands in no message and leaves with the origin
        pair = f"{url.user}:{url.password or ''}".encode()
        headers.setdefault("Authorization", f"Basic {base64.b64encode(pair).decode()}")
        url = url.with_user(None)
    return _Hop(request.method.upper(), url, headers, request.body)


def _headers(given: Mapping[str, str]) -> CIMultiDict[str]:
    headers: CIMultiDict[str] = CIMultiDict()
    for name, value in given.items():
        if not _TOKEN.fullmatch(name) or _FORBIDDEN_IN_VALUE.search(value):
            raise StepFailed("http.bad_header", name=name)
        if name.lower() not in _CONNECTION_HEADERS:
            headers.add(name, value)
    return headers


@lru_cache(1024)
def _spelled(url: URL) -> tuple[Address | None, URL]:
    """The address that stands in ``url``, if one does, and ``url`` with its usual spelling."""
    address = literal_address(url.raw_host or "")
    return address, url if address is None else url.with_host(str(address))


@lru_cache(1024)
def _url(text: str) -> URL:
    try:
        url = URL(text)
    except (ValueError, TypeError) as error:
        raise _bad_url(text, error) from error
    if url.scheme not in ("http", "https"):
        raise _bad_url(text, "it begins with neither http:// nor https://")
    if not url.raw_host:
        raise _bad_url(text, "it names no host")
    return url.with_fragment(None) if url.raw_fragment else url


def _next_hop(hop: _Hop, status: int, location: str) -> _Hop:
    """Where a redirect leads (RFC 9110, 15.4), without what was meant for the origin only."""
    try:
        url = _url(str(hop.url.join(URL(location)))).with_user(None)
    except ValueError as error:
        raise _bad_url(location, error) from error
    method, body, headers = hop.method, hop.body, hop.headers.copy()
    if (status == 303 and method != "HEAD") or (status in (301, 302) and method == "POST"):
        method, body = "GET", None
        for name in _CONTENT_HEADERS:
            headers.popall(name, None)
    if url.origin() != hop.url.origin():
        for name in _ORIGIN_HEADERS:
            headers.popall(name, None)
    return _Hop(method, url, headers, body)


async def _read(response: aiohttp.ClientResponse, limit: int, host: str) -> bytes:
    """The unpacked body; `TooLarge` as soon as it grows past ``limit``, so that a packed bomb is never unpacked."""
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > limit:
            response.close()
            raise TooLarge("http.too_large", host=host, limit=limit)
    return bytes(body)


def _location(response: HttpResponse) -> str:
    return next((value for name, value in response.headers if name == "location"), "")


def _host(url: URL) -> str:
    return f"{url.host}:{url.port}"


def _bad_url(url: str, problem: object) -> StepFailed:
    return StepFailed("http.bad_url", url=url, problem=problem)


def _cause(error: Exception) -> str:
    """What happened, in a few words."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return f"its certificate is not valid ({error.certificate_error})"
    if isinstance(error, aiohttp.ClientConnectorError):
        cause = error.os_error
        if cause.errno and cause.errno > 0 and not isinstance(cause, ssl.SSLError):
            return os.strerror(cause.errno)
        return cause.strerror or str(cause)
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "it closed the connection"
    return str(error) or type(error).__name__
