"""What a catalog is: sections, catalogs and fields as values, and the `Schema` that holds them all.

A `Schema` is a snapshot: it never changes, a new one takes its place. Ids are numbers inside and strings outside; a
catalog of the system also carries a text id (``$users``), a field may carry one of its own (``email``).
"""

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, Final

import msgspec

from obmen.errors import NotFound

CATALOGS: Final = "$catalogs"
USERS: Final = "$users"


class Field(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A field of a catalog (contract: Catalogs). ``number`` names its column and is never handed out again."""

    number: int
    id: str
    name: str
    type: str
    hint: str = ""
    required: bool = False
    api_only: bool = False
    history: bool = False
    filterable: bool = False
    comment: str = ""
    visible: Any = None
    config: dict[str, Any] = {}

    @property
    def column(self) -> str:
        """Name of its column in the catalog's table."""
        return f"f{self.number}"


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """A group of catalogs; ``catalog_order`` lists catalog ids first to last."""

    id: int
    name: str
    icon: str = ""
    text_id: str | None = None
    catalog_order: tuple[int, ...] = ()


class Catalog(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """A list of records of one kind."""

    id: int
    section_id: int
    name: str
    icon: str = ""
    text_id: str | None = None
    fields: tuple[Field, ...] = ()
    next_field: int = 1
    version: int = 1

    @property
    def key(self) -> str:
        """Its id as the API says it."""
        return self.text_id or str(self.id)

    @property
    def table(self) -> str:
        """Name of its table."""
        return f"c{self.id}"

    @cached_property
    def by_id(self) -> Mapping[str, Field]:
        """Its fields by id."""
        return {field.id: field for field in self.fields}

    def field(self, field_id: object) -> Field:
        """The field with this id; `NotFound` without one."""
        try:
            return self.by_id[str(field_id)]
        except KeyError:
            raise NotFound("catalog.no_field", field=field_id, catalog=self.key) from None


class Schema:
    """All sections and catalogs as they stood at ``version``."""

    def __init__(self, version: int, sections: Iterable[Section], catalogs: Iterable[Catalog]) -> None:
        self.version = version
        self.sections = {section.id: section for section in sections}
        self.catalogs = {catalog.id: catalog for catalog in catalogs}
        self._by_key: dict[str, Catalog] = {}
        for catalog in self.catalogs.values():
            self._by_key[str(catalog.id)] = catalog
            self._by_key[catalog.key] = catalog

    def find(self, catalog_id: object) -> Catalog | None:
        """The catalog with this id (``5``, ``"5"``, ``"$users"``), or ``None``."""
        return self._by_key.get(str(catalog_id))

    def catalog(self, catalog_id: object) -> Catalog:
        """The catalog with this id; `NotFound` without one."""
        if (found := self.find(catalog_id)) is None:
            raise NotFound("catalog.none", catalog=catalog_id)
        return found

    def section(self, section_id: object) -> Section:
        """The section with this id; `NotFound` without one."""
        for section in self.sections.values():
            if str(section_id) in (str(section.id), section.text_id):
                return section
        raise NotFound("catalog.no_section", section=section_id)

    def in_order(self) -> list[Catalog]:
        """All catalogs: section by section, in each section's own order, the rest by id."""
        places = {section_id: place for place, section_id in enumerate(self.sections)}

        def rank(catalog: Catalog) -> tuple[int, int, int]:
            section = self.sections.get(catalog.section_id)
            order = () if section is None else section.catalog_order
            place = order.index(catalog.id) if catalog.id in order else len(order)
            return places.get(catalog.section_id, len(places)), place, catalog.id

        return sorted(self.catalogs.values(), key=rank)
