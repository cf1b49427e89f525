"""Sections (contract: Sections). Reading asks for the newest: another server process may have changed them just now."""

from litestar import Response, Router, delete, get, patch, post

from obmen.api.described import SAVED, described, list_of, shape, text
from obmen.api.wire import ApiRequest, answer, json_object

_ORDER = list_of(text("Id of a catalog"), "Catalogs, first to last")
_SECTION = shape(id=text("Id"), name=text("Name"), icon=text("Icon"), privilegeCode=text("The caller's right"))
_SENT = shape(name=text("Name"), icon=text("Icon"))


@get("/", operation_class=described(answered=list_of(_SECTION)))
async def list_sections(request: ApiRequest) -> Response[bytes]:
    """All sections."""
    obmen = request.app.state.obmen
    await obmen.cache.refresh()
    return answer(obmen.catalogs.sections(request.user))


@get("/{section_id:str}", operation_class=described(answered=_SECTION))
async def read_section(request: ApiRequest, section_id: str) -> Response[bytes]:
    """One section."""
    obmen = request.app.state.obmen
    await obmen.cache.refresh()
    return answer(obmen.catalogs.section(request.user, section_id))


@post("/", status_code=200, operation_class=described(sent=_SENT, answered=SAVED))
async def create_section(request: ApiRequest) -> Response[bytes]:
    """Makes a section."""
    obmen = request.app.state.obmen
    sent = await json_object(request, obmen.settings.limits)
    return answer({"id": await obmen.catalogs.create_section(request.user, sent)})


@patch(
    "/{section_id:str}",
    operation_class=described(sent=shape(name=text("Name"), icon=text("Icon"), catalogsPriorities=_ORDER)),
)
async def change_section(request: ApiRequest, section_id: str) -> Response[bytes]:
    """Changes what is named: name, icon, order of catalogs."""
    obmen = request.app.state.obmen
    sent = await json_object(request, obmen.settings.limits)
    await obmen.catalogs.change_section(request.user, section_id, sent)
    return answer({})


@delete("/{section_id:str}", status_code=200, operation_class=described())
async def remove_section(request: ApiRequest, section_id: str) -> Response[bytes]:
    """Removes a section with its catalogs."""
    await request.app.state.obmen.catalogs.remove_section(request.user, section_id)
    return answer({})


RESOURCE = Router(
    "/api/v1/sections",
    route_handlers=[list_sections, read_section, create_section, change_section, remove_section],
    tags=["Sections"],
)
