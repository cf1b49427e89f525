"""Records (docs/reference/records.md)."""

from typing import Annotated, Any
from urllib.parse import quote

import msgspec
from litestar import Router, delete, get, patch, post
from msgspec import UNSET, Meta, UnsetType

from obmen.api.connections import root_address
from obmen.api.openapi import described
from obmen.api.wire import ApiRequest, Done, Json, Saved, json_object
from obmen.domain.requests.query_strings import without
from obmen.domain.requests.questions import (
    RecordQuestion,
    RecordsQuestion,
    record_asked,
    records_asked,
    total_asked,
    zone_of,
)
from obmen.domain.requests.sent import SentRecord, values_of
from obmen.domain.rights.policies import Privilege
from obmen.services.records.writing import NewRecord, RecordChange


class Record(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A record."""

    id: Annotated[str, Meta(description="Its own id where it has one, else its number")]
    prev_id: Annotated[str | UnsetType, Meta(description="Its number, beside an own id")] = UNSET
    catalog_id: str
    title: str
    values: Annotated[dict[str, Any], Meta(description="Values by id of the field")]
    privilege_code: Annotated[Privilege | UnsetType, Meta(description="What the caller may do with it")] = UNSET


@get("/", operation_class=described(RecordsQuestion))
async def list_records(request: ApiRequest, catalog_id: str) -> Json[list[Record]]:
    """A page of the records that match; the header Link leads to the next one."""
    obmen, parameters = request.obmen, request.parameters
    asked, total = records_asked(parameters, obmen.settings.limits.page), total_asked(parameters)
    page = await obmen.records.find(request.user, catalog_id, asked)
    headers = {}
    if page.after:
        headers["Link"] = f'<{_next(request, page.after)}>; rel="next"'
    if total:
        count = await obmen.records.total(request.user, catalog_id, asked, exact=total == "exact")
        headers["X-Total-Count"] = str(count.records)
        if count.is_limited:
            headers["X-Total-Count-Limited"] = "true"
    return Json(page.json, headers)


def _next(request: ApiRequest, after: str) -> str:
    """The address of the next page: the same question, further on."""
    query = without(request.query_text, ("after", "offset"))
    path = quote(request.scope["path"], safe="/$")
    return f"{root_address(request)}{path}?{query}{'&' if query else ''}after={after}"


@get("/{record_id:str}", operation_class=described(RecordQuestion))
async def read_record(request: ApiRequest, catalog_id: str, record_id: str) -> Json[Record]:
    """One record."""
    asked = record_asked(request.parameters)
    return Json(await request.obmen.records.read(request.user, catalog_id, record_id, asked))


@post("/", status_code=200, operation_class=described(sent=SentRecord))
async def create_record(request: ApiRequest, catalog_id: str) -> Saved:
    """Makes a record."""
    sent = await json_object(request, exact=True)
    record = NewRecord(values_of(sent), sent.get("id"), zone_of(request.parameters))
    (made,) = await request.obmen.writer.create(request.user, catalog_id, [record])
    return Saved(made)


@patch("/{record_id:str}", operation_class=described(sent=SentRecord))
async def change_record(request: ApiRequest, catalog_id: str, record_id: str) -> Done:
    """Changes the values named."""
    sent = await json_object(request, exact=True)
    change = RecordChange(record_id, values_of(sent), sent.get("id", UNSET), zone_of(request.parameters))
    await request.obmen.writer.change(request.user, catalog_id, [change])
    return Done()


@delete("/{record_id:str}", status_code=200, operation_class=described())
async def remove_record(request: ApiRequest, catalog_id: str, record_id: str) -> Done:
    """Removes a record; links to it stay and are answered as removed."""
    await request.obmen.writer.remove(request.user, catalog_id, [record_id])
    return Done()


RESOURCE = Router(
    "/api/v1/catalogs/{catalog_id:str}/records",
    route_handlers=[list_records, read_record, create_record, change_record, remove_record],
    tags=["Records"],
)
