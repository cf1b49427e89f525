"""Catalogs: reading, making, changing, removing. The only place that changes a catalog's table (law 2)."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from obmen.domain.catalogs.changes import FieldPlan, FieldPlanner, flag, own_id, text
from obmen.domain.catalogs.descriptions import CatalogDescription, describe_catalog
from obmen.domain.rights.policies import Caller, Policy, policy, require_admin
from obmen.domain.schema import Catalog, Field, Schema
from obmen.errors import Conflict, Forbidden
from obmen.services.catalogs.descriptions import Descriptions
from obmen.services.catalogs.system import create_system_catalogs
from obmen.services.system_catalogs import SystemCatalog


class Catalogs:
    """Catalogs of the company."""

    def __init__(self, descriptions: Descriptions, system_catalogs: Mapping[str, SystemCatalog]) -> None:
        self._descriptions = descriptions
        self._system_catalogs = system_catalogs
        self._known: tuple[Schema, dict[tuple[int, Policy], CatalogDescription]] = (descriptions.known, {})

    async def all(
        self, caller: Caller, section_id: str | None = None, *, twins: bool = True
    ) -> list[CatalogDescription]:
        """The catalogs the caller may know of, of all sections or of one."""
        schema = await self._descriptions.newest()
        allowed = policy(caller, schema)
        wanted = schema.section(section_id).number if section_id else None
        listed = [catalog for catalog in schema.in_order() if wanted in (None, catalog.section)]
        described = (describe_catalog(catalog, schema, allowed, twins=twins) for catalog in listed)
        return [found for found in described if found is not None]

    async def read(
        self, caller: Caller, catalog_id: str, fields: Sequence[str | int] | None = None, *, twins: bool = True
    ) -> CatalogDescription:
        """One catalog with its fields, or with those named; `NotFound`, or `Forbidden` for a caller without any privilege."""
        schema = await self._descriptions.newest()
        catalog = schema.catalog(catalog_id)
        chosen = None if fields is None else _chosen(catalog, fields)
        described = describe_catalog(catalog, schema, policy(caller, schema), fields=chosen, twins=twins)
        if described is None:
            raise Forbidden("access.no_right", catalog=catalog.id)
        return described

    async def read_known(self, caller: Caller, catalog_id: str) -> CatalogDescription:
        """The same as this process knows it, without asking the database: milliseconds behind the newest description."""
        schema = self._descriptions.known
        if (catalog := schema.find(catalog_id)) is None:
            return await self.read(caller, catalog_id)
        if self._known[0] is not schema:
            self._known = (schema, {})
        key = (catalog.number, policy(caller, schema))
        described = self._known[1].get(key) or describe_catalog(catalog, schema, key[1])
        if described is None:
            raise Forbidden("access.no_right", catalog=catalog_id)
        self._known[1][key] = described
        return described

    async def create(self, caller: Caller, sent: Mapping[str, Any]) -> CatalogDescription:
        """A new catalog; its table is made in the same transaction."""
        require_admin(caller)
        name, icon, history = text(sent, "name", required=True), text(sent, "icon"), flag(sent, "history", True)
        text_id = own_id(sent)
        async with self._descriptions.changing() as change:
            section = change.schema.section(sent.get("sectionId"))
            _require_free(text_id, change.schema)
            plan = FieldPlanner(None, change.schema, self._descriptions.types).plan(sent.get("fields") or [])
            catalog = Catalog(
                number=0,
                section=section.number,
                name=name,
                icon=icon,
                text_id=text_id,
                history=history,
                fields=plan.fields,
                next_field=plan.next_field,
            )
            catalog = await self._descriptions.store(change, catalog)
        schema = await self._descriptions.newest()
        described = describe_catalog(catalog, schema, policy(caller, schema))
        assert described is not None
        return described

    async def change(self, caller: Caller, catalog_id: str, sent: Mapping[str, Any]) -> None:
        """Changes what is named; with ``fields``, the whole list of fields: columns follow in the same transaction."""
        require_admin(caller)
        async with self._descriptions.changing() as change:
            before = change.schema.catalog(catalog_id)
            after = self._changed(before, sent, change.schema)
            await self._descriptions.store_change(change, before, after)

    async def remove(self, caller: Caller, catalog_id: str) -> None:
        """Removes a catalog; links to its records stay and are answered as removed."""
        require_admin(caller)
        async with self._descriptions.changing() as change:
            catalog = change.schema.catalog(catalog_id)
            if catalog.is_system:
                raise Forbidden("catalog.system", catalog=catalog.id)
            await change.connection.execute(self._descriptions.queries["remove_catalog"], catalog.number)

    async def create_system(self, language: str) -> None:
        """Makes the catalogs of the system, as far as they are missing, and their section; names are in ``language``."""
        await create_system_catalogs(self._descriptions, self._system_catalogs, language)

    def _changed(self, before: Catalog, sent: Mapping[str, Any], schema: Schema) -> Catalog:
        text_id = own_id(sent, before.number, before.text_id)
        if text_id != before.text_id:
            if before.is_system:
                raise Forbidden("catalog.system", catalog=before.id)
            _require_free(text_id, schema)
        plan = FieldPlan(fields=before.fields, next_field=before.next_field)
        if sent.get("fields") is not None:
            plan = FieldPlanner(before, schema, self._descriptions.types).plan(sent["fields"])
        system = self._system_catalogs.get(before.id)
        if system is not None and system.described_by is not None and (plan.added or plan.dropped):
            raise Forbidden("catalog.read_only", catalog=before.id)
        section = before.section if sent.get("sectionId") is None else schema.section(sent["sectionId"]).number
        return msgspec.structs.replace(
            before,
            text_id=text_id,
            section=section,
            name=text(sent, "name", required=True) if "name" in sent else before.name,
            icon=text(sent, "icon") if "icon" in sent else before.icon,
            history=flag(sent, "history", before.history),
            fields=plan.fields,
            next_field=plan.next_field,
            removed_fields=tuple(dict.fromkeys((*before.removed_fields, *plan.removed_ids))),
        )


def _chosen(catalog: Catalog, fields: Sequence[str | int]) -> list[Field]:
    """The fields named, each once."""
    return list({field.number: field for field in (catalog.field(field_id) for field_id in fields)}.values())


def _require_free(text_id: str | None, schema: Schema) -> None:
    if text_id is not None and schema.find(text_id) is not None:
        raise Conflict("catalog.catalog_id_taken", id=text_id)
