"""The caller's own profile (contract: Profile)."""

from litestar import Response, Router, get

from obmen.api.described import described, list_of, mapping, shape, text
from obmen.api.wire import ApiRequest, answer
from obmen.domain.catalogs.schema import USERS
from obmen.domain.rights.policies import SYSTEM

_PROFILE = shape(
    id=text("Id of the employee"),
    email=text("Sign-in"),
    title=text("Name"),
    subjects=list_of(mapping("A group of rights")),
)


@get("/me", operation_class=described(answered=_PROFILE))
async def read_profile(request: ApiRequest) -> Response[bytes]:
    """Who is signed in."""
    caller = request.user
    user = await request.app.state.obmen.records.read(SYSTEM, USERS, str(caller.user_id))
    return answer({"id": user["id"], "email": caller.email, "title": user["title"], "subjects": []})


RESOURCE = Router("/api/v1/profile", route_handlers=[read_profile], tags=["Profile"])
