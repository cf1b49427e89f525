"""How a step of a process names a catalog, and the values of a record (contract: components, data)."""

from collections.abc import Mapping
from typing import Any

import msgspec

from obmen.domain.field_types import shown
from obmen.errors import StepFailed


class CatalogChoice(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A catalog picked from the list (``catalog``) or computed (``var``)."""

    catalog_format: str = "catalog"
    catalog_id: str | int | None = None
    catalog_id_from_var: Any = None

    @property
    def catalog(self) -> str:
        """The id of the catalog; `StepFailed` without one."""
        chosen = self.catalog_id_from_var if self.catalog_format == "var" else self.catalog_id
        return required_id("catalogId", chosen)


class RecordValues(CatalogChoice, frozen=True, kw_only=True, rename="camel"):
    """Values given field by field (``values1``) or as one object (``values2``)."""

    format: str = "keyvalue"
    values1: Any = None
    values2: Any = None

    @property
    def values(self) -> Mapping[str, Any]:
        """The values by field id; `StepFailed` where they are no object."""
        return as_object("values2", self.values2) if self.format == "json" else as_object("values1", self.values1)


def required_id(name: str, value: Any) -> str:
    """An id given as text or number; `StepFailed` names the parameter otherwise."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise StepFailed("component.no_id", parameter=name, sent=shown(value))
    return str(value)


def as_object(name: str, value: Any) -> Mapping[str, Any]:
    """An object; an empty list or nothing is an empty one; `StepFailed` names the parameter otherwise."""
    if value in (None, [], ""):
        return {}
    if not isinstance(value, Mapping):
        raise StepFailed("component.not_values", parameter=name, sent=shown(value))
    return value
