"""Linked records of other catalogs."""

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from obmen.domain.catalogs.schema import Catalog, Field, Schema
from obmen.domain.field_types import (
    Column,
    Condition,
    FieldType,
    FilterContext,
    Link,
    Render,
    WriteContext,
    as_list,
    filter_problem,
    problem,
    record_id,
    shown,
)
from obmen.errors import InvalidCatalog


class Object(FieldType):
    """A list of links into the catalogs of ``config.catalogs`` (contract: records, catalogs).

    A link is stored as ``catalog:record``, so that one column reaches several catalogs and one index finds who links here.
    """

    name = "object"
    column = "text[]"
    empty = ()

    def configure(self, config: Mapping[str, Any], previous: Mapping[str, Any] | None) -> dict[str, Any]:
        """``catalogs`` is a list of ``{id}``."""
        catalogs = config.get("catalogs", [])
        if not isinstance(catalogs, list) or not all(
            isinstance(item, Mapping) and isinstance(item.get("id"), str | int) for item in catalogs
        ):
            raise InvalidCatalog("catalog.bad_catalogs", sent=shown(catalogs))
        return {**config, "catalogs": [{"id": str(item["id"])} for item in catalogs]}

    def parse(self, field: Field, value: Any, context: WriteContext) -> Any:
        """``{catalogId, recordId}``, a single one also bare."""
        allowed = {catalog.id: catalog for catalog in targets(field, context.schema)}
        links: dict[str, None] = {}
        for item in as_list(value) if value != "" else ():
            if not isinstance(item, Mapping):
                raise problem("not_object", field, item)
            catalog = context.schema.find(item.get("catalogId"))
            number = record_id(item.get("recordId"))
            if number is None:
                raise problem("not_object", field, item)
            if catalog is None or catalog.id not in allowed:
                raise problem("not_linked", field, item, accepted=", ".join(target.key for target in allowed.values()))
            links[f"{catalog.id}:{number}"] = None
        if len(links) > 1 and field.config.get("multiselect") is False:
            raise problem("one_item", field, value)
        return list(links) or None

    def select(self, field: Field, schema: Schema, namespace: str) -> tuple[str, ...]:
        """The links, and beside each its title behind ``+``, or ``-`` for a removed one."""
        column = f"r.{field.column}"
        titles = " ".join(
            f"when '{catalog.id}' then (select case when t.removed_at is null then '+' else '-' end || t.title "
            f"from {namespace}.{catalog.table} t where t.id = u.record)"
            for catalog in targets(field, schema)
        )
        title = f"coalesce(case u.catalog {titles} end, '-')" if titles else "'-'"
        return (
            column,
            f"case when {column} is not null then array(select {title} from (select split_part(w.link, ':', 1) as catalog, "
            f"split_part(w.link, ':', 2)::bigint as record, w.place from unnest({column}) with ordinality w(link, place)) u "
            f"order by u.place) end",
        )

    def renderer(self, field: Field, schema: Schema) -> Render:
        """``[{sectionId, catalogId, catalogTitle, catalogIcon, recordId, recordTitle, isRemoved}]``."""
        heads = {str(catalog.id): _head(catalog) for catalog in schema.catalogs.values()}

        def render(links: list[str] | None, titles: list[str] | None) -> Any:
            if not links or not titles:
                return ()
            rendered = []
            for link, title in zip(links, titles, strict=True):
                catalog_id, _, number = link.partition(":")
                head = heads.get(catalog_id) or _gone(catalog_id)
                rendered.append({**head, "recordId": number, "recordTitle": title[1:], "isRemoved": title[0] == "-"})
            return rendered

        return render

    def condition(self, field: Field, column: Column, value: Any, context: FilterContext) -> Condition:
        """At least one of the links; ``{catalogId, filters}`` finds links to records that match (contract: filters)."""
        links: list[str] = []
        conditions: list[Condition] = []
        for item in as_list(value):
            catalog = context.schema.find(item.get("catalogId")) if isinstance(item, Mapping) else None
            if catalog is None:
                raise filter_problem("not_links", field, value)
            if "filters" in item:
                matching = context.linked(catalog.id, item["filters"])
                conditions.append(column.op("&&", is_comparison=True)(matching))
                continue
            number = record_id(item.get("recordId"))
            if number is None:
                raise filter_problem("not_links", field, value)
            links.append(f"{catalog.id}:{number}")
        if links or not conditions:
            conditions.append(column.op("&&", is_comparison=True)(sa.cast(links, postgresql.ARRAY(sa.Text))))
        return sa.or_(*conditions)

    def links(self, field: Field, stored: Any, schema: Schema) -> Iterable[Link]:
        """The linked records."""
        return [Link(*map(int, link.split(":"))) for link in stored]


def targets(field: Field, schema: Schema) -> list[Catalog]:
    """The catalogs that the field may link to, as far as they still exist."""
    found = (schema.find(item["id"]) for item in field.config.get("catalogs", ()))
    return [catalog for catalog in found if catalog is not None]


def _head(catalog: Catalog) -> dict[str, Any]:
    return {
        "sectionId": str(catalog.section_id),
        "catalogId": catalog.key,
        "catalogTitle": catalog.name,
        "catalogIcon": catalog.icon,
    }


def _gone(catalog_id: str) -> dict[str, Any]:
    return {"sectionId": "", "catalogId": catalog_id, "catalogTitle": "", "catalogIcon": ""}


FIELD_TYPE = Object()
