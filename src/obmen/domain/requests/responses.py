"""Answers of other systems to web requests: their text, whatever its encoding, and the cookies they set. Pure."""

import codecs
import re
from collections.abc import Iterable
from typing import Any, Final

_CHARSET: Final = re.compile(r";\s*charset\s*=\s*[\"']?([^\"';\s]+)", re.IGNORECASE)
_PROLOG: Final = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._:-]{1,40})[\"']")
_MARKS: Final = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_NO_CHARSETS: Final = ("idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape", "utf-7")
"""What Python decodes besides the charsets of the web."""


def text_of(content: bytes, content_type: str) -> str:
    """``content`` as text; what its encoding cannot say becomes U+FFFD.

    The encoding is that of a byte order mark, then ``charset`` of the content type, then the prolog of XML; otherwise it is
    UTF-8. JSON is UTF-8 wherever it can be (RFC 8259, 8.1), whatever its content type says.
    """
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return content[len(mark) :].decode(encoding, "replace")
    kind = content_type.partition(";")[0].strip().lower()
    if kind.endswith(("/json", "+json")):
        try:
            return content.decode()
        except UnicodeDecodeError:
            pass
    named = _CHARSET.search(content_type)
    charset = named[1] if named else ""
    if not charset and kind.endswith(("/xml", "+xml")) and (prolog := _PROLOG.match(content.lstrip())):
        charset = prolog[1].decode("ascii")
    return content.decode(_known(charset), "replace")


def cookies_of(headers: Iterable[str]) -> dict[str, dict[str, Any]]:
    """``{name: {value, path, expires, …}}`` of ``Set-Cookie`` headers (RFC 6265, 5.2), attributes in lower case.

    A flag such as ``HttpOnly`` is ``True``. A header without ``=`` sets a cookie without a name.
    """
    cookies: dict[str, dict[str, Any]] = {}
    for header in headers:
        pair, *attributes = header.split(";")
        name, equals, value = pair.partition("=")
        if not equals:
            name, value = "", pair
        cookie: dict[str, Any] = {"value": _unquoted(value.strip())}
        for attribute in attributes:
            key, equals, text = attribute.partition("=")
            if key.strip():
                cookie.setdefault(key.strip().lower(), text.strip() if equals else True)
        cookies[name.strip()] = cookie
    return cookies


def _known(charset: str) -> str:
    """``charset`` where it is an encoding of texts on the web, else UTF-8."""
    try:
        found = codecs.lookup(charset or "utf-8")
        b"a".decode(found.name, "replace")
    except (LookupError, ValueError):
        return "utf-8"
    return "utf-8" if found.name in _NO_CHARSETS else found.name


def _unquoted(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value
