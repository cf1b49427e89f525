"""Linked records of other catalogs."""

from collections.abc import Mapping
from typing import Any, ClassVar

from obmen.domain.field_types import (
    FieldType,
    FilterContext,
    Parsed,
    Reference,
    WriteContext,
    as_list,
    filter_problem,
    problem,
    require_one,
    shown,
)
from obmen.domain.queries.filters import Either, HasId, LinksTo, Test
from obmen.domain.record_ids import RecordId, record_id
from obmen.domain.renderings import Links, Rendering
from obmen.domain.schema import Catalog, Field, Schema
from obmen.errors import InvalidCatalog


class Object(FieldType):
    """A list of links into the catalogs of ``config.catalogs`` (docs/reference/fields.md).

    A link is stored as ``catalog:record``, both numbers, so that one column reaches several catalogs and one index finds
    who links to a record.
    """

    name = "object"
    column = "text[]"
    order = "link"
    indexes = ("members",)
    settings: ClassVar[Mapping[str, Any]] = {
        "multiselect": False, "accessOnly": False, "enableCreate": True, "enableUnsaved": False, "enableSelect": True,
        "mode": "cards", "type": "object", "catalogs": [], "views": [], "fields": {}, "defaultEmptyValue": [],
    }  # fmt: skip

    def configure(
        self, config: Mapping[str, Any], previous: Mapping[str, Any] | None, schema: Schema
    ) -> dict[str, Any]:
        """``catalogs`` is a list of ``{id}``; ``fields`` names fields of those catalogs, by id or by whole descriptions."""
        settings = {**self.settings, **config}
        catalogs, before = settings["catalogs"], [item["number"] for item in (previous or {}).get("catalogs", ())]
        if not isinstance(catalogs, list) or not all(
            isinstance(item, Mapping) and isinstance(item.get("id"), str | int) for item in catalogs
        ):
            raise InvalidCatalog("catalog.bad_catalogs", sent=shown(catalogs))
        numbers = [_number(item, schema, before) for item in catalogs]
        settings["catalogs"] = [{"number": number} for number in dict.fromkeys(numbers)]
        settings["fields"] = _shown_fields(settings["fields"], schema)
        return settings

    def described(self, field: Field, schema: Schema) -> dict[str, Any]:
        """``catalogs`` with what they are called now; the service of catalogs describes ``fields``."""
        catalogs = [_described(item["number"], schema) for item in field.config.get("catalogs", ())]
        return {**self.settings, **field.config, "catalogs": catalogs}

    def parse(self, field: Field, value: Any, context: WriteContext) -> Parsed:
        """``{catalogId, recordId}``, a single one also bare."""
        allowed = {catalog.number: catalog for catalog in targets(field, context.schema)}
        links: dict[tuple[int, RecordId], Reference] = {}
        for item in as_list(value) if value != "" else ():
            if not isinstance(item, Mapping):
                raise problem("not_object", field, item)
            record = record_id(item.get("recordId"))
            if record is None:
                raise problem("not_object", field, item)
            number = _linked_catalog(field, item.get("catalogId"), context.schema)
            if number is None:
                accepted = ", ".join(target.id for target in allowed.values())
                raise problem("not_linked", field, item, accepted=accepted)
            links[number, record] = Reference(number, record)
        require_one(field, list(links), value)
        return tuple(links.values()) or None

    def rendering(self, field: Field, schema: Schema) -> Rendering:
        """``[{sectionId, catalogId, catalogTitle, catalogIcon, recordId, recordTitle, isRemoved}]``."""
        return Links(tuple(catalog.number for catalog in targets(field, schema)))

    def read_filter(self, field: Field, value: Any, context: FilterContext) -> Test:
        """At least one of the links; ``{catalogId, filters}`` finds links to records that match."""
        wanted: dict[int, list[Any]] = {}
        for item in as_list(value):
            catalog = context.schema.find(item.get("catalogId")) if isinstance(item, Mapping) else None
            if catalog is None:
                raise filter_problem("not_links", field, value)
            if "filters" in item:
                wanted.setdefault(catalog.number, []).append(context.linked(catalog.number, item["filters"]))
                continue
            record = record_id(item.get("recordId"))
            if record is None:
                raise filter_problem("not_links", field, value)
            wanted.setdefault(catalog.number, []).append(HasId((record,)))
        if not wanted:
            raise filter_problem("empty", field, value)
        return LinksTo(tuple((number, Either(tuple(filters))) for number, filters in wanted.items()))


def targets(field: Field, schema: Schema) -> list[Catalog]:
    """The catalogs that the field may link to, as far as they still exist."""
    found = (schema.catalogs.get(item["number"]) for item in field.config.get("catalogs", ()))
    return [catalog for catalog in found if catalog is not None]


def extended_fields(field: Field) -> tuple[tuple[int, tuple[int, ...]], ...]:
    """``(catalog, its fields)``, all by number, that are shown in the links of this field."""
    return tuple((int(number), tuple(numbers)) for number, numbers in field.config.get("fields", {}).items())


def _number(item: Mapping[str, Any], schema: Schema, before: list[int]) -> int:
    """The number of a catalog that exists, or that was linked before it was removed: then ``id`` or ``dbId`` is that number."""
    if (found := schema.find(item["id"])) is not None:
        return found.number
    known = (number for number in before if str(number) in (str(item["id"]), str(item.get("dbId"))))
    return next(known, None) or schema.catalog(item["id"]).number


def _linked_catalog(field: Field, catalog_id: Any, schema: Schema) -> int | None:
    """The number of a catalog that the field links to; one that has been removed is known by the ids that it had."""
    numbers = [item["number"] for item in field.config.get("catalogs", ())]
    found = schema.find(catalog_id)
    if found is not None and found.number in numbers:
        return found.number
    gone = (number for number in numbers if number not in schema.catalogs)
    return next((number for number in gone if str(catalog_id) in (str(number), schema.removed_ids.get(number))), None)


def _described(number: int, schema: Schema) -> dict[str, Any]:
    catalog = schema.catalogs.get(number)
    if catalog is None:
        return {"dbId": number, "id": str(number), "title": "", "icon": "", "removed": True}
    return {"dbId": number, "id": catalog.id, "title": catalog.name, "icon": catalog.icon, "removed": False}


def _shown_fields(sent: Any, schema: Schema) -> dict[str, list[int]]:
    """``{catalog: [fields]}`` by number, of ids or of whole descriptions; those that do not exist are passed over."""
    if not isinstance(sent, Mapping) or not all(isinstance(fields, list) for fields in sent.values()):
        raise InvalidCatalog("catalog.bad_property", key="config.fields", accepted='{"5": ["2"]}', sent=shown(sent))
    chosen: dict[str, list[int]] = {}
    for catalog_id, fields in sent.items():
        if (catalog := schema.find(catalog_id)) is not None:
            ids = [item.get("id") if isinstance(item, Mapping) else item for item in fields]
            found = [field.number for field_id in ids if (field := catalog.find(field_id)) is not None]
            chosen[str(catalog.number)] = list(dict.fromkeys(found))
    return chosen


FIELD_TYPE = Object()
