"""Whether the server lives and can work (docs/reference/health.md)."""

import asyncio
from typing import Annotated, Final, Literal

import msgspec
from litestar import Router, get
from msgspec import Meta

from obmen.api.access import OPEN
from obmen.api.openapi import described
from obmen.api.wire import ApiRequest
from obmen.storage import process_states
from obmen.storage.process_states import ProcessState

_READY_S: Final = 5.0


class Health(msgspec.Struct, frozen=True):
    """All is well."""

    status: Literal["ok"] = "ok"


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """How the processes of Obmen are."""

    status: Annotated[Literal["ok", "degraded"], Meta(description="degraded: a process ends again and again")]
    processes: Annotated[tuple[ProcessState, ...], Meta(description="Those that obmen serve keeps running")]


@get("/", operation_class=described(question=None))
async def overview(request: ApiRequest) -> Overview:
    """Which processes run, and which end again and again."""
    states = process_states.read(request.obmen.settings.data)
    return Overview(status="ok" if all(state.is_well for state in states) else "degraded", processes=states)


@get("/live", operation_class=described(question=None))
async def live() -> Health:
    """The process that was asked answers; it says nothing of the others or of the database."""
    return Health()


@get("/ready", operation_class=described(question=None))
async def ready(request: ApiRequest) -> Health:
    """The database answers too, within 5 seconds."""
    async with asyncio.timeout(_READY_S):
        await request.obmen.database.fetchval("read_schema_version")
    return Health()


RESOURCE = Router("/health", route_handlers=[overview, live, ready], tags=["Health"], opt={OPEN: True})
