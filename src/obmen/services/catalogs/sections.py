"""Sections: reading, making, changing, removing (docs/reference/catalogs.md)."""

from collections.abc import Mapping
from typing import Any, Final

from obmen.domain.catalogs.changes import own_id, text, whole_number
from obmen.domain.catalogs.descriptions import SectionDescription, describe_section
from obmen.domain.field_types import shown
from obmen.domain.rights.policies import Caller, policy, require_admin
from obmen.domain.schema import Schema
from obmen.errors import Conflict, Forbidden, InvalidCatalog
from obmen.services.catalogs.descriptions import Descriptions

LAST: Final = 1_000
"""Priority of the system's section when it is made: those of users stand before it."""


class Sections:
    """Sections of the company."""

    def __init__(self, descriptions: Descriptions) -> None:
        self._descriptions = descriptions

    async def all(self, caller: Caller) -> list[SectionDescription]:
        """The sections the caller may know of, in order."""
        schema = await self._descriptions.newest()
        allowed = policy(caller, schema)
        described = (describe_section(section, allowed) for section in schema.sections.values())
        return [found for found in described if found is not None]

    async def read(self, caller: Caller, section_id: str) -> SectionDescription:
        """One section; `NotFound`, or `Forbidden` for a caller without any privilege in it."""
        schema = await self._descriptions.newest()
        described = describe_section(schema.section(section_id), policy(caller, schema))
        if described is None:
            raise Forbidden("access.not_admin")
        return described

    async def create(self, caller: Caller, sent: Mapping[str, Any]) -> str:
        """The id of a new section, behind the others of users where ``priority`` is not given."""
        require_admin(caller)
        text_id = own_id(sent)
        name, icon = text(sent, "name", required=True), text(sent, "icon")
        async with self._descriptions.changing() as change:
            _require_free(text_id, change.schema)
            users = [section.priority for section in change.schema.sections.values() if not section.is_system]
            priority = whole_number(sent, "priority", max(users, default=0) + 1)
            number = await change.connection.fetchval(
                self._descriptions.queries["create_section"], None, text_id, name, icon, priority
            )
        return text_id or str(number)

    async def change(self, caller: Caller, section_id: str, sent: Mapping[str, Any]) -> None:
        """Changes what is named: id, name, icon, priority, order of catalogs."""
        require_admin(caller)
        async with self._descriptions.changing() as change:
            section = change.schema.section(section_id)
            text_id = own_id(sent, section.number, section.text_id)
            if text_id != section.text_id:
                if section.is_system:
                    raise Forbidden("catalog.system_section", section=section.name)
                _require_free(text_id, change.schema)
            order = section.catalog_order
            if sent.get("catalogsPriorities") is not None:
                order = _order(sent["catalogsPriorities"], change.schema)
            await change.connection.execute(
                self._descriptions.queries["update_section"],
                section.number,
                text_id,
                text(sent, "name", required=True) if "name" in sent else section.name,
                text(sent, "icon") if "icon" in sent else section.icon,
                whole_number(sent, "priority", section.priority),
                list(order),
            )

    async def remove(self, caller: Caller, section_id: str) -> None:
        """Removes a section with its catalogs; links to their records stay and are answered as removed."""
        require_admin(caller)
        async with self._descriptions.changing() as change:
            section = change.schema.section(section_id)
            within = [one for one in change.schema.catalogs.values() if one.section == section.number]
            if section.is_system or any(catalog.is_system for catalog in within):
                raise Forbidden("catalog.system_section", section=section.name)
            await change.connection.execute(self._descriptions.queries["remove_section"], section.number)


def _require_free(text_id: str | None, schema: Schema) -> None:
    if text_id is not None and any(section.id == text_id for section in schema.sections.values()):
        raise Conflict("catalog.section_id_taken", id=text_id)


def _order(sent: Any, schema: Schema) -> tuple[int, ...]:
    if not isinstance(sent, list):
        raise InvalidCatalog("catalog.bad_property", key="catalogsPriorities", accepted='["5", "3"]', sent=shown(sent))
    return tuple(dict.fromkeys(schema.catalog(catalog_id).number for catalog_id in sent))
