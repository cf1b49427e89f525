"""Files: where their content is, and the content itself at the signed address that values of records carry.

Content is served so that a browser runs nothing of it (docs/reference/files.md).
"""

from typing import Final

from litestar import Response, Router, get
from litestar.response import Redirect

from obmen.api.access import OPEN
from obmen.api.connections import count_address
from obmen.api.openapi import described
from obmen.api.wire import ApiRequest
from obmen.domain.requests.headers import attachment, header_text

_SANDBOX: Final = "sandbox; default-src 'none'"


@get("/api/v1/files/{file_id:str}", status_code=302, tags=["Files"], operation_class=described())
async def read_file(request: ApiRequest, file_id: str) -> Redirect:
    """Leads to the content of a file."""
    return Redirect(header_text("location", await request.obmen.files.location(request.user, file_id)))


@get("/files/{name:str}", opt={OPEN: True}, include_in_schema=False)
async def read_content(request: ApiRequest, name: str) -> Response[bytes]:
    """The content of a file, for whoever has its signed address."""
    count_address(request)
    file = await request.obmen.files.open(name)
    if file.source is not None:
        return Response(b"", status_code=302, headers={"Location": header_text("location", file.source)})
    headers = {
        "Content-Type": file.mime_type,
        "Content-Disposition": attachment(file.title),
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": _SANDBOX,
    }
    return Response(file.content, headers=headers)


RESOURCE = Router("/", route_handlers=[read_file, read_content])
