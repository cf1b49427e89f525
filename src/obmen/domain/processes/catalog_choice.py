"""How a step of a process names a catalog, fields and the values of a record (docs/reference/components.md)."""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from obmen.domain.field_types import shown
from obmen.errors import StepFailed


class CatalogChoice(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A catalog picked from the list (``catalog``) or computed (``var``)."""

    catalog_format: Annotated[
        str, Meta(description="`var` takes the catalog of `catalogIdFromVar`, any other that of `catalogId`.")
    ] = "catalog"
    catalog_id: Annotated[str | int | None, Meta(description="Id of the catalog.")] = None
    catalog_id_from_var: Annotated[Any, Meta(description="Id of the catalog, computed.")] = None

    @property
    def catalog(self) -> str:
        """The id of the catalog; `StepFailed` without one."""
        chosen = self.catalog_id_from_var if self.catalog_format == "var" else self.catalog_id
        return required_id("catalogId", chosen)


class RecordValues(CatalogChoice, frozen=True, kw_only=True, rename="camel"):
    """Values given field by field (``values1``) or as one object (``values2``)."""

    format: Annotated[str, Meta(description="`json` takes the values of `values2`, any other those of `values1`.")] = (
        "keyvalue"
    )
    values1: Annotated[Any, Meta(description="Values field by field.")] = None
    values2: Annotated[Any, Meta(description="Values as one object `{field id: value}`.")] = None

    @property
    def values(self) -> Mapping[str, Any]:
        """The values by field id; `StepFailed` where they are no object."""
        return as_object("values2", self.values2) if self.format == "json" else as_object("values1", self.values1)


class FieldsChoice(CatalogChoice, frozen=True, kw_only=True, rename="camel"):
    """All fields, or those of a list."""

    fields_format: Annotated[
        str, Meta(description="`specified` gives the fields of `fieldsSpecified`, any other all.")
    ] = "all"
    fields_specified: Annotated[
        Any,
        Meta(
            description="Ids of fields with commas between them, as text or as an expression, or a list of them. "
            "`{fieldId, fields: {catalog id: [field ids]}}` gives fields of linked records too."
        ),
    ] = None

    @property
    def fields(self) -> Any:
        """What was asked for; ``None`` for all fields."""
        return _listed(self.fields_specified) if self.fields_format == "specified" else None


def _listed(value: Any) -> list[Any]:
    """One list of ids, however they were given: ``2, 3`` as an expression comes as ``[2, 3]``, a list as ``[[2, 3]]``."""
    if isinstance(value, str):
        if value.lstrip().startswith(("[", "{")):
            return _listed(as_value("fieldsSpecified", value))
        return [text for item in value.split(",") if (text := item.strip())]
    if isinstance(value, list):
        return [item for part in value for item in _listed(part)]
    return [] if value is None else [value]


def as_value(name: str, text: str) -> Any:
    """The value of JSON text; `StepFailed` names the parameter where it is none."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise StepFailed("component.not_json", parameter=name, problem=error) from None


def required_id(name: str, value: Any) -> str:
    """An id given as text or number; `StepFailed` names the parameter otherwise."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise StepFailed("component.no_id", parameter=name, sent=shown(value))
    return str(value)


def as_object(name: str, value: Any) -> Mapping[str, Any]:
    """An object, or one as JSON text; an empty list or nothing is an empty one; `StepFailed` names the parameter otherwise."""
    if isinstance(value, str) and value.strip():
        value = as_value(name, value)
    if value in (None, [], ""):
        return {}
    if not isinstance(value, Mapping):
        raise StepFailed("component.not_values", parameter=name, sent=shown(value))
    return value
