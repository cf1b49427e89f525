"""Records of a catalog (contract: Records)."""

from litestar import Response, Router, delete, get, patch, post

from obmen.api.described import SAVED, described, list_of, mapping, number, shape, text
from obmen.api.wire import ApiRequest, answer, fields_parameter, json_object, query, records_query
from obmen.domain.requests import query_strings

_VALUES = mapping("Values by field id")
_RECORD = shape(id=text("Id"), catalogId=text("Id of its catalog"), title=text("Title"), values=_VALUES)
_FIELDS = text('Only these fields, JSON: [2, {"fieldId": 5, "fields": {"27": [2]}}]')
_SENT = shape("", ("values",), values=_VALUES)
_QUERY = {
    "filters": text('Which records, JSON: {"2": "text"} or [{"fieldId": "2", "value": "text"}]; brackets work too'),
    "fields": _FIELDS,
    "searchText": text("Quick search"),
    "id": text("Only this record; may be repeated"),
    "sortField": text("Field to sort by"),
    "sortType": number("1 ascending, -1 descending"),
    "limit": number("Records in the answer (100)"),
    "offset": number("Records to skip (0)"),
    "timezoneOffset": number("The caller's time zone, minutes east of UTC"),
    "withTotal": text("true: header X-Total-Count says how many match"),
}


@get("/", operation_class=described(parameters=_QUERY, answered=list_of(_RECORD)))
async def list_records(request: ApiRequest, catalog_id: str) -> Response[bytes]:
    """A page of the records that match."""
    obmen = request.app.state.obmen
    limits = obmen.settings.limits
    parameters = query(request, limits)
    asked = records_query(parameters, limits)
    response = answer(await obmen.records.find(request.user, catalog_id, asked))
    if query_strings.text_of(parameters, "withTotal") == "true":
        response.headers["X-Total-Count"] = str(await obmen.records.count(request.user, catalog_id, asked))
    return response


@get("/{record_id:str}", operation_class=described(parameters={"fields": _FIELDS}, answered=_RECORD))
async def read_record(request: ApiRequest, catalog_id: str, record_id: str) -> Response[bytes]:
    """One record."""
    obmen = request.app.state.obmen
    fields = None
    if request.scope["query_string"]:
        fields = fields_parameter(query(request, obmen.settings.limits))
    return answer(await obmen.records.read(request.user, catalog_id, record_id, fields))


@post("/", status_code=200, operation_class=described(sent=_SENT, answered=SAVED))
async def create_record(request: ApiRequest, catalog_id: str) -> Response[bytes]:
    """Makes a record."""
    obmen = request.app.state.obmen
    sent = await json_object(request, obmen.settings.limits)
    return answer({"id": await obmen.records.create(request.user, catalog_id, sent.get("values", {}))})


@patch("/{record_id:str}", operation_class=described(sent=_SENT))
async def change_record(request: ApiRequest, catalog_id: str, record_id: str) -> Response[bytes]:
    """Changes the values named."""
    obmen = request.app.state.obmen
    sent = await json_object(request, obmen.settings.limits)
    await obmen.records.update(request.user, catalog_id, record_id, sent.get("values", {}))
    return answer({})


@delete("/{record_id:str}", status_code=200, operation_class=described())
async def remove_record(request: ApiRequest, catalog_id: str, record_id: str) -> Response[bytes]:
    """Removes a record; links to it stay and are answered as removed."""
    await request.app.state.obmen.records.delete(request.user, catalog_id, record_id)
    return answer({})


RESOURCE = Router(
    "/api/v1/catalogs/{catalog_id:str}/records",
    route_handlers=[list_records, read_record, create_record, change_record, remove_record],
    tags=["Records"],
)
