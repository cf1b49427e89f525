"""The JSON bodies that the API takes, described for the OpenAPI document; and how a record's is read.

Sections, catalogs and fields are read by ``domain/catalogs/changes``, which names what does not fit; a key that is left out
of a change stays as it is. Called by the API.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, TypeAlias

import msgspec
from msgspec import UNSET, Meta, UnsetType

from obmen.domain.field_types import shown
from obmen.domain.requests.query_strings import text_of
from obmen.errors import BadRequest

_OWN_ID = "An id of its own, instead of a number: letters, digits, $, _ and -"
_LARGEST: Final = 2**53

OwnId: TypeAlias = Annotated[str, Meta(pattern="^[A-Za-z0-9$_-]{0,64}$")]
"""Empty: none."""
Name: TypeAlias = Annotated[str, Meta(min_length=1, max_length=1_000, pattern=r"\S")]
Text: TypeAlias = Annotated[str, Meta(max_length=1_000)]
Priority: TypeAlias = Annotated[int, Meta(ge=-_LARGEST, le=_LARGEST)]


class SectionChange(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What of a section is to change."""

    id: Annotated[OwnId | UnsetType, Meta(description=_OWN_ID)] = UNSET
    prev_id: Annotated[str | UnsetType, Meta(description="Beside its number as id: takes its own id away")] = UNSET
    name: Name | UnsetType = UNSET
    icon: Text | UnsetType = UNSET
    priority: Annotated[Priority | UnsetType, Meta(description="Its place: sections are listed by it")] = UNSET
    catalogs_priorities: Annotated[Sequence[str] | UnsetType, Meta(description="Ids of catalogs, first to last")] = (
        UNSET
    )


class NewSection(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A section to be made."""

    id: Annotated[OwnId | UnsetType, Meta(description=_OWN_ID)] = UNSET
    name: Name
    icon: Text | UnsetType = UNSET
    priority: Annotated[Priority | UnsetType, Meta(description="Its place; without one behind the others")] = UNSET


class SentField(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A field of a catalog: a new one, or, under its id, one that is to stay."""

    id: Annotated[OwnId | UnsetType, Meta(description="Id of the field; of a new one an id of its own, or none")] = (
        UNSET
    )
    prev_id: Annotated[str | UnsetType, Meta(description="The id of the field, where id is to be its new one")] = UNSET
    name: Name | UnsetType = UNSET
    type: Annotated[str | UnsetType, Meta(description="Type of the field; it cannot change")] = UNSET
    hint: Text | UnsetType = UNSET
    required: bool | UnsetType = UNSET
    api_only: bool | UnsetType = UNSET
    history: bool | UnsetType = UNSET
    filterable: bool | UnsetType = UNSET
    comment: Text | UnsetType = UNSET
    config: Annotated[dict[str, Any] | UnsetType, Meta(description="Settings of the type")] = UNSET
    visible: Annotated[Any, Meta(description="When the field is shown")] = UNSET


SentFields: TypeAlias = Annotated[Sequence[SentField], Meta(max_length=500)]


class CatalogChange(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What of a catalog is to change."""

    id: Annotated[OwnId | UnsetType, Meta(description=_OWN_ID)] = UNSET
    prev_id: Annotated[str | UnsetType, Meta(description="Beside its number as id: takes its own id away")] = UNSET
    section_id: str | UnsetType = UNSET
    name: Name | UnsetType = UNSET
    icon: Text | UnsetType = UNSET
    history: bool | UnsetType = UNSET
    fields: Annotated[
        SentFields | UnsetType, Meta(description="The whole list: a field that is not in it is removed")
    ] = UNSET


class NewCatalog(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A catalog to be made."""

    id: Annotated[OwnId | UnsetType, Meta(description=_OWN_ID)] = UNSET
    section_id: str
    name: Name
    icon: Text | UnsetType = UNSET
    history: bool | UnsetType = UNSET
    fields: SentFields | UnsetType = UNSET


class SentRecord(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A record to be made or changed."""

    values: Annotated[Mapping[str, Any], Meta(description="Values by id of the field")]
    id: Annotated[OwnId | UnsetType, Meta(description=_OWN_ID)] = UNSET
    prev_id: Annotated[str | UnsetType, Meta(description="Its id so far")] = UNSET


class SentSignIn(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Who signs in."""

    email: Annotated[str | UnsetType, Meta(description="Sign-in")] = UNSET
    login: Annotated[str | UnsetType, Meta(description="The same under another name")] = UNSET
    password: str


def values_of(sent: Mapping[str, Any]) -> Any:
    """``values`` of a record; `BadRequest` without them, since what stands beside them would be lost."""
    if "values" not in sent:
        raise BadRequest("request.no_values", sent=shown(list(sent)))
    return sent["values"]


def credentials_of(sent: Any) -> tuple[str, str]:
    """``(login, password)`` of a form or JSON, empty where they are no texts; `BadRequest` where it is no object."""
    if not isinstance(sent, Mapping):
        raise BadRequest("request.not_object", sent=shown(sent))
    return text_of(sent, "email") or text_of(sent, "login"), text_of(sent, "password")
