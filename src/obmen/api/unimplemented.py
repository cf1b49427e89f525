"""Documented resources that do not exist yet: each answers 501, so that a client can tell them from a wrong address.

This list shrinks as they come (docs/reference/errors.md).
"""

from typing import Final

from litestar import route
from litestar.enums import HttpMethod

from obmen.api.wire import ApiRequest
from obmen.errors import Unimplemented

_CATALOG: Final = "/catalogs/{catalog_id:str}"
_RECORD: Final = f"{_CATALOG}/records/{{record_id:str}}"
_READ: Final = [HttpMethod.GET]
_LIST: Final = [HttpMethod.GET, HttpMethod.POST]
_ONE: Final = [HttpMethod.GET, HttpMethod.PATCH, HttpMethod.DELETE]
_PATHS: Final[dict[str, list[HttpMethod]]] = {
    "/users": _READ,
    "/contacts": _READ,
    "/rights": _LIST,
    "/histories": _READ,
    "/changes": [HttpMethod.POST],
    "/company": [HttpMethod.GET, HttpMethod.PATCH],
    "/companies": _READ,
    "/license": _READ,
    "/boards": _LIST,
    "/boards/{board_id:str}": _ONE,
    "/boards/{board_id:str}/widgets": _LIST,
    "/boards/{board_id:str}/widgets/{widget_id:str}": _ONE,
    "/boards/{board_id:str}/widgets/{widget_id:str}/values": _READ,
    "/boards/{board_id:str}/widgets/{widget_id:str}/totals": _READ,
    "/files": [HttpMethod.POST],
    "/files/{file_id:str}": [HttpMethod.PATCH],
    f"{_CATALOG}/views": _LIST,
    f"{_CATALOG}/views/{{view_id:str}}": _ONE,
    f"{_CATALOG}/values": _READ,
    f"{_CATALOG}/values/{{axis_id:str}}": _READ,
    f"{_CATALOG}/totals": _READ,
    f"{_CATALOG}/fields/{{field_id:str}}/availableRecords": _READ,
    f"{_CATALOG}/fields/{{field_id:str}}/availableFilterRecords": _READ,
    f"{_RECORD}/relations": _READ,
    f"{_RECORD}/messages": _LIST,
    f"{_RECORD}/messages/{{message_id:str}}": [HttpMethod.PATCH, HttpMethod.DELETE],
    f"{_RECORD}/chatOptions/{{option_id:str}}": [HttpMethod.PATCH],
}


async def _refuse(request: ApiRequest) -> None:
    """Says that it does not exist yet."""
    raise Unimplemented("request.unimplemented", path=request.url.path)


HANDLERS: Final = [
    route(f"/api/v1{path}", http_method=methods, status_code=200, name=path, include_in_schema=False)(_refuse)
    for path, methods in _PATHS.items()
]
