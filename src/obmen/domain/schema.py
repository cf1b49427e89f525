"""Sections, catalogs and fields as values, and the `Schema` that holds all of them.

A `Schema` is a snapshot: it never changes, a newer one replaces it. Every section, catalog and field has a number that
is never handed out again, and may have a text id of its own; both are accepted wherever an id is taken, and answers
show the text id where there is one (docs/reference/ids.md).
"""

import re
from collections.abc import Iterable, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import msgspec

from obmen.errors import NotFound

if TYPE_CHECKING:
    from obmen.domain.field_types import FieldType

CATALOGS: Final = "$catalogs"
USERS: Final = "$users"
SCRIPTS: Final = "$scripts"
WEB_REQUESTS: Final = "$webRequests"
PROCESSES: Final = "$processes"
WEBHOOKS: Final = "$webhooks"
SETTINGS_SECTION: Final = "$settings"
FIRST_SECTION: Final = 10
FIRST_CATALOG: Final = 100
"""Lower numbers are those of the system."""
_TEXT_ID: Final = re.compile(r"(?!\d+\Z)[A-Za-z0-9$_-]{1,64}")


def is_text_id(value: object) -> bool:
    """Whether ``value`` may be an own id: 1 to 64 letters, digits, ``$``, ``_`` and ``-``, and not digits alone."""
    return isinstance(value, str) and _TEXT_ID.fullmatch(value) is not None


class Field(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A field of a catalog. ``number`` names its column."""

    number: int
    type: "FieldType"
    name: str
    text_id: str | None = None
    hint: str = ""
    required: bool = False
    api_only: bool = False
    history: bool = True
    filterable: bool = True
    comment: str = ""
    visible: Any = {}
    is_system: bool = False
    """A field of the system: it cannot be removed, and its value is answered under both ids."""
    config: dict[str, Any] = {}

    @property
    def id(self) -> str:
        """Its id as answers show it."""
        return self.text_id or str(self.number)

    @property
    def prev_id(self) -> str:
        """Its number as text: the id it has without an own one."""
        return str(self.number)

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids its value stands under in answers."""
        return (self.prev_id, self.id) if self.is_system and self.text_id else (self.id,)

    @property
    def column(self) -> str:
        """Name of its column in the catalog's table."""
        return f"f{self.number}"

    @property
    def holds_value(self) -> bool:
        """Whether it has a column (a group has none)."""
        return self.type.column is not None


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """A group of catalogs; ``catalog_order`` lists catalog numbers first to last."""

    number: int
    name: str
    icon: str = ""
    text_id: str | None = None
    priority: int = 0
    catalog_order: tuple[int, ...] = ()

    @property
    def id(self) -> str:
        """Its id as answers show it."""
        return self.text_id or str(self.number)

    @property
    def is_system(self) -> bool:
        """Whether it belongs to the system."""
        return self.number < FIRST_SECTION


class Catalog(msgspec.Struct, frozen=True, kw_only=True, dict=True, eq=False):
    """A list of records of one kind."""

    number: int
    section: int
    name: str
    icon: str = ""
    text_id: str | None = None
    history: bool = True
    fields: tuple[Field, ...] = ()
    next_field: int = 1
    removed_fields: tuple[str, ...] = ()
    """Ids of fields it once had: values under them are ignored, since clients send back what they have read."""
    version: int = 1

    @property
    def id(self) -> str:
        """Its id as answers show it."""
        return self.text_id or str(self.number)

    @property
    def is_system(self) -> bool:
        """Whether it belongs to the system."""
        return self.number < FIRST_CATALOG

    @cached_property
    def value_fields(self) -> tuple[Field, ...]:
        """The fields that have a column."""
        return tuple(field for field in self.fields if field.holds_value)

    @cached_property
    def by_number(self) -> Mapping[int, Field]:
        """Its fields by number."""
        return {field.number: field for field in self.fields}

    @cached_property
    def _by_id(self) -> Mapping[str, Field]:
        return {field_id: field for field in self.fields for field_id in (field.prev_id, field.id)}

    @cached_property
    def title_field(self) -> Field | None:
        """The field that names a record: the first text that is no secret."""
        return next((field for field in self.value_fields if field.type.names_record(field)), None)

    def find(self, field_id: object) -> Field | None:
        """The field with this id (``2``, ``"2"``, ``"$name"``), or ``None``."""
        return self._by_id.get(str(field_id))

    def field(self, field_id: object) -> Field:
        """The field with this id; `NotFound` without one."""
        if (found := self.find(field_id)) is None:
            raise NotFound("catalog.no_field", field=field_id, catalog=self.id)
        return found

    def had_field(self, field_id: str) -> bool:
        """Whether this id belonged to a field that has been removed."""
        if field_id.isdecimal() and field_id.isascii():
            return 0 < int(field_id) < self.next_field and self.find(field_id) is None
        return field_id in self.removed_fields


class Schema:
    """All sections and catalogs as they stood at ``version``."""

    def __init__(
        self,
        version: int,
        sections: Iterable[Section],
        catalogs: Iterable[Catalog],
        removed_ids: Mapping[int, str] = MappingProxyType({}),
    ) -> None:
        """``removed_ids`` are the text ids of catalogs that have been removed, by number."""
        self.version = version
        self.removed_ids = removed_ids
        self.sections = {section.number: section for section in sections}
        self.catalogs = {catalog.number: catalog for catalog in catalogs}
        self._catalogs_by_id = {key: one for one in self.catalogs.values() for key in (str(one.number), one.id)}

    def find(self, catalog_id: object) -> Catalog | None:
        """The catalog with this id (``105``, ``"105"``, ``"$users"``), or ``None``."""
        return self._catalogs_by_id.get(str(catalog_id))

    def catalog(self, catalog_id: object) -> Catalog:
        """The catalog with this id; `NotFound` without one."""
        if (found := self.find(catalog_id)) is None:
            raise NotFound("catalog.none", catalog=catalog_id)
        return found

    def section(self, section_id: object) -> Section:
        """The section with this id; `NotFound` without one. A section of the system has no number outside."""
        for section in self.sections.values():
            if str(section_id) == section.id or (not section.is_system and str(section_id) == str(section.number)):
                return section
        raise NotFound("catalog.no_section", section=section_id)

    def section_of(self, catalog: Catalog) -> str:
        """Id of the section of ``catalog``, as answers show it."""
        return self.sections[catalog.section].id if catalog.section in self.sections else str(catalog.section)

    def in_order(self) -> list[Catalog]:
        """All catalogs: section by section, in each section's own order, the others by number."""
        places = {number: place for place, number in enumerate(self.sections)}

        def rank(catalog: Catalog) -> tuple[int, int, int]:
            section = self.sections.get(catalog.section)
            order = () if section is None else section.catalog_order
            place = order.index(catalog.number) if catalog.number in order else len(order)
            return places.get(catalog.section, len(places)), place, catalog.number

        return sorted(self.catalogs.values(), key=rank)
