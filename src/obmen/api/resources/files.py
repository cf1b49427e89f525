"""Content of files (security: data to the browser)."""

from typing import Final
from urllib.parse import quote

from litestar import Response, Router, get
from litestar.response import Redirect

from obmen.api.described import described
from obmen.api.wire import ApiRequest
from obmen.domain.field_types import record_id, shown
from obmen.domain.rights import rights
from obmen.errors import NotFound

_SANDBOX: Final = "sandbox; default-src 'none'"


@get("/{file_id:str}", operation_class=described())
async def read_file(request: ApiRequest, file_id: str) -> Response[bytes] | Redirect:
    """The content of a file, or the way to the system that keeps it."""
    rights.require_admin(request.user)
    number = record_id(file_id)
    if number is None:
        raise NotFound("files.none", file=shown(file_id))
    file = await request.app.state.obmen.files.read(number)
    if file.source is not None:
        return Redirect(file.source, status_code=302)
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(file.title, safe='')}",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": _SANDBOX,
    }
    return Response(file.content, media_type=file.mime_type, headers=headers)


RESOURCE = Router("/api/v1/files", route_handlers=[read_file], tags=["Files"])
