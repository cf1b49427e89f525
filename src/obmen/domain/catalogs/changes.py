"""What a request to create or change a catalog means: the fields to keep, to add and to drop.

A field sent with the id or number of an existing one is that field; ``prevId`` names it where the id is to change, and the
field keeps its column and data (docs/reference/ids.md). Called by ``services/catalogs``.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from obmen.domain.field_types import FieldType, is_storable, shown
from obmen.domain.schema import Catalog, Field, Schema, is_text_id
from obmen.errors import InvalidCatalog

FIELD_LIMIT: Final = 500
_RESERVED: Final = ("$or", "$and", "fieldId", "attr")
"""Words of filters (docs/reference/filters.md)."""
SYSTEM_IDS: Final = frozenset(
    [
        "$settings",
        "$system",
        "$catalogs",
        "$sections",
        "$users",
        "$views",
        "$webhooks",
        "$scripts",
        "$events",
        "$processes",
        "$authServices",
        "$webRequests",
        "$boards",
        "$widgets",
        "$messages",
        "$rightFields",
        "$rights",
        "$companies",
        "$accounts",
        "$invites",
        "$appTags",
        "$apiTags",
        "$companiesGroups",
        "$emailTemplates",
        "$extensions",
        "$requests",
    ]
)
"""Ids of the sections and catalogs of the system, also of those that are not there yet (docs/reference/ids.md)."""
_TEXTS: Final = ("hint", "comment")
_FLAGS: Final = {"required": "required", "apiOnly": "api_only", "history": "history", "filterable": "filterable"}
_TEXT_LENGTH: Final = 1_000
_LARGEST: Final = 2**53


class FieldPlan(msgspec.Struct, frozen=True, kw_only=True):
    """The fields a catalog will have, those that are new and those that go."""

    fields: tuple[Field, ...]
    next_field: int = 1
    added: tuple[Field, ...] = ()
    dropped: tuple[Field, ...] = ()

    @property
    def removed_ids(self) -> tuple[str, ...]:
        """The own ids of the fields that go."""
        return tuple(field.text_id for field in self.dropped if field.text_id is not None)


class FieldPlanner:
    """Plans the fields of one catalog, ``None`` being a new one."""

    def __init__(self, catalog: Catalog | None, schema: Schema, types: Mapping[str, FieldType]) -> None:
        self._catalog = catalog
        self._schema = schema
        self._types = types
        self._number = 1 if catalog is None else catalog.next_field

    def plan(self, sent: Any, *, is_system: bool = False) -> FieldPlan:
        """What the list of fields comes to; `InvalidCatalog` says what cannot be.

        A field that is not in the list is dropped. A field that was removed before, sent back as it was read, is passed
        over, and so is the numbered twin of a field of the system.
        """
        if not isinstance(sent, list) or not all(isinstance(item, Mapping) for item in sent):
            raise InvalidCatalog("catalog.bad_field", sent=shown(sent))
        if len(sent) > FIELD_LIMIT:
            raise InvalidCatalog("catalog.too_many_fields", limit=FIELD_LIMIT, count=len(sent))
        fields: list[Field] = []
        added: list[Field] = []
        for item in sent:
            if not is_storable(item):
                raise InvalidCatalog("catalog.bad_characters", sent=shown(item))
            previous = self._previous(item)
            if previous is not None:
                if item.get("isDuplicated") is not True:
                    fields.append(self._changed(item, previous))
            elif not self._was_removed(item):
                field = self._new(item, is_system=is_system)
                fields.append(field)
                added.append(field)
        _require_distinct(fields)
        kept = {field.number for field in fields}
        known = () if self._catalog is None else self._catalog.fields
        dropped = tuple(field for field in known if field.number not in kept)
        if self._catalog is not None and any(field.is_system for field in dropped):
            raise InvalidCatalog("catalog.system", catalog=self._catalog.id)
        return FieldPlan(fields=tuple(fields), next_field=self._number, added=tuple(added), dropped=dropped)

    def _previous(self, item: Mapping[str, Any]) -> Field | None:
        for key in ("prevId", "id"):
            given = item.get(key)
            if given not in (None, "") and self._catalog is not None and (found := self._catalog.find(given)):
                return found
        return None

    def _was_removed(self, item: Mapping[str, Any]) -> bool:
        given = item.get("prevId") or item.get("id")
        return self._catalog is not None and str(given).isdecimal() and self._catalog.had_field(str(given))

    def _new(self, item: Mapping[str, Any], *, is_system: bool) -> Field:
        kind = self._types.get(str(item.get("type")))
        if kind is None:
            raise InvalidCatalog("catalog.no_type", type=item.get("type"), known=", ".join(self._types))
        given = item.get("id")
        if given not in (None, "") and str(given).isdecimal():
            key = "new" if self._catalog is None else self._catalog.id
            raise InvalidCatalog("catalog.unknown_field_id", field=shown(given), catalog=key)
        number = item["number"] if is_system else self._number
        field = Field(
            number=number,
            type=kind,
            text_id=None if given in (None, "") else _field_id(given),
            is_system=is_system,
            config=kind.configure(_config(item), None, self._schema),
            **_properties(item, None),
        )
        self._number = max(self._number, number) + 1
        return field

    def _changed(self, item: Mapping[str, Any], previous: Field) -> Field:
        if "type" in item and item["type"] != previous.type.name:
            old, new = previous.type.name, shown(item["type"])
            raise InvalidCatalog("catalog.type_stays", field=previous.id, old=old, new=new)
        changes = _properties(item, previous)
        if "config" in item:
            changes["config"] = previous.type.configure(_config(item), previous.config, self._schema)
        given = item.get("id")
        if given not in (None, "") and str(given) not in (previous.id, previous.prev_id):
            if previous.is_system:
                raise InvalidCatalog("catalog.system_id", field=previous.id)
            changes["text_id"] = _field_id(given)
        elif str(given) == previous.prev_id and item.get("prevId") not in (None, "") and not previous.is_system:
            changes["text_id"] = None
        return msgspec.structs.replace(previous, **changes)


def own_id(sent: Mapping[str, Any], number: int | None = None, previous: str | None = None) -> str | None:
    """The text id that a section or catalog is to have: ``id`` where it is given and no number, else ``previous``.

    The entity's own number as ``id`` beside ``prevId`` takes the text id away. `InvalidCatalog` for an id that cannot be.
    """
    given = sent.get("id")
    if given in (None, ""):
        return previous
    if str(given).isdecimal():
        return None if str(given) == str(number) and sent.get("prevId") not in (None, "") else previous
    own = _own_id(given)
    if own != previous and own in SYSTEM_IDS:
        raise InvalidCatalog("catalog.reserved_id", sent=shown(own))
    return own


def text(item: Mapping[str, Any], key: str, *, required: bool = False) -> str:
    """The text under ``key``, empty for ``null``; `InvalidCatalog` where it is none, too long, or empty and required."""
    value = item.get(key)
    value = "" if value is None else value
    if (
        not isinstance(value, str)
        or (required and not value.strip())
        or len(value) > _TEXT_LENGTH
        or not is_storable(value)
    ):
        raise InvalidCatalog("catalog.bad_property", key=key, accepted=f"text (1–{_TEXT_LENGTH})", sent=shown(value))
    return value


def flag(item: Mapping[str, Any], key: str, previous: bool) -> bool:
    """The boolean under ``key``, ``previous`` without one; `InvalidCatalog` where it is none."""
    value = item.get(key)
    if value is None:
        return previous
    if not isinstance(value, bool):
        raise InvalidCatalog("catalog.bad_property", key=key, accepted="true | false", sent=shown(value))
    return value


def whole_number(item: Mapping[str, Any], key: str, previous: int) -> int:
    """The whole number under ``key``, ``previous`` without one; `InvalidCatalog` where it is none."""
    value = item.get(key)
    if value is None:
        return previous
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > _LARGEST:
        raise InvalidCatalog("catalog.bad_property", key=key, accepted="0, 1, 2, …", sent=shown(value))
    return value


def _field_id(given: Any) -> str:
    if given in _RESERVED:
        raise InvalidCatalog("catalog.reserved_field_id", sent=shown(given))
    return _own_id(given)


def _own_id(given: Any) -> str:
    if not is_text_id(given):
        raise InvalidCatalog("catalog.bad_field_id", sent=shown(given))
    return str(given)


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
    for key, name in _FLAGS.items():
        if item.get(key) is not None:
            found[name] = flag(item, key, previous=False)
    if "visible" in item:
        found["visible"] = {} if item["visible"] is None else item["visible"]
    return found


def _require_distinct(fields: list[Field]) -> None:
    numbers = [field.number for field in fields]
    ids = [field.text_id for field in fields if field.text_id is not None]
    for field in fields:
        if numbers.count(field.number) > 1 or ids.count(field.text_id or "") > 1:
            raise InvalidCatalog("catalog.duplicate_field", field=field.id)
