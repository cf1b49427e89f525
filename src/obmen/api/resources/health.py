"""Whether the server lives and can work (contract: health)."""

from litestar import Response, Router, get

from obmen.api.access import OPEN
from obmen.api.described import described, shape, text
from obmen.api.wire import ApiRequest, answer

_STATUS = shape(status=text("ok"))


@get("/live", operation_class=described(answered=_STATUS))
async def live(request: ApiRequest) -> Response[bytes]:
    """The process answers."""
    return answer({"status": "ok"})


@get("/ready", operation_class=described(answered=_STATUS))
async def ready(request: ApiRequest) -> Response[bytes]:
    """The database answers too."""
    await request.app.state.obmen.database.fetchval("read_schema_version")
    return answer({"status": "ok"})


RESOURCE = Router("/health", route_handlers=[live, ready], tags=["Health"], opt={OPEN: True})
