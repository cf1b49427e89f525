"""The query parameters of the API: what each question takes, and how it is read (docs/reference/records.md).

A struct per question names and describes its parameters; the OpenAPI document is made of them. Values are read by hand,
since query strings come in three spellings. Parameters nobody knows are passed over, but a misspelled one that would have
narrowed the answer is refused: unread, it would let everything through. Called by the API.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta, timezone, tzinfo
from difflib import get_close_matches
from functools import cache
from typing import Annotated, Any, Final, Literal, TypeAlias

import msgspec
from msgspec import Meta

from obmen.domain.field_types import shown
from obmen.domain.query_reading import MOST_SKIPPED, Asked, read_json
from obmen.errors import InvalidFilter, NotFound

Parameters: TypeAlias = Mapping[str, Any]
"""Of a query string, brackets read."""
Total: TypeAlias = Literal["", "true", "exact"]

_OTHER_NAMES: Final = {
    "filters": ("filter", "filtersJson", "recordsFilter", "conditions", "where"),
    "searchText": ("search", "query", "find", "q"),
    "viewId": ("view",),
    "sectionId": ("section",),
    "id": ("ids",),
}
"""What people and other systems call the parameters that narrow an answer."""
_LIKENESS: Final = 0.82
"""From here on a name is a misspelling: one letter too many, missing, or another, or two exchanged."""
_OFFSET_MINUTES: Final = 900
_WHOLE: Final = re.compile(r"[+-]?[0-9]{1,400}")
_NAME_END: Final = re.compile(r"[^\w\s-]")
"""What follows in other spellings of nested parameters: ``filters[2]``, ``filters.2``."""


class Question(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What every resource takes."""

    timezone_offset: Annotated[
        int, Meta(description="The caller's time zone, minutes east of UTC", ge=-900, le=900)
    ] = 0


class CatalogQuestion(Question, frozen=True, kw_only=True, rename="camel"):
    """What is answered of a catalog."""

    fields: Annotated[str, Meta(description='Only these fields, JSON: ["2", "3"]; or 2,3')] = ""
    skip_prev_id: Annotated[bool, Meta(description="Fields of the system under their own id alone")] = False


class CatalogsQuestion(Question, frozen=True, kw_only=True, rename="camel"):
    """Which catalogs."""

    section_id: Annotated[str, Meta(description="Only those of this section")] = ""
    skip_prev_id: Annotated[bool, Meta(description="Fields of the system under their own id alone")] = False


class RecordQuestion(Question, frozen=True, kw_only=True, rename="camel"):
    """What is answered of a record."""

    fields: Annotated[
        str, Meta(description='Only these fields, JSON: [2, {"fieldId": 5, "fields": {"27": [2]}}]; or 2,5')
    ] = ""
    with_fields_additional: Annotated[
        bool, Meta(description="Links carry recordValues: the fields of linked records that their field shows")
    ] = False
    skip_prev_id: Annotated[bool, Meta(description="Values of fields of the system under their own id alone")] = False


class RecordsQuestion(RecordQuestion, frozen=True, kw_only=True, rename="camel"):
    """Which records, in which order, and what is answered of them."""

    filters: Annotated[
        str,
        Meta(
            description='JSON: {"2": "text"} or [{"fieldId": "2", "value": "text"}]; brackets, filters[0][fieldId]=2, too'
        ),
    ] = ""
    search_text: Annotated[str, Meta(description="Quick search")] = ""
    id: Annotated[Sequence[str], Meta(description="Only the records with these ids; may be repeated")] = ()
    view_id: Annotated[str, Meta(description="0 or empty: there are no views yet")] = ""
    sort_field: Annotated[str, Meta(description="Id of the field to sort by, or id; the newest first without it")] = ""
    sort_type: Annotated[Literal[1, -1], Meta(description="1 ascending, -1 descending")] = 1
    limit: Annotated[
        int, Meta(description="Records in the answer; more than limits.page are not given at once", ge=0)
    ] = 100
    offset: Annotated[int, Meta(description="Records to skip; after= is faster far from the start", ge=0)] = 0
    after: Annotated[str, Meta(description="What follows a page: from its Link header")] = ""
    with_total: Annotated[
        Literal["true", "exact", "false"],
        Meta(
            description="true: X-Total-Count says how many match, counted up to limits.count; exact: counted to the end"
        ),
    ] = "false"


class SignInQuestion(Question, frozen=True, kw_only=True, rename="camel"):
    """Who signs in."""

    login: Annotated[str, Meta(description="Sign-in")] = ""
    email: Annotated[str, Meta(description="The same under another name")] = ""
    password: str = ""


