"""Query strings with brackets, as PHP and ``qs`` write them."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlencode


def bracketed(name: str, value: Any) -> str:
    """``filters[0][fieldId]=2&filters[0][value][at]=5``."""
    return urlencode(list(_pairs(name, value)), quote_via=quote)


def _pairs(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _pairs(f"{name}[{key}]", item)
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from _pairs(f"{name}[{place}]", item)
    elif isinstance(value, bool):
        yield name, "true" if value else "false"
    else:
        yield name, str(value)
