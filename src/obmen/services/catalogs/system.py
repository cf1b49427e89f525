"""Creates the section and the catalogs of the system. Called by `catalogs`."""

from collections.abc import Mapping
from typing import Final

from obmen import messages
from obmen.domain.catalogs.changes import FieldPlanner
from obmen.domain.schema import SETTINGS_SECTION, Catalog, Schema
from obmen.services.catalogs.descriptions import Changing, Descriptions
from obmen.services.catalogs.sections import LAST
from obmen.services.system_catalogs import SystemCatalog

_SECTION_NUMBER: Final = 1
_SECTION_ICON: Final = "setting-7"


async def create_system_catalogs(
    descriptions: Descriptions, system_catalogs: Mapping[str, SystemCatalog], language: str
) -> None:
    """Makes what is missing of them, in one transaction; names are in ``language``.

    Fields of one may link to another that is made later: all are planned under a schema that has each of them already.
    """
    async with descriptions.changing() as change:
        if _SECTION_NUMBER not in change.schema.sections:
            name = messages.text("system.management", language)
            await change.connection.fetchval(
                descriptions.queries["create_section"], _SECTION_NUMBER, SETTINGS_SECTION, name, _SECTION_ICON, LAST
            )
        missing = [one for one in system_catalogs.values() if one.number not in change.schema.catalogs]
        schema = _with(change, missing)
        for system in sorted(missing, key=lambda one: one.number):
            plan = FieldPlanner(None, schema, descriptions.types).plan(system.described(language), is_system=True)
            catalog = Catalog(
                number=system.number,
                section=_SECTION_NUMBER,
                name=messages.text(f"system.{system.text_id.removeprefix('$')}", language),
                icon=system.icon,
                text_id=system.text_id,
                fields=plan.fields,
                next_field=plan.next_field,
            )
            await descriptions.store(change, catalog, system.described_by, system.unique)


def _with(change: Changing, systems: list[SystemCatalog]) -> Schema:
    schema = change.schema
    bare = [
        Catalog(number=one.number, section=_SECTION_NUMBER, name=one.text_id, text_id=one.text_id) for one in systems
    ]
    return Schema(schema.version, schema.sections.values(), [*schema.catalogs.values(), *bare])
