"""HTTP to other systems, under the egress policy (law 6): webhooks, web requests, files by URL.

Every hop of a request is checked against the egress policy, redirects included. Whatever another system answers, and
whatever the library below makes of it, is an answer or an `ObmenError`. Made by ``bootstrap``.
"""

import asyncio
import base64
import re
import ssl
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import unquote

import aiohttp
from aiohttp.abc import AbstractResolver
from msgspec.structs import replace
from multidict import CIMultiDict
from yarl import URL

from obmen import settings
from obmen.clients import http_failures
from obmen.clients.egress import (
    Address,
    EgressPolicy,
    GuardedResolver,
    connecting_to,
    guarded_connector,
    literal_address,
)
from obmen.clients.http_failures import failure, lost_connection, sent_nothing
from obmen.clients.redirects import MOST, location_of, redirected
from obmen.clients.urls import url_of, without_user
from obmen.domain.requests.content_codings import (
    ACCEPTED,
    BrokenCoding,
    UnknownCoding,
    UnpackedTooLarge,
    unpacked,
)
from obmen.domain.requests.headers import OF_THE_CONNECTION, TOKEN
from obmen.errors import ObmenError, StepFailed, Temporary, TooLarge, Unavailable
from obmen.ports import HttpRequest, HttpResponse

_FORBIDDEN_IN_VALUE: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")
_NOT_SENT: Final = OF_THE_CONNECTION | {"expect", "proxy-authorization"}
_IDEMPOTENCY_KEY: Final = "idempotency-key"
_IDLE_S: Final = 4.0
"""Shorter than the 5 s after which many servers close: a request that cannot be repeated should not meet that moment."""
_HEADER_BYTES: Final = 65_536
_HEADERS: Final = 256


class _NoCookies(aiohttp.DummyCookieJar):
    """Reads no ``Set-Cookie``: nothing is kept between requests, and what is in it is the scenario's to read."""

    def update_cookies_from_headers(self, headers: Sequence[str], response_url: URL) -> None:
        """Does nothing."""


