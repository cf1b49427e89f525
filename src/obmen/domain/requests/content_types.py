"""The header Content-Type, read so that nothing in it can fail: senders repeat, misspell and garble it. Pure."""

import re
from typing import Final

import msgspec

FORM: Final = "application/x-www-form-urlencoded"

_KIND: Final = re.compile(r"[a-z0-9!#$&^_.+-]{1,127}/[a-z0-9!#$&^_.+*-]{1,127}")
_PARAMETER: Final = re.compile(r';\s*+([^\s=;"]++)\s*+=\s*+(?:"((?:[^"\\]|\\.)*+)"|([^;]*+))', re.DOTALL)
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)


class ContentType(msgspec.Struct, frozen=True):
    """``kind`` is the media type in lower case, empty where there is none; names of parameters are in lower case."""

    kind: str = ""
    parameters: dict[str, str] = {}

    @property
    def charset(self) -> str:
        """As it was written; empty without one."""
        return self.parameters.get("charset", "").partition(",")[0].strip(" \t'\"")

    @property
    def boundary(self) -> str:
        """Of a multipart body; empty without one."""
        return self.parameters.get("boundary", "")

    def speaks(self, syntax: str) -> bool:
        """Whether this is ``json`` or ``xml``, also as ``text/json`` or ``application/soap+xml`` (RFC 6839)."""
        return self.kind.endswith((f"/{syntax}", f"+{syntax}"))


def content_type_of(header: str) -> ContentType:
    """The value of the header (RFC 9110, 8.3.1); the first of several values, or of several parameters with one name, counts."""
    kind = header.partition(";")[0].partition(",")[0].strip().lower()
    parameters = {name: _ESCAPED.sub(r"\1", value) for name, value in parameters_of(header).items()}
    return ContentType(kind if _KIND.fullmatch(kind) else "", parameters)


def parameters_of(header: str) -> dict[str, str]:
    """Parameters by name in lower case, without quotes around them; what is escaped inside stays so."""
    found: dict[str, str] = {}
    for name, quoted, plain in _PARAMETER.findall(header):
        found.setdefault(name.lower(), quoted or plain.strip().strip('"'))
    return found
