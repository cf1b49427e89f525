"""Whether the server lives and can work."""

from typing import Literal

import msgspec
from litestar import Router, get

from obmen.api.access import OPEN
from obmen.api.openapi import described
from obmen.api.wire import ApiRequest


class Health(msgspec.Struct, frozen=True):
    """All is well."""

    status: Literal["ok"] = "ok"


@get("/live", operation_class=described(question=None))
async def live() -> Health:
    """The process answers."""
    return Health()


@get("/ready", operation_class=described(question=None))
async def ready(request: ApiRequest) -> Health:
    """The database answers too."""
    await request.obmen.database.fetchval("read_schema_version")
    return Health()


RESOURCE = Router("/health", route_handlers=[live, ready], tags=["Health"], opt={OPEN: True})
