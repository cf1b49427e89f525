"""The cookies that answers of other systems set. Pure."""

from collections.abc import Iterable
from typing import Any


def cookies_of(headers: Iterable[str]) -> dict[str, dict[str, Any]]:
    """``{name: {value, path, expires, …}}`` of ``Set-Cookie`` headers (RFC 6265, 5.2), attributes in lower case.

    A flag such as ``HttpOnly`` is ``True``. A header without ``=`` sets a cookie without a name, an empty one none. An attribute
    called ``value`` is left out.
    """
    cookies: dict[str, dict[str, Any]] = {}
    for header in headers:
        pair, *attributes = header.split(";")
        name, equals, value = pair.partition("=")
        if not equals:
            name, value = "", pair
        if not pair.strip():
            continue
        cookie: dict[str, Any] = {"value": _unquoted(value.strip())}
        for attribute in attributes:
            key, equals, text = attribute.partition("=")
            if key.strip():
                cookie.setdefault(key.strip().lower(), text.strip() if equals else True)
        cookies[name.strip()] = cookie
    return cookies


def _unquoted(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value
