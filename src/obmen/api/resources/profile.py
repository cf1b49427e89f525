"""The caller's own profile."""

from litestar import Router, get

from obmen.api.openapi import described
from obmen.api.wire import ApiRequest
from obmen.services.accounts.profiles import Profile


@get("/me", operation_class=described())
async def read_profile(request: ApiRequest) -> Profile:
    """Who is signed in."""
    return await request.obmen.profiles.read(request.user)


RESOURCE = Router("/api/v1/profile", route_handlers=[read_profile], tags=["Profile"])
