"""Cookies of a request: Obmen's own session apart from those of others, which alone are a scenario's business.

The one reader of ``Cookie`` headers, in linear time: what it takes for the session, sign-in accepts and no scenario sees. Pure.
"""

from collections.abc import Iterable
from urllib.parse import unquote

import msgspec


class SentCookies(msgspec.Struct, frozen=True):
    """What a request brought."""

    session: str
    """The value of Obmen's own cookie, of several the first that has one; empty without."""
    others: tuple[str, ...]
    """The rest, each as it was sent: ``name=value``."""

    @property
    def header(self) -> str:
        """A ``Cookie`` header of the others; empty where there are none."""
        return "; ".join(self.others)

    def values(self) -> dict[str, str]:
        """The values of the others by name, escapes and quotes read; of two with one name the last counts."""
        pairs = (part.partition("=") for part in self.others)
        return {name.strip(): unquote(_bare(value)) for name, _, value in pairs}


def read_cookies(headers: Iterable[str], own: str) -> SentCookies:
    """The cookies of all ``Cookie`` headers of a request; HTTP/2 sends one header per cookie (RFC 9113, 8.2.3).

    A semicolon ends a cookie, with or without a blank behind it, also within quotes (RFC 6265, 5.4). ``own`` is the name of
    Obmen's own one: neither letter case nor quotes around name or value make it another.
    """
    session, others, own = "", [], own.lower()
    for header in headers:
        for part in header.split(";"):
            name, _, value = part.partition("=")
            if _bare(name).lower() == own:
                session = session or _bare(value)
            elif kept := part.strip():
                others.append(kept)
    return SentCookies(session, tuple(others))


def sets_own(header: str, own: str) -> bool:
    """Whether a ``Set-Cookie`` header makes a browser send a cookie that `read_cookies` takes for ``own``.

    A cookie without a name is sent as its value alone (RFC 6265bis, 5.8.3), which may look like a cookie with one.
    """
    sent_back = header.partition(";")[0].strip().lstrip("= \t")
    return _bare(sent_back.partition("=")[0]).lower() == own.lower()


def _bare(text: str) -> str:
    """``text`` without blanks and quotes around it."""
    return text.strip().strip('"').strip()
