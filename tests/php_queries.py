"""Query strings with brackets, as PHP and ``qs`` write them."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlencode


def bracketed(name: str, value: Any) -> str:
    """``filters[0][fieldId]=2&filters[0][value][at]=5``."""
    return urlencode(list(_pairs(name, value)), quote_via=quote)


def http_build_query(parameters: Mapping[str, Any]) -> str:
    """As PHP's function of this name: ``+`` for a blank, ``1`` and ``0`` for booleans, nothing for null."""
    return urlencode([pair for name, value in parameters.items() for pair in _pairs(name, value, ("1", "0"))])


def _pairs(name: str, value: Any, booleans: tuple[str, str] = ("true", "false")) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _pairs(f"{name}[{key}]", item, booleans)
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from _pairs(f"{name}[{place}]", item, booleans)
    elif isinstance(value, bool):
        yield name, booleans[not value]
    elif value is not None:
        yield name, str(value)
