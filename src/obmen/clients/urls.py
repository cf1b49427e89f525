"""Addresses of other systems, as they were written: signed ones break where a client spells them anew.

What RFC 3986 does not allow in a path or query is percent-encoded in UTF-8 (a ``%`` that begins no triplet too), everything
else is sent as it stands; nothing is decoded, and ``/../`` is left to the other system. Called by ``clients/http``.
"""

import re
from functools import lru_cache
from typing import Final
from urllib.parse import quote, unquote, urljoin

from yarl import URL

from obmen.errors import StepFailed

_OFTEN_ASKED: Final = 1_000
"""Addresses up to this length are kept as they were read; longer ones carry data, which differ each time."""
_PARTS: Final = re.compile(r"(?i:(https?)://)([^/?#]*)([^#]*)", re.DOTALL)
_NO_AUTHORITY: Final = re.compile(r"[\x00-\x20\x7f\\]")
_NO_HOST: Final = re.compile(r"[\x00-\x20\x7f\\/?#@]")
# RFC 3986, 3.3 and 3.4: pchar, "/" and "?".
_NOT_ALLOWED: Final = re.compile(r"(?:(?!%[0-9A-Fa-f]{2})[^A-Za-z0-9._~!$&'()*+,;=:@/?-])+")


def url_of(text: str) -> URL:
    """The address without its fragment; `StepFailed` unless it is an http or https address with a host."""
    return _url_of(text) if len(text) <= _OFTEN_ASKED else _url_of.__wrapped__(text)


@lru_cache(1024)
def _url_of(text: str) -> URL:
    parts = _PARTS.match(text)
    if parts is None:
        raise StepFailed("http.bad_url", url=text, problem=StepFailed("http.why_no_scheme"))
    scheme, authority, target = parts[1].lower(), parts[2], parts[3]
    origin = _origin(scheme, authority)
    if origin is None:
        raise StepFailed("http.bad_url", url=text, problem=StepFailed("http.why_no_host"))
    return URL.build(scheme=scheme, authority=origin.raw_authority, path=_target(target), encoded=True)


def _origin(scheme: str, authority: str) -> URL | None:
    """The host, also an international one and percent-encoded, port and user."""
    user, at, host = authority.rpartition("@")
    try:
        host = host if host.startswith("[") else unquote(host, errors="strict")
        if _NO_AUTHORITY.search(user) or _NO_HOST.search(host):
            return None
        origin = URL(f"{scheme}://{user}{at}{host}/")
    except (ValueError, TypeError):
        return None
    return origin if origin.raw_host and origin.port else None


def joined(base: URL, location: str) -> URL:
    """Where a redirect from ``base`` leads (RFC 9110, 10.2.2); a sign-in in the address is left out."""
    try:
        return without_user(url_of(location if _PARTS.match(location) else urljoin(str(base), location)))
    except ValueError:
        raise StepFailed("http.bad_url", url=location, problem=StepFailed("http.why_no_host")) from None


def without_user(url: URL) -> URL:
    """``url`` without the user and password in it."""
    return url if url.raw_user is None and url.raw_password is None else url.with_user(None)


def is_same_place(url: URL, other: URL) -> bool:
    """Whether both have one origin, or ``other`` is the same host by https instead of http, each at its usual port."""
    if url.origin() == other.origin():
        return True
    return url.raw_host == other.raw_host and (
        (url.scheme, url.port, other.scheme, other.port) == ("http", 80, "https", 443)
    )


def _target(text: str) -> str:
    """Path and query, kept together: ``?`` with nothing behind it is a part of the address too."""
    encoded = _NOT_ALLOWED.sub(lambda found: quote(found[0], safe="", errors="replace"), text)
    return encoded if encoded.startswith("/") else f"/{encoded}"
