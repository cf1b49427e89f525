"""Catalogs (contract: Catalogs). Reading asks for the newest: another server process may have changed them just now."""

from typing import TYPE_CHECKING

from litestar import Response, Router, delete, get, patch, post

from obmen.api.described import described, list_of, mapping, shape, text
from obmen.api.wire import ApiRequest, answer, fields_parameter, json_object, query
from obmen.domain.field_types import shown
from obmen.domain.requests import query_strings
from obmen.errors import InvalidFilter
from obmen.services.catalogs.catalogs import describe_catalog

if TYPE_CHECKING:
    from obmen.domain.catalogs.schema import Catalog

_FIELD = shape(
    id=text("Id; leave it out for a new field"),
    name=text("Name"),
    type=text("Type of the field"),
    config=mapping("Settings of the type"),
)
_SENT = shape(name=text("Name"), icon=text("Icon"), sectionId=text("Id of its section"), fields=list_of(_FIELD))
_CATALOG = shape(
    id=text("Id"),
    sectionId=text("Id of its section"),
    name=text("Name"),
    icon=text("Icon"),
    privilegeCode=text("The caller's right"),
    fieldPrivilegeCodes=mapping("The caller's right by field"),
    fields=list_of(_FIELD),
)
_CREATED = shape(id=text("Id of the catalog"), values=_CATALOG)


@get("/", operation_class=described(parameters={"sectionId": text("Only of this section")}, answered=list_of(_CATALOG)))
async def list_catalogs(request: ApiRequest) -> Response[bytes]:
    """All catalogs, without their fields."""
    obmen = request.app.state.obmen
    section_id = query_strings.text_of(query(request, obmen.settings.limits), "sectionId")
    await obmen.cache.refresh()
    return answer(obmen.catalogs.catalogs(request.user, section_id or None))


@get(
    "/{catalog_id:str}",
    operation_class=described(parameters={"fields": text('Only these fields: ["2", "3"]')}, answered=_CATALOG),
)
async def read_catalog(request: ApiRequest, catalog_id: str) -> Response[bytes]:
    """One catalog with its fields."""
    obmen = request.app.state.obmen
    fields = fields_parameter(query(request, obmen.settings.limits))
    if isinstance(fields, str):
        fields = fields.split(",") if fields else None
    if fields is not None and not isinstance(fields, list):
        raise InvalidFilter("filter.not_fields", sent=shown(fields))
    await obmen.cache.refresh()
    return answer(obmen.catalogs.catalog(request.user, catalog_id, fields))


@post("/", status_code=200, operation_class=described(sent=_SENT, answered=_CREATED))
async def create_catalog(request: ApiRequest) -> Response[bytes]:
    """Makes a catalog; answers its id and its description."""
    obmen = request.app.state.obmen
    sent = await json_object(request, obmen.settings.limits)
    catalog: Catalog = await obmen.catalogs.create(request.user, sent)
    return answer({"id": catalog.key, "values": describe_catalog(catalog, obmen.cache.schema, catalog.fields)})


@patch("/{catalog_id:str}", operation_class=described(sent=_SENT))
async def change_catalog(request: ApiRequest, catalog_id: str) -> Response[bytes]:
    """Changes what is named; fields, where they are, are the whole new list: one that is not in it is removed."""
    obmen = request.app.state.obmen
    await obmen.catalogs.change(request.user, catalog_id, await json_object(request, obmen.settings.limits))
    return answer({})


@delete("/{catalog_id:str}", status_code=200, operation_class=described())
async def remove_catalog(request: ApiRequest, catalog_id: str) -> Response[bytes]:
    """Removes a catalog with its records."""
    await request.app.state.obmen.catalogs.remove(request.user, catalog_id)
    return answer({})


RESOURCE = Router(
    "/api/v1/catalogs",
    route_handlers=[list_catalogs, read_catalog, create_catalog, change_catalog, remove_catalog],
    tags=["Catalogs"],
)
