"""The field types: one file each, found by their files."""

import sys
from collections.abc import Mapping
from functools import cache

from obmen import discovery
from obmen.domain.field_types import FieldType
from obmen.errors import InvalidCatalog


@cache
def field_types() -> Mapping[str, FieldType]:
    """All field types by name."""
    return discovery.by_name(discovery.things(sys.modules[__name__], "FIELD_TYPE", FieldType))


def field_type(name: object) -> FieldType:
    """The type called ``name``; `InvalidCatalog` without one."""
    try:
        return field_types()[str(name)]
    except KeyError:
        raise InvalidCatalog("catalog.no_type", type=name, known=", ".join(field_types())) from None
