"""Sections, catalogs and fields as the API answers them, made of a schema and a policy (docs/reference/catalogs.md).

What is read here can be sent back by PATCH and changes nothing. Called by ``services/catalogs``.
"""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from obmen.domain.fields.object import extended_fields
from obmen.domain.rights.policies import PRIVILEGES, CatalogPolicy, Policy, Privilege
from obmen.domain.schema import Catalog, Field, Schema, Section


class SectionDescription(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A section."""

    id: Annotated[str, Meta(description="Its own id where it has one, else its number")]
    prev_id: Annotated[str, Meta(description="The id it has without an own one")]
    icon: str
    name: str
    privileges: Annotated[
        tuple[Privilege, ...], Meta(description="What the caller may do, the highest privilege first")
    ]
    privilege_code: Annotated[Privilege, Meta(description="The highest of them")]
    priority: Annotated[int, Meta(description="Its place: sections are listed by it, the lowest first")]


class FieldDescription(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A field of a catalog."""

    id: Annotated[str, Meta(description="Its own id where it has one, else its number")]
    prev_id: Annotated[str, Meta(description="Its number")]
    duplicate_result_with_prev_id: Annotated[bool, Meta(description="Values stand under both ids")]
    name: str
    required: bool
    type: str
    hint: str
    is_system: Annotated[bool, Meta(description="Obmen brings it along: it cannot be removed")]
    is_duplicated: Annotated[
        bool | UnsetType, Meta(description="true: the same field as the one that follows, under its number")
    ] = UNSET
    history: bool
    filterable: bool
    api_only: Annotated[bool, Meta(description="People see it and do not change it")]
    comment: str
    config: Annotated[dict[str, Any], Meta(description="Settings of the type, defaults filled in")]
    visible: Annotated[Any, Meta(description="When it is shown")]


class LinkedFieldDescription(FieldDescription, frozen=True, kw_only=True, rename="camel"):
    """A field of another catalog, shown in links to its records."""

    db_id: int
    column_name: str
    position: int
    catalog_id: str = msgspec.field(name="_catalogId")


class CatalogDescription(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A catalog with its fields."""

    id: Annotated[str, Meta(description="Its own id where it has one, else its number")]
    prev_id: Annotated[str, Meta(description="Its number")]
    section_id: str
    icon: str
    name: str
    history: Annotated[bool, Meta(description="Changes of its records are kept")]
    fields: tuple[FieldDescription, ...]
    privilege_code: Annotated[Privilege, Meta(description="What the caller may do in it")]
    field_privilege_codes: Annotated[
        dict[str, str], Meta(description="What the caller may do with fields that have a rule of their own")
    ]


def describe_section(section: Section, policy: Policy) -> SectionDescription | None:
    """The section, ``None`` where the caller has no privilege in it."""
    privilege = policy.others.privilege  # sections have no rules of their own
    if privilege is None:
        return None
    return SectionDescription(
        id=section.id,
        prev_id=section.id if section.is_system else str(section.number),
        icon=section.icon,
        name=section.name,
        privileges=PRIVILEGES[PRIVILEGES.index(privilege) :],
        privilege_code=privilege,
        priority=section.priority,
    )


def describe_catalog(
    catalog: Catalog,
    schema: Schema,
    policy: Policy,
    *,
    fields: Sequence[Field] | None = None,
    twins: bool = True,
) -> CatalogDescription | None:
    """The catalog with ``fields`` (all, where none are named), ``None`` where the caller may not know of it.

    With ``twins`` a field of the system that has an own id is described a second time, under its number.
    """
    allowed = policy.of(catalog)
    if allowed.privilege is None:
        return None
    chosen = catalog.fields if fields is None else fields
    readable = [field for field in chosen if allowed.reads(field)]
    return CatalogDescription(
        id=catalog.id,
        prev_id=str(catalog.number),
        section_id=schema.section_of(catalog),
        icon=catalog.icon,
        name=catalog.name,
        history=catalog.history,
        fields=tuple(found for field in readable for found in _described(field, schema, twins=twins)),
        privilege_code=allowed.privilege,
        field_privilege_codes=_field_privileges(readable, allowed),
    )


def _described(field: Field, schema: Schema, *, twins: bool) -> Iterator[FieldDescription]:
    described = FieldDescription(**_properties(field), config=_config(field, schema))
    if twins and len(field.ids) > 1:
        yield msgspec.structs.replace(described, id=field.prev_id, is_duplicated=True)
    yield described


def _properties(field: Field) -> dict[str, Any]:
    return {
        "id": field.id,
        "prev_id": field.prev_id,
        "duplicate_result_with_prev_id": len(field.ids) > 1,
        "name": field.name,
        "required": field.required,
        "type": field.type.name,
        "hint": field.hint,
        "is_system": field.is_system,
        "history": field.history,
        "filterable": field.filterable,
        "api_only": field.api_only,
        "comment": field.comment,
        "visible": {} if field.visible is None else field.visible,
    }


def _config(field: Field, schema: Schema) -> dict[str, Any]:
    """The settings; of a linked field with whole descriptions of the fields it shows of other catalogs."""
    config = field.type.described(field, schema)
    if field.type.order == "link":
        shown = ((schema.catalogs.get(number), numbers) for number, numbers in extended_fields(field))
        config["fields"] = {
            catalog.id: [
                _linked(found, catalog, schema)
                for number in numbers
                if (found := catalog.by_number.get(number)) is not None
            ]
            for catalog, numbers in shown
            if catalog is not None
        }
    return config


def _linked(field: Field, catalog: Catalog, schema: Schema) -> LinkedFieldDescription:
    """A field that a linked field shows; which fields it shows in turn is left out, since links may go round in circles."""
    config = field.type.described(field, schema)
    if field.type.order == "link":
        config["fields"] = {}
    return LinkedFieldDescription(
        **_properties(field),
        config=config,
        db_id=field.number,
        column_name=field.column,
        position=catalog.fields.index(field) + 1,
        catalog_id=catalog.id,
    )


def _field_privileges(fields: Sequence[Field], allowed: CatalogPolicy) -> dict[str, str]:
    """Fields that may be read only, where the catalog as a whole may be edited."""
    if not allowed.may("edit"):
        return {}
    return {field_id: "view" for field in fields if not allowed.writes(field) for field_id in field.ids}
