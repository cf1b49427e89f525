"""Query strings and forms, with brackets for what is nested: ``filters[0][value][at]=…``, ``id=1&id=2``, ``tags[]=a``.

As PHP and ``qs`` write them (docs/reference/filters.md). Called by the API for queries and by `bodies` for forms.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, unquote_plus

from obmen.errors import BadRequest, TooLarge

PARAMETERS: Final = 1_000
_KEY: Final = re.compile(r"\[([^\[\]]*)\]")


def parse(text: str, *, depth: int, encoding: str = "utf-8") -> dict[str, Any]:
    """The parameters: texts, lists of them and objects of them; `BadRequest` for bytes that are no text."""
    try:
        pairs = parse_qsl(
            text, keep_blank_values=True, max_num_fields=PARAMETERS, encoding=encoding, errors="strict", separator="&"
        )
    except UnicodeDecodeError as error:
        raise BadRequest("request.not_text", encoding=encoding, problem=error) from None
    except ValueError:
        raise TooLarge("request.too_many_parameters", limit=PARAMETERS) from None
    return nested(pairs, depth=depth)


def nested(pairs: Iterable[tuple[str, Any]], *, depth: int) -> dict[str, Any]:
    """Pairs whose names may have brackets as one object; a name that comes twice makes a list."""
    root: dict[str, Any] = {}
    for name, value in pairs:
        path = _path(name)
        if len(path) > depth:
            raise TooLarge("request.too_deep", limit=depth)
        _put(root, path, value)
    return {key: _listed(value) for key, value in root.items()}


def _path(name: str) -> list[str]:
    head, bracket, rest = name.partition("[")
    keys = _KEY.findall(bracket + rest)
    if not head or "".join(f"[{key}]" for key in keys) != bracket + rest:
        return [name]
    return [head, *keys]


class _Branch(dict[str, Any]):
    """An object made by brackets, as opposed to a value."""


def _put(root: dict[str, Any], path: list[str], value: Any) -> None:
    place: dict[str, Any] = root
    for key in path[:-1]:
        step = key or str(len(place))
        branch = place.get(step)
        if not isinstance(branch, _Branch):
            branch = place[step] = _Branch() if branch is None else _Branch({"0": branch})
        place = branch
    last = path[-1] if path[-1] or place is root else str(len(place))
    before = place.get(last)
    if before is None:
        place[last] = value
    elif isinstance(before, _Branch):
        before[str(len(before))] = value
    elif isinstance(before, list):
        before.append(value)
    else:
        place[last] = [before, value]


def _listed(value: Any) -> Any:
    if not isinstance(value, _Branch):
        return value
    if all(key.isascii() and key.isdecimal() for key in value):
        return [_listed(value[key]) for key in sorted(value, key=int)]
    return {key: _listed(item) for key, item in value.items()}


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
