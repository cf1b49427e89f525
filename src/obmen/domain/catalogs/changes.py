"""What a request to make or change a catalog means: the fields to keep, to add and to drop (contract: Catalogs)."""

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from obmen.domain.catalogs.schema import Catalog, Field
from obmen.domain.field_types import shown
from obmen.domain.fields import field_type
from obmen.errors import InvalidCatalog

FIELD_LIMIT: Final = 500
_TEXT_ID: Final = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]{0,63}")
_TEXTS: Final = ("hint", "comment")
_FLAGS: Final = ("required", "api_only", "history", "filterable")


class FieldPlan(msgspec.Struct, frozen=True, kw_only=True):
    """The fields a catalog will have, those that are new and those that go."""

    fields: tuple[Field, ...]
    next_field: int
    added: tuple[Field, ...]
    dropped: tuple[Field, ...]


def plan_fields(sent: Any, catalog: Catalog | None) -> FieldPlan:
    """What the list of fields sent for ``catalog`` (``None``: a new one) comes to; `InvalidCatalog` says what cannot be.

    A field with the id of an existing one keeps it and changes what is named; any other field is new. Fields that are
    not in the list are dropped. A new field gets the next number; it may bring a text id of its own.
    """
    if not isinstance(sent, list) or not all(isinstance(item, Mapping) for item in sent):
        raise InvalidCatalog("catalog.bad_field", sent=shown(sent))
    if len(sent) > FIELD_LIMIT:
        raise InvalidCatalog("catalog.too_many_fields", limit=FIELD_LIMIT, count=len(sent))
    known = {} if catalog is None else catalog.by_id
    number = 1 if catalog is None else catalog.next_field
    fields: list[Field] = []
    added: list[Field] = []
    for item in sent:
        if not _storable(item):
            raise InvalidCatalog("catalog.bad_characters", sent=shown(item))
        given = item.get("id")
        previous = None if given in (None, "") else known.get(str(given))
        if previous is not None:
            fields.append(_changed(item, previous))
            continue
        field = _new(item, number, "new" if catalog is None else catalog.key)
        number += 1
        fields.append(field)
        added.append(field)
    ids = [field.id for field in fields]
    for field_id in ids:
        if ids.count(field_id) > 1:
            raise InvalidCatalog("catalog.duplicate_field", field=field_id)
    dropped = tuple(field for field in known.values() if field.id not in ids)
    if catalog is not None and catalog.text_id and any(field.id.startswith("$") for field in dropped):
        raise InvalidCatalog("catalog.system", catalog=catalog.key)
    return FieldPlan(fields=tuple(fields), next_field=number, added=tuple(added), dropped=dropped)


def _storable(value: Any) -> bool:
    """Whether PostgreSQL can keep it: none of its texts has a NUL character."""
    match value:
        case str():
            return "\x00" not in value
        case Mapping():
            return all(_storable(part) for pair in value.items() for part in pair)
        case list() | tuple():
            return all(_storable(item) for item in value)
    return True


def _new(item: Mapping[str, Any], number: int, catalog: str) -> Field:
    kind = field_type(item.get("type"))
    given = item.get("id")
    if given in (None, ""):
        field_id = str(number)
    elif str(given).isdecimal():
        raise InvalidCatalog("catalog.unknown_field_id", field=shown(given), catalog=catalog)
    elif isinstance(given, str) and _TEXT_ID.fullmatch(given):
        field_id = given
    else:
        raise InvalidCatalog("catalog.bad_field_id", sent=shown(given))
    config = kind.configure(_config(item), None)
    return Field(number=number, id=field_id, type=kind.name, config=config, **_properties(item, None))


def _changed(item: Mapping[str, Any], previous: Field) -> Field:
    if "type" in item and item["type"] != previous.type:
        raise InvalidCatalog("catalog.type_stays", field=previous.id, old=previous.type, new=shown(item["type"]))
    config = previous.config
    if "config" in item:
        config = field_type(previous.type).configure(_config(item), previous.config)
    return msgspec.structs.replace(previous, config=config, **_properties(item, previous))


def _config(item: Mapping[str, Any]) -> Mapping[str, Any]:
    config = item.get("config") or {}
    if not isinstance(config, Mapping):
        raise InvalidCatalog("catalog.bad_property", key="config", accepted="{…}", sent=shown(config))
    return config


def _properties(item: Mapping[str, Any], previous: Field | None) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if "name" in item or previous is None:
        found["name"] = text(item, "name", required=True)
    for key in _TEXTS:
        if key in item:
            found[key] = text(item, key)
    for key in _FLAGS:
        name = _camel(key)
        if item.get(name) is not None:
            if not isinstance(item[name], bool):
                raise InvalidCatalog("catalog.bad_property", key=name, accepted="true | false", sent=shown(item[name]))
            found[key] = item[name]
    if "visible" in item:
        found["visible"] = item["visible"]
    return found


def text(item: Mapping[str, Any], key: str, *, required: bool = False) -> str:
    """The text under ``key``, empty for ``null``; `InvalidCatalog` where it is none, too long, or empty and required."""
    value = item.get(key)
    value = "" if value is None else value
    if not isinstance(value, str) or (required and not value.strip()) or len(value) > 1_000 or "\x00" in value:
        raise InvalidCatalog("catalog.bad_property", key=key, accepted="text (1–1000)", sent=shown(value))
    return value


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)