class GuardedHttp:
    """`obmen.ports.Http` with connections kept alive between requests; ``dns`` replaces the system's resolver."""

    def __init__(
        self, egress: settings.Egress, dns: AbstractResolver | None = None, trusted: ssl.SSLContext | None = None
    ) -> None:
        """``trusted`` says whose certificates are valid: the system's where it is left out."""
        self._policy = EgressPolicy(egress.allow)
        self.resolver = GuardedResolver(self._policy, dns)
        self._trusted = trusted
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        """Creates the client session; `send` can be called afterwards."""
        self._session = aiohttp.ClientSession(
            connector=guarded_connector(self._policy, self.resolver, trusted=self._trusted, idle_s=_IDLE_S),
            cookie_jar=_NoCookies(),
            headers={"User-Agent": "Obmen", "Accept-Encoding": ACCEPTED},
            skip_auto_headers=("Content-Type",),
            timeout=aiohttp.ClientTimeout(total=None),
            auto_decompress=False,  # it takes half of a packed body for the whole
            max_line_size=_HEADER_BYTES,
            max_field_size=_HEADER_BYTES,
            max_headers=_HEADERS,
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

        `EgressRefused`: a closed address, `Temporary`: no answer in time, none at all or a broken one, `TooLarge`: more than
        ``limit_bytes``, `StepFailed`: no request can be made of this, too many redirects, or an answer in an unknown coding.
        """
        request = _prepared(request)
        try:
            async with asyncio.timeout(request.timeout_s):
                for _ in range(MOST + 1):
                    found = await self._answer(request)
                    if isinstance(found, HttpResponse):
                        return found
                    request = found
        except TimeoutError as error:
            host = _host(url_of(request.url))
            raise Temporary(
                "http.timeout", delay_s=http_failures.RETRY_S, host=host, limit=request.timeout_s
            ) from error
        raise StepFailed("http.too_many_redirects", host=_host(url_of(request.url)), limit=MOST)

    async def _answer(self, request: HttpRequest) -> HttpResponse | HttpRequest:
        """The answer, or the request that it is redirected to.

        Where a kept connection breaks, the request is repeated once if that is safe: aiohttp repeats what is idempotent by
        its method, this what has an ``Idempotency-Key`` or was not sent yet (RFC 9110, 9.2.2).
        """
        try:
            try:
                return await self._exchange(request)
            except Exception as error:
                if not _may_be_repeated(request, error):
                    raise
                return await self._exchange(request)
        except (ObmenError, TimeoutError):
            raise
        except Exception as error:
            raise failure(error, _host(url_of(request.url))) from error

    async def _exchange(self, request: HttpRequest) -> HttpResponse | HttpRequest:
        if self._session is None:
            raise Unavailable("http.not_started")
        url = self._checked(url_of(request.url))
        token = connecting_to.set(url_of(request.url).host or "")
        try:
            async with self._session.request(
                request.method, url, headers=_headers(request.headers), data=request.body, allow_redirects=False
            ) as response:
                headers = [(name.decode("latin-1").lower(), _value(value)) for name, value in response.raw_headers]
                found = HttpResponse(status=response.status, headers=headers, body=b"", url=request.url)
                if request.follow_redirects and (following := redirected(request, found.status, location_of(found))):
                    return following
                if found.status < 200:  # 101 to nobody who asked for it: what follows is no HTTP and has no end
                    problem = StepFailed("http.why_not_http", problem=found.status)
                    raise Temporary("http.no_answer", delay_s=http_failures.RETRY_S, host=_host(url), problem=problem)
                body = await _read(response, request.limit_bytes, _host(url))
                return replace(found, body=_unpacked(found, body, request.limit_bytes, _host(url)))
        except (aiohttp.InvalidURL, UnicodeError) as error:  # the latter: a name that cannot be asked for
            raise StepFailed("http.bad_url", url=request.url, problem=StepFailed("http.why_no_host")) from error
        finally:
            connecting_to.reset(token)

    def _checked(self, url: URL) -> URL:
        """``url``, an address in it spelled as usual; `EgressRefused` where it is closed. A name is checked as it resolves."""
        address, spelled = _spelled(url)
        if address is not None:
            self._policy.check(url.raw_host or "", address)
        return spelled


def _prepared(request: HttpRequest) -> HttpRequest:
    """``request``, checked; a user in its address becomes a header, which stands in no message and leaves with the origin."""
    if not TOKEN.fullmatch(request.method) or request.method.upper() == "CONNECT":
        raise StepFailed("http.bad_method", method=request.method)
    url, headers = url_of(request.url), request.headers
    _headers(headers)
    if url.raw_user is not None and "authorization" not in {name.lower() for name in headers}:
        pair = f"{unquote(url.raw_user)}:{unquote(url.raw_password or '')}".encode()
        headers = {**headers, "Authorization": f"Basic {base64.b64encode(pair).decode()}"}
    return replace(request, method=request.method.upper(), url=str(without_user(url)), headers=headers)


def _headers(given: Mapping[str, str | Sequence[str]]) -> CIMultiDict[str]:
    """Values that are not ASCII are sent in UTF-8, as other clients do."""
    headers: CIMultiDict[str] = CIMultiDict()
    for name, values in given.items():
        for value in (values,) if isinstance(values, str) else values:
            if not TOKEN.fullmatch(name) or _FORBIDDEN_IN_VALUE.search(value):
                raise StepFailed("http.bad_header", name=name)
            if name.lower() not in _NOT_SENT:
                headers.add(name, value)
    return headers


def _may_be_repeated(request: HttpRequest, error: Exception) -> bool:
    has_key = any(name.lower() == _IDEMPOTENCY_KEY for name in request.headers)
    return lost_connection(error) and (has_key or sent_nothing(error))


def _spelled(url: URL) -> tuple[Address | None, URL]:
    """The address that stands in ``url``, if one does, and ``url`` with its usual spelling."""
    address = literal_address(url.raw_host or "")
    return address, url if address is None else url.with_host(str(address))


def _value(raw: bytes) -> str:
    """A header in UTF-8, or else in latin-1, which every byte fits."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


async def _read(response: aiohttp.ClientResponse, limit: int, host: str) -> bytes:
    """The body as it is sent, whole; `TooLarge` as soon as it grows past ``limit``."""
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > limit:
            response.close()
            raise TooLarge("http.too_large", host=host, limit=limit)
    return bytes(body)


def _unpacked(found: HttpResponse, body: bytes, limit: int, host: str) -> bytes:
    codings = ", ".join(value for name, value in found.headers if name == "content-encoding")
    try:
        return unpacked(body, codings, limit)
    except UnpackedTooLarge:
        raise TooLarge("http.too_large", host=host, limit=limit) from None
    except UnknownCoding as error:
        raise StepFailed("http.unknown_coding", host=host, coding=error, known=ACCEPTED) from None
    except BrokenCoding as error:
        problem = StepFailed("http.why_broken_coding", coding=error)
        raise Temporary("http.no_answer", delay_s=http_failures.RETRY_S, host=host, problem=problem) from error


def _host(url: URL) -> str:
    return f"{url.host}:{url.port}"
