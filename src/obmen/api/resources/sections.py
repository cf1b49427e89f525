"""Sections (docs/reference/catalogs.md)."""

from litestar import Router, delete, get, patch, post

from obmen.api.openapi import described
from obmen.api.wire import ApiRequest, Done, Saved, json_object
from obmen.domain.catalogs.descriptions import SectionDescription
from obmen.domain.requests.sent import NewSection, SectionChange


@get("/", operation_class=described())
async def list_sections(request: ApiRequest) -> list[SectionDescription]:
    """All sections the caller may know of, in order."""
    return await request.obmen.sections.all(request.user)


@get("/{section_id:str}", operation_class=described())
async def read_section(request: ApiRequest, section_id: str) -> SectionDescription:
    """One section."""
    return await request.obmen.sections.read(request.user, section_id)


@post("/", status_code=200, operation_class=described(sent=NewSection))
async def create_section(request: ApiRequest) -> Saved:
    """Makes a section."""
    return Saved(await request.obmen.sections.create(request.user, await json_object(request)))


@patch("/{section_id:str}", operation_class=described(sent=SectionChange))
async def change_section(request: ApiRequest, section_id: str) -> Done:
    """Changes what is named."""
    await request.obmen.sections.change(request.user, section_id, await json_object(request))
    return Done()


@delete("/{section_id:str}", status_code=200, operation_class=described())
async def remove_section(request: ApiRequest, section_id: str) -> Done:
    """Removes a section with its catalogs."""
    await request.obmen.sections.remove(request.user, section_id)
    return Done()


RESOURCE = Router(
    "/api/v1/sections",
    route_handlers=[list_sections, read_section, create_section, change_section, remove_section],
    tags=["Sections"],
)