def require_known(question: type[Question], parameters: Parameters) -> None:
    """`InvalidFilter` for a parameter that is misspelled and would have narrowed the answer."""
    if not parameters:
        return
    known, near, narrowing = _names(question)
    for name in parameters:
        if name not in known:
            plain = _plain(name)
            meant = near.get(plain) or near.get(next(iter(get_close_matches(plain, narrowing, 1, _LIKENESS)), ""))
            if meant is not None:
                raise InvalidFilter("filter.misspelled", sent=shown(name), name=meant)


def records_asked(parameters: Parameters, most: int) -> Asked:
    """Which records are asked for, at most ``most`` of them at once; `InvalidFilter` says which parameter does not fit."""
    if (view := _one(parameters, "viewId")) not in ("", "0"):
        raise NotFound("filter.no_view", view=shown(view))
    ids = parameters.get("id")
    return Asked(
        filters=read_json(parameters.get("filters"), "filters"),
        fields=read_json(parameters.get("fields"), "fields"),
        search_text=_one(parameters, "searchText"),
        ids=None if ids is None else tuple(str(one) for one in (ids if isinstance(ids, list) else [ids])),
        sort_field=_one(parameters, "sortField"),
        descending=_whole_number(parameters, "sortType", 1, -1, 1) < 0,
        limit=min(_whole_number(parameters, "limit", 100, 0, None), most),
        offset=_whole_number(parameters, "offset", 0, 0, MOST_SKIPPED),
        after=_one(parameters, "after"),
        zone=zone_of(parameters),
        with_linked_values=is_set(parameters, "withFieldsAdditional"),
        skip_prev_id=is_set(parameters, "skipPrevId"),
    )


def record_asked(parameters: Parameters) -> Asked:
    """What is asked of one record."""
    return Asked(
        fields=read_json(parameters.get("fields"), "fields"),
        zone=zone_of(parameters),
        with_linked_values=is_set(parameters, "withFieldsAdditional"),
        skip_prev_id=is_set(parameters, "skipPrevId"),
    )


def total_asked(parameters: Parameters) -> Total:
    """Whether, and how, all matching records are to be counted."""
    match _one(parameters, "withTotal").lower():
        case "true" | "1":
            return "true"
        case "exact":
            return "exact"
        case "" | "false" | "0":
            return ""
        case other:
            raise InvalidFilter("filter.bad_total", sent=shown(other))


def field_ids(parameters: Parameters) -> list[str | int] | None:
    """The ids in ``fields``: JSON, a list, or ids with commas; ``None`` without any."""
    fields = read_json(parameters.get("fields"), "fields")
    if fields in (None, "", []):
        return None
    if isinstance(fields, str):
        fields = fields.split(",")
    if not isinstance(fields, list) or not all(
        isinstance(one, str | int) and not isinstance(one, bool) for one in fields
    ):
        raise InvalidFilter("filter.not_fields", sent=shown(fields))
    return [one.strip() if isinstance(one, str) else one for one in fields]


def is_set(parameters: Parameters, name: str) -> bool:
    """Whether a switch is on: ``true`` or ``1``."""
    return _one(parameters, name).lower() in ("true", "1")


def zone_of(parameters: Parameters) -> tzinfo:
    """The caller's time zone."""
    minutes = _whole_number(parameters, "timezoneOffset", 0, -_OFFSET_MINUTES, _OFFSET_MINUTES)
    return timezone(timedelta(minutes=minutes))


def _one(parameters: Parameters, name: str) -> str:
    """The text of a parameter, the last where it came several times; empty without it.

    `InvalidFilter` for one with brackets, and for different values of one that narrows the answer: one of them would be lost.
    """
    value = parameters.get(name, "")
    if isinstance(value, list) and value and (name not in _OTHER_NAMES or all(item == value[0] for item in value)):
        value = value[-1]
    if not isinstance(value, str):
        raise InvalidFilter("filter.one_value", name=name, sent=shown(value))
    return value


def _whole_number(parameters: Parameters, name: str, default: int, low: int, high: int | None) -> int:
    text = _one(parameters, name).strip()
    if not text:
        return default
    number = int(text) if _WHOLE.fullmatch(text) else low - 1
    if number < low or (high is not None and number > high):
        raise InvalidFilter(
            "filter.not_number", name=name, low=low, high="…" if high is None else high, sent=shown(text)
        )
    return number


@cache
def _names(question: type[Question]) -> tuple[frozenset[str], dict[str, str], frozenset[str]]:
    """The parameters of a question, what each is otherwise called, and those of these names that narrow an answer."""
    known = frozenset(field.encode_name for field in msgspec.structs.fields(question))
    near = {_plain(name): name for name in known}
    near.update({_plain(other): name for name in known for other in _OTHER_NAMES.get(name, ())})
    return known, near, frozenset(plain for plain, name in near.items() if name in _OTHER_NAMES)


def _plain(name: str) -> str:
    """Without letter case, what is nested and what joins words."""
    return _NAME_END.split(name, 1)[0].strip().casefold().replace("_", "").replace("-", "")
