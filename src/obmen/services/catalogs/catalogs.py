"""Sections and catalogs: reading, making, changing, removing. The only place that changes a catalog's table (law 2)."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import msgspec

from obmen import messages
from obmen.domain.catalogs.changes import FieldPlan, plan_fields, text
from obmen.domain.catalogs.schema import CATALOGS, Catalog, Field, Schema, Section
from obmen.domain.encoding import encode
from obmen.domain.field_types import shown
from obmen.domain.records.values import holds_value, title_field
from obmen.domain.rights import rights
from obmen.domain.rights.rights import SYSTEM, Caller
from obmen.errors import Conflict, Forbidden, InvalidCatalog
from obmen.services.schema.cache import CatalogCache, read_schema
from obmen.services.system_catalogs import SECTION, system_catalogs
from obmen.storage.database import Connection, Database
from obmen.storage.statements import catalog_tables

_HIDDEN = ("nextItem",)


class Catalogs:
    """Sections and catalogs of the company."""

    def __init__(self, database: Database, cache: CatalogCache) -> None:
        self._database = database
        self._cache = cache

    # sections

    def sections(self, caller: Caller) -> list[dict[str, Any]]:
        """The sections with a catalog the caller may know of (contract: Sections)."""
        schema = self._cache.schema
        seen = {catalog.section_id for catalog in schema.catalogs.values() if rights.sees_catalog(caller, catalog)}
        return [
            describe_section(section)
            for section in schema.sections.values()
            if caller.may_everything or section.id in seen
        ]

    def section(self, caller: Caller, section_id: str) -> dict[str, Any]:
        """One section."""
        rights.require_admin(caller)
        return {**describe_section(self._cache.schema.section(section_id)), "privilegeCode": "admin"}

    async def create_section(self, caller: Caller, sent: Any, *, text_id: str | None = None) -> str:
        """The id of a new section."""
        rights.require_admin(caller)
        sent = _described(sent)
        name, icon = text(sent, "name", required=True), text(sent, "icon")
        async with self._describing() as connection:
            section_id = await connection.fetchval(self._database.queries["create_section"], name, icon, text_id)
        await self._cache.refresh()
        return str(section_id)

    async def change_section(self, caller: Caller, section_id: str, sent: Any) -> None:
        """Changes what is named: name, icon, order of catalogs."""
        rights.require_admin(caller)
        sent = _described(sent)
        async with self._describing() as connection:
            schema = await read_schema(self._database, connection)
            section = schema.section(section_id)
            order = section.catalog_order
            if "catalogsPriorities" in sent:
                order = _order(sent["catalogsPriorities"], schema)
            await connection.execute(
                self._database.queries["update_section"],
                section.id,
                text(sent, "name", required=True) if "name" in sent else section.name,
                text(sent, "icon") if "icon" in sent else section.icon,
                list(order),
            )
        await self._cache.refresh()

    async def remove_section(self, caller: Caller, section_id: str) -> None:
        """Removes a section with its catalogs (contract: Sections)."""
        rights.require_admin(caller)
        section = (await self._cache.refresh()).section(section_id)
        if section.text_id is not None:
            raise Forbidden("catalog.system_section", section=section.name)
        async with self._describing() as connection:
            await connection.execute(self._database.queries["remove_section"], section.id)
        await self._cache.refresh()

    # catalogs

    def catalogs(self, caller: Caller, section_id: str | None) -> list[dict[str, Any]]:
        """The catalogs the caller may know of, without their fields."""
        schema = self._cache.schema
        wanted = schema.section(section_id).id if section_id not in (None, "") else None
        return [
            _head(catalog)
            for catalog in schema.in_order()
            if rights.sees_catalog(caller, catalog) and wanted in (None, catalog.section_id)
        ]

    def catalog(self, caller: Caller, catalog_id: str, fields: list[str] | None = None) -> dict[str, Any]:
        """One catalog with its fields, or with those named."""
        catalog = self._cache.schema.catalog(catalog_id)
        rights.require(caller, catalog)
        chosen = catalog.fields if fields is None else tuple(catalog.field(field_id) for field_id in fields)
        return describe_catalog(catalog, self._cache.schema, chosen)

    async def create(self, caller: Caller, sent: Any) -> Catalog:
        """A new catalog and its table, in one transaction."""
        rights.require_admin(caller)
        sent = _described(sent)
        plan = plan_fields(sent.get("fields") or [], None)
        return await self._create(sent.get("sectionId"), text(sent, "name", required=True), text(sent, "icon"), plan)

    async def create_system(self, language: str) -> None:
        """Makes the section and the catalogs of the system, as far as they are missing; names are in ``language``."""
        if SECTION not in {section.text_id for section in self._cache.schema.sections.values()}:
            sent = {"name": messages.text("system.management", language), "icon": "settings"}
            await self.create_section(SYSTEM, sent, text_id=SECTION)
        for text_id, system in system_catalogs().items():
            if self._cache.schema.find(text_id) is None:
                name = messages.text(f"system.{text_id.removeprefix('$')}", language)
                plan = plan_fields(system.described(language), None)
                await self._create(SECTION, name, system.icon, plan, text_id, system.unique)

    async def _create(
        self,
        section_id: object,
        name: str,
        icon: str,
        plan: FieldPlan,
        text_id: str | None = None,
        unique: tuple[str, ...] = (),
    ) -> Catalog:
        async with self._describing() as connection:
            schema = await read_schema(self._database, connection)
            section = schema.section(section_id)
            _check_targets(plan.fields, schema, own=None)
            catalog_id = await connection.fetchval(
                self._database.queries["create_catalog"],
                section.id,
                name,
                icon,
                text_id,
                encode(plan.fields).decode(),
                plan.next_field,
            )
            catalog = Catalog(
                id=catalog_id,
                section_id=section.id,
                name=name,
                icon=icon,
                text_id=text_id,
                fields=plan.fields,
                next_field=plan.next_field,
            )
            await connection.execute(catalog_tables.create_table(catalog, self._database.schema))
            for field_id in unique:
                field = catalog.by_id[field_id]
                await connection.execute(catalog_tables.unique_index(catalog, field, self._database.schema))
        return (await self._cache.refresh()).catalog(catalog_id)

    async def change(self, caller: Caller, catalog_id: str, sent: Any) -> None:
        """Changes what is named; with ``fields``, the whole list of fields: columns follow in the same transaction."""
        rights.require_admin(caller)
        sent = _described(sent)
        async with self._describing() as connection:
            schema = await read_schema(self._database, connection)
            catalog = schema.catalog(catalog_id)
            plan = FieldPlan(fields=catalog.fields, next_field=catalog.next_field, added=(), dropped=())
            if "fields" in sent:
                plan = plan_fields(sent["fields"], catalog)
                _check_targets(plan.fields, schema, own=catalog)
                if catalog.text_id == CATALOGS and (plan.added or plan.dropped):
                    raise Forbidden("catalog.read_only", catalog=catalog.key)
            await connection.execute(
                self._database.queries["update_catalog"],
                catalog.id,
                schema.section(sent["sectionId"]).id if "sectionId" in sent else catalog.section_id,
                text(sent, "name", required=True) if "name" in sent else catalog.name,
                text(sent, "icon") if "icon" in sent else catalog.icon,
                encode(plan.fields).decode(),
                plan.next_field,
            )
            for statement in _alterations(catalog, plan, self._database.schema):
                await connection.execute(statement)
        await self._cache.refresh()

    async def remove(self, caller: Caller, catalog_id: str) -> None:
        """Removes a catalog; links to its records stay and are answered as removed."""
        rights.require_admin(caller)
        catalog = (await self._cache.refresh()).catalog(catalog_id)
        if catalog.text_id is not None:
            raise Forbidden("catalog.system", catalog=catalog.key)
        async with self._describing() as connection:
            await connection.execute(self._database.queries["remove_catalog"], catalog.id)
        await self._cache.refresh()

    @asynccontextmanager
    async def _describing(self) -> AsyncIterator[Connection]:
        """A transaction that alone changes descriptions and tells everybody at its end; `Conflict` where it cannot get its turn."""
        try:
            async with self._database.transaction() as connection:
                await connection.execute("set local lock_timeout = '5s'")
                await connection.fetchval(self._database.queries["bump_schema"])
                yield connection
        except asyncpg.LockNotAvailableError:
            raise Conflict("catalog.changed_meanwhile") from None


def describe_section(section: Section) -> dict[str, Any]:
    """A section as the API answers it."""
    return {"id": str(section.id), "icon": section.icon, "name": section.name}


def _head(catalog: Catalog) -> dict[str, Any]:
    return {
        "id": catalog.key,
        "sectionId": str(catalog.section_id),
        "icon": catalog.icon,
        "name": catalog.name,
        "fieldPrivilegeCodes": {field.id: "edit" for field in catalog.fields},
    }


def describe_catalog(catalog: Catalog, schema: Schema, fields: tuple[Field, ...]) -> dict[str, Any]:
    """A catalog as the API answers it (contract: Catalogs)."""
    return {**_head(catalog), "privilegeCode": "admin", "fields": [describe_field(field, schema) for field in fields]}


def describe_field(field: Field, schema: Schema) -> dict[str, Any]:
    """A field as the API answers it; a linked field says what its catalogs are called now."""
    described: dict[str, Any] = msgspec.to_builtins(field)
    del described["number"]
    described["config"] = {key: value for key, value in field.config.items() if key not in _HIDDEN}
    if "catalogs" in field.config:
        described["config"]["catalogs"] = [_target(item["id"], schema) for item in field.config["catalogs"]]
    return described


def _target(catalog_id: str, schema: Schema) -> dict[str, Any]:
    catalog = schema.find(catalog_id)
    if catalog is None:
        return {"id": catalog_id, "title": "", "icon": "", "removed": True}
    return {"id": catalog.key, "title": catalog.name, "icon": catalog.icon, "removed": False}


def _alterations(catalog: Catalog, plan: FieldPlan, namespace: str) -> list[str]:
    after = msgspec.structs.replace(catalog, fields=plan.fields)
    return [
        *(catalog_tables.add_column(catalog, field, namespace) for field in plan.added if holds_value(field)),
        *(catalog_tables.drop_column(catalog, field, namespace) for field in plan.dropped if holds_value(field)),
        *([catalog_tables.retitle(after, namespace)] if title_field(catalog) != title_field(after) else ()),
    ]


def _described(sent: Any) -> Mapping[str, Any]:
    if not isinstance(sent, Mapping):
        raise InvalidCatalog("catalog.not_object", sent=shown(sent))
    return sent


def _order(sent: Any, schema: Schema) -> tuple[int, ...]:
    if not isinstance(sent, list):
        raise InvalidCatalog("catalog.bad_property", key="catalogsPriorities", accepted='["5", "3"]', sent=shown(sent))
    return tuple(schema.catalog(catalog_id).id for catalog_id in sent)


def _check_targets(fields: tuple[Field, ...], schema: Schema, own: Catalog | None) -> None:
    """Linked fields point at catalogs that exist; links that pointed at a removed catalog before may stay."""
    for field in fields:
        before = () if own is None or field.id not in own.by_id else own.by_id[field.id].config.get("catalogs", ())
        for item in field.config.get("catalogs", ()):
            if item not in before:
                schema.catalog(item["id"])
