"""Items of a choice: ``config.items``. Each has a number, handed out in order and never again, and may have an own id.

Stored values are numbers, so that an item keeps its records when its id changes. Items that were removed stay in
``config.removedItems``: records may still have them. Called by the field types with a fixed choice.
"""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Final

from obmen.domain.field_types import FieldType, Parsed, WriteContext, as_list, filter_problem, problem, shown
from obmen.domain.renderings import Choices, Rendering
from obmen.domain.schema import Field, Schema, is_text_id
from obmen.errors import FieldProblem, InvalidCatalog

_DIGITS: Final = 10
"""Numbers of items fit PostgreSQL's ``integer``."""

KEPT: Final = "removedItems"
NEXT: Final = "nextItem"
HIDDEN: Final = (KEPT, NEXT)
"""Keys of ``config`` that are Obmen's own."""


class ItemType(FieldType):
    """The base of field types with a fixed choice."""

    order = "items"
    settings: ClassVar[Mapping[str, Any]] = {"items": [], "defaultValue": False, "defaultEmptyValue": []}

    def configure(
        self, config: Mapping[str, Any], previous: Mapping[str, Any] | None, schema: Schema
    ) -> dict[str, Any]:
        """Items get their numbers."""
        return configure({**self.settings, **config}, previous)

    def described(self, field: Field, schema: Schema) -> dict[str, Any]:
        """Items with both ids."""
        return described({**self.settings, **field.config})


class ItemListType(ItemType):
    """The base of those whose value is a list of items."""

    column = "integer[]"
    indexes = ("members",)

    def default(self, field: Field, context: WriteContext) -> Parsed:
        """The first item, where the field says so."""
        taken = first(field)
        return None if taken is None else (taken,)

    def rendering(self, field: Field, schema: Schema) -> Rendering:
        """A list of ids."""
        return Choices(own_ids(field))


def configure(config: Mapping[str, Any], previous: Mapping[str, Any] | None) -> dict[str, Any]:
    """``config`` with a number and an id for every item; `InvalidCatalog` where items are none.

    An item with the id or the number of one before, or that names it as ``prevId``, is that item.
    """
    sent = config.get("items", [])
    if not isinstance(sent, list) or not all(_is_item(item) for item in sent):
        raise InvalidCatalog("catalog.bad_items", sent=shown(sent))
    before = {} if previous is None else {item["number"]: item for item in _all(previous)}
    by_id = {str(key): number for number, item in before.items() for key in (number, item["id"])}
    wanted = [by_id.get(_id(item, "prevId")) or by_id.get(_id(item, "id")) for item in sent]
    given = [int(key) for item in sent if (key := _id(item, "id")).isdecimal()]
    following = max([0, *given, *before, int((previous or {}).get(NEXT, 1)) - 1]) + 1
    items = []
    for item, number in zip(sent, wanted, strict=True):
        own = _id(item, "id")
        taken = number if number is not None else int(own) if own.isdecimal() else following
        following = max(following, taken + 1)
        items.append(_described(item, taken, own))
    for key in ("number", "id"):
        if len({item[key] for item in items}) < len(items):
            raise InvalidCatalog("catalog.duplicate_items", sent=shown(sent))
    numbers = {item["number"] for item in items}
    removed = [item for number, item in before.items() if number not in numbers]
    return {**config, "items": items, KEPT: removed, NEXT: following}


def described(config: Mapping[str, Any]) -> dict[str, Any]:
    """``config`` as answers show it: items with ``id``, ``dbId``, ``prevId`` and what else was sent with them."""
    shown_items = [
        {"dbId": item["number"], "prevId": str(item["number"]), **_without(item, "number")}
        for item in config.get("items", ())
    ]
    return {**_without(config, *HIDDEN), "items": shown_items}


def own_ids(field: Field) -> tuple[tuple[int, str], ...]:
    """``(number, id)`` of the items, present and removed, whose id is not their number."""
    return tuple((item["number"], item["id"]) for item in _all(field.config) if item["id"] != str(item["number"]))


def in_order(field: Field) -> tuple[int, ...]:
    """The numbers of the items, first to last."""
    return tuple(item["number"] for item in field.config.get("items", ()))


def chosen(field: Field, value: Any) -> tuple[int, ...]:
    """The numbers of the chosen items, each once, in the order sent; `FieldProblem` for an id that never was a choice."""
    by_id = _by_id(field)
    numbers: dict[int, None] = {}
    for item in as_list(value):
        number = None if isinstance(item, bool) or not isinstance(item, str | int) else by_id.get(str(item))
        if number is None:
            raise no_item(field, item)
        numbers[number] = None
    return tuple(numbers)


def no_item(field: Field, sent: Any) -> FieldProblem:
    """The error for what is none of the choices."""
    return problem("no_item", field, sent, accepted=shown([item["id"] for item in field.config.get("items", ())]))


def number_of(field: Field, item_id: str) -> int:
    """The number of an item that is known to be there."""
    return _by_id(field)[item_id]


def ids_of(field: Field, numbers: Iterable[int]) -> frozenset[str]:
    """The ids of items by number."""
    by_number = {item["number"]: str(item["id"]) for item in _all(field.config)}
    return frozenset(by_number[number] for number in numbers)


def is_removed(field: Field, number: int) -> bool:
    """Whether the item is a choice no more."""
    return number not in in_order(field)


def filtered(field: Field, value: Any) -> tuple[int, ...]:
    """The numbers of the items in a filter; `InvalidFilter` where they are no ids. An id that is no choice matches nothing."""
    sent = as_list(value)
    if not sent or "" in sent:
        raise filter_problem("empty", field, value)
    if any(isinstance(item, bool) or not isinstance(item, str | int) for item in sent):
        raise filter_problem("not_ids", field, value)
    by_id = _by_id(field)
    return tuple(by_id.get(str(item), 0) for item in sent)


def first(field: Field) -> int | None:
    """The first item's number where the field takes it by default."""
    items = in_order(field)
    return items[0] if items and field.config.get("defaultValue") is True else None


def _by_id(field: Field) -> dict[str, int]:
    return {str(key): item["number"] for item in _all(field.config) for key in (item["number"], item["id"])}


def _all(config: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [*config.get("items", ()), *config.get(KEPT, ())]


def _described(item: Mapping[str, Any], number: int, own: str) -> dict[str, Any]:
    if own and not own.isdecimal() and not _is_item_id(own):
        raise InvalidCatalog("catalog.bad_item_id", sent=shown(own))
    item_id = own if own and not own.isdecimal() else str(number)
    return {**_without(item, "dbId", "prevId"), "number": number, "id": item_id}


def _is_item_id(value: str) -> bool:
    """Like other own ids; those of the system's events have points."""
    return is_text_id(value.replace(".", "_"))


def _id(item: Mapping[str, Any], key: str) -> str:
    value = item.get(key)
    return "" if value is None else str(value)


def _without(mapping: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in mapping.items() if key not in keys}


def _is_item(item: Any) -> bool:
    if not isinstance(item, Mapping) or any(isinstance(item.get(key), bool) for key in ("id", "prevId")):
        return False
    name = item.get("name")
    if not isinstance(name, str) or name == "":
        return False
    own = item.get("id")
    if own in (None, ""):
        return True
    return isinstance(own, str | int) and (
        not str(own).isdecimal() or (len(str(own)) <= _DIGITS and 0 < int(own) < 2**31)
    )
