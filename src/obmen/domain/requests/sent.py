"""The JSON bodies that the API takes, described for the OpenAPI document; and how a record's is read.

Sections, catalogs and fields are read by ``domain/catalogs/changes``, which names what does not fit; a key that is left out
of a change stays as it is. Called by the API.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from obmen.domain.field_types import shown
from obmen.domain.requests.query_strings import text_of
from obmen.errors import BadRequest

_OWN_ID = "An id of its own, instead of a number: letters, digits, $, _ and -"


class SectionChange(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What of a section is to change."""

    id: Annotated[str | UnsetType, Meta(description=_OWN_ID)] = UNSET
    prev_id: Annotated[str | UnsetType, Meta(description="Beside its number as id: takes its own id away")] = UNSET
    name: str | UnsetType = UNSET
    icon: str | UnsetType = UNSET
    priority: Annotated[int | UnsetType, Meta(description="Its place: sections are listed by it")] = UNSET
    catalogs_priorities: Annotated[Sequence[str] | UnsetType, Meta(description="Ids of catalogs, first to last")] = (
        UNSET
    )


class NewSection(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A section to be made."""

    id: Annotated[str | UnsetType, Meta(description=_OWN_ID)] = UNSET
    name: str
    icon: str | UnsetType = UNSET
    priority: Annotated[int | UnsetType, Meta(description="Its place; without one behind the others")] = UNSET


class SentField(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A field of a catalog: a new one, or, under its id, one that is to stay."""

    id: Annotated[str | UnsetType, Meta(description="Id of the field; of a new one an id of its own, or none")] = UNSET
    prev_id: Annotated[str | UnsetType, Meta(description="The id of the field, where id is to be its new one")] = UNSET
    name: str | UnsetType = UNSET
    type: Annotated[str | UnsetType, Meta(description="Type of the field; it cannot change")] = UNSET
    hint: str | UnsetType = UNSET
    required: bool | UnsetType = UNSET
    api_only: bool | UnsetType = UNSET
    history: bool | UnsetType = UNSET
    filterable: bool | UnsetType = UNSET
    comment: str | UnsetType = UNSET
    config: Annotated[dict[str, Any] | UnsetType, Meta(description="Settings of the type")] = UNSET
    visible: Annotated[Any, Meta(description="When the field is shown")] = UNSET


class CatalogChange(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What of a catalog is to change."""

    id: Annotated[str | UnsetType, Meta(description=_OWN_ID)] = UNSET
    prev_id: Annotated[str | UnsetType, Meta(description="Beside its number as id: takes its own id away")] = UNSET
    section_id: str | UnsetType = UNSET
    name: str | UnsetType = UNSET
    icon: str | UnsetType = UNSET
    history: bool | UnsetType = UNSET
    fields: Annotated[
        Sequence[SentField] | UnsetType, Meta(description="The whole list: a field that is not in it is removed")
    ] = UNSET


class NewCatalog(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A catalog to be made."""

    id: Annotated[str | UnsetType, Meta(description=_OWN_ID)] = UNSET
    section_id: str
    name: str
    icon: str | UnsetType = UNSET
    history: bool | UnsetType = UNSET
    fields: Sequence[SentField] | UnsetType = UNSET


class SentRecord(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A record to be made or changed."""

    values: Annotated[Mapping[str, Any], Meta(description="Values by id of the field")]
    id: Annotated[str | UnsetType, Meta(description=_OWN_ID)] = UNSET
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
