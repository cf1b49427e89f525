"""Catalogs (docs/reference/catalogs.md)."""

import msgspec
from litestar import Router, delete, get, patch, post

from obmen.api.openapi import described
from obmen.api.wire import ApiRequest, Done, json_object
from obmen.domain.catalogs.descriptions import CatalogDescription
from obmen.domain.requests.query_strings import text_of
from obmen.domain.requests.questions import CatalogQuestion, CatalogsQuestion, field_ids, is_set
from obmen.domain.requests.sent import CatalogChange, NewCatalog


class SavedCatalog(msgspec.Struct, frozen=True):
    """The catalog is made."""

    id: str
    values: CatalogDescription


@get("/", operation_class=described(CatalogsQuestion))
async def list_catalogs(request: ApiRequest) -> list[CatalogDescription]:
    """The catalogs the caller may know of, in the order of the sections."""
    parameters = request.parameters
    section = text_of(parameters, "sectionId")
    return await request.obmen.catalogs.all(request.user, section, twins=not is_set(parameters, "skipPrevId"))


@get("/{catalog_id:str}", operation_class=described(CatalogQuestion))
async def read_catalog(request: ApiRequest, catalog_id: str) -> CatalogDescription:
    """One catalog with its fields."""
    parameters = request.parameters
    twins = not is_set(parameters, "skipPrevId")
    return await request.obmen.catalogs.read(request.user, catalog_id, field_ids(parameters), twins=twins)


@post("/", status_code=200, operation_class=described(sent=NewCatalog))
async def create_catalog(request: ApiRequest) -> SavedCatalog:
    """Makes a catalog."""
    made = await request.obmen.catalogs.create(request.user, await json_object(request))
    return SavedCatalog(made.id, made)


@patch("/{catalog_id:str}", operation_class=described(sent=CatalogChange))
async def change_catalog(request: ApiRequest, catalog_id: str) -> Done:
    """Changes what is named; fields, where they are, are the whole new list: one that is not in it is removed."""
    await request.obmen.catalogs.change(request.user, catalog_id, await json_object(request))
    return Done()


@delete("/{catalog_id:str}", status_code=200, operation_class=described())
async def remove_catalog(request: ApiRequest, catalog_id: str) -> Done:
    """Removes a catalog with its records."""
    await request.obmen.catalogs.remove(request.user, catalog_id)
    return Done()


RESOURCE = Router(
    "/api/v1/catalogs",
    route_handlers=[list_catalogs, read_catalog, create_catalog, change_catalog, remove_catalog],
    tags=["Catalogs"],
)
