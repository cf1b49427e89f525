"""Query strings and forms, with brackets for what is nested: ``filters[0][value][at]=…``, ``id=1&id=2``, ``tags[]=a``.

As PHP and ``qs`` write them (docs/reference/external-requests.md). Called by the API for queries and by `bodies` for forms.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import unquote_plus, unquote_to_bytes

from obmen.domain.requests.charsets import codec_of, decoded
from obmen.domain.requests.limits import Limits
from obmen.errors import TooLarge

_CHARSET: Final = b"_charset_"
_KEY: Final = re.compile(r"\[([^\[\]]*)\]")
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,8}")
_GAPS: Final = 20
"""Up to this number a list may have gaps: a page numbers the rows of a form, and some are removed before it is sent."""
_PIECE: Final = 65_536


def parse(content: bytes, limits: Limits, codec: str = "utf_8") -> dict[str, Any]:
    """The parameters: texts, lists of them and objects of them; `BadRequest` for bytes that are no text in this charset."""
    written = content.split(b"&", limits.parameters)
    if len(written) > limits.parameters:
        raise TooLarge("request.too_many_parameters", limit=limits.parameters)
    halves = (pair.partition(b"=") for pair in written if pair)
    pairs = [(_unescaped(name), _unescaped(value)) for name, _, value in halves]
    codec = named_codec(pairs) or codec
    return nested(((decoded(name, codec), decoded(value, codec)) for name, value in pairs), limits)


def named_codec(pairs: Iterable[tuple[bytes, bytes]]) -> str | None:
    """The codec that a form names in its field ``_charset_`` (HTML, 4.10.22.4)."""
    for name, value in pairs:
        if name == _CHARSET:
            return codec_of(value.decode("latin-1"))
    return None


def _unescaped(text: bytes) -> bytes:
    """Percent-decoded, piece by piece: ``unquote_to_bytes`` takes many times as much memory as the text is long."""
    text = text.replace(b"+", b" ")
    if len(text) <= _PIECE:
        return unquote_to_bytes(text) if b"%" in text else text
    found = bytearray()
    start = 0
    while start < len(text):
        piece = text[start : start + _PIECE]
        if len(piece) == _PIECE and (cut := piece.rfind(b"%", -2)) > 0:  # an escape is not cut
            piece = piece[:cut]
        found += unquote_to_bytes(piece)
        start += len(piece)
    return bytes(found)


def nested(pairs: Iterable[tuple[str, Any]], limits: Limits) -> dict[str, Any]:
    """Pairs whose names may have brackets as one object; a name that comes twice makes a list.

    ``a[]`` counts on from the highest number in ``a``, as in PHP. An object is a list where its keys are numbers that
    begin with 0, without gaps, or with gaps where none is above 20. `TooLarge` past a limit.
    """
    root = _Branch()
    left = limits.parameters
    for name, value in pairs:
        if name.count("[") > limits.depth or len(path := _path(name)) > limits.depth:
            raise TooLarge("request.too_deep", limit=limits.depth)
        left -= _put(root, path, value)
        if left < 0:
            raise TooLarge("request.too_many_parameters", limit=limits.parameters)
    return {key: _listed(value) for key, value in root.items()}


def _path(name: str) -> list[str]:
    head, bracket, rest = name.partition("[")
    if not bracket:
        return [name]
    keys = _KEY.findall(bracket + rest)
    if not head or "".join(f"[{key}]" for key in keys) != bracket + rest:
        return [name]
    return [head, *keys]


class _Branch(dict[str, Any]):
    """An object made by brackets, as opposed to a value."""

    __slots__ = ("_following",)

    def __init__(self) -> None:
        super().__init__()
        self._following = 0

    def key(self, written: str) -> str:
        """The key that stands in brackets; the number behind the highest one for ``[]``."""
        key = written or str(self._following)
        if _NUMBER.fullmatch(key):
            self._following = max(self._following, int(key) + 1)
        return key


def _put(root: _Branch, path: list[str], value: Any) -> int:
    """Puts the value at its place; gives back how many values and branches were made."""
    place, step, made = root, path[0], 1
    for written in path[1:]:
        branch = place.get(step)
        if not isinstance(branch, _Branch):
            before, branch, made = branch, _Branch(), made + 1
            if before is not None:
                branch[branch.key("")] = before
            place[step] = branch
        place, step = branch, branch.key(written)
    before = place.get(step)
    if before is None:
        place[step] = value
    elif isinstance(before, _Branch):
        before[before.key("")] = value
    elif isinstance(before, list):
        before.append(value)
    else:
        place[step] = [before, value]
    return made


def _listed(value: Any) -> Any:
    if not isinstance(value, _Branch):
        return value
    if _is_list(value):
        return [_listed(value[key]) for key in sorted(value, key=int)]
    return {key: _listed(item) for key, item in value.items()}


def _is_list(branch: _Branch) -> bool:
    if "0" not in branch or not all(map(_NUMBER.fullmatch, branch)):
        return False
    return max(map(int, branch)) <= max(_GAPS, len(branch) - 1)


def text_of(parameters: Mapping[str, Any], name: str) -> str:
    """The text of one parameter, the last where it came several times; empty without it."""
    value = parameters.get(name, "")
    if isinstance(value, list):
        value = value[-1] if value else ""
    return value if isinstance(value, str) else ""


def without(text: str, names: Iterable[str]) -> str:
    """A query string without the parameters of these names; the others stay as they were sent."""
    left_out = frozenset(names)
    return "&".join(part for part in text.split("&") if part and unquote_plus(part.partition("=")[0]) not in left_out)
