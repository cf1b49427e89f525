"""Signing in and out (contract: sign-in by POST)."""

from litestar import Response, Router, post

from obmen.api.access import OPEN, client_address, remember, require_same_origin
from obmen.api.described import described, shape, text
from obmen.api.wire import ApiRequest, answer, body
from obmen.domain.requests import query_strings
from obmen.domain.requests.bodies import read_body
from obmen.errors import BadRequest

_FORM_BYTES = 16_384
_SENT = shape("", ("email", "password"), email=text("Sign-in"), password=text("Password"))


@post("/login", status_code=200, operation_class=described(sent=_SENT, answered=shape(id=text("Id of the employee"))))
async def sign_in(request: ApiRequest) -> Response[bytes]:
    """Opens a session: its cookie comes with the answer. Takes a form or JSON."""
    obmen = request.app.state.obmen
    limits = obmen.settings.limits
    require_same_origin(request, obmen.settings)
    content = await body(request, limits, _FORM_BYTES)
    sent = read_body(content, request.headers.get("content-type", ""), depth=limits.depth)
    if not isinstance(sent, dict):
        raise BadRequest("access.sign_in")
    email, password = query_strings.text_of(sent, "email"), query_strings.text_of(sent, "password")
    signed_in = await obmen.accounts.sign_in(email, password, client_address(request))
    remember(request.scope, signed_in.token)
    return answer({"id": str(signed_in.caller.user_id), "email": signed_in.caller.email})


@post("/logout", status_code=200, operation_class=described())
async def sign_out(request: ApiRequest) -> Response[bytes]:
    """Ends the session of the cookie."""
    obmen = request.app.state.obmen
    require_same_origin(request, obmen.settings)
    token = request.cookies.get(obmen.settings.http.cookie)
    if token:
        await obmen.accounts.sign_out(token)
    remember(request.scope, "")
    return answer({})


RESOURCE = Router("/auth", route_handlers=[sign_in, sign_out], tags=["Sign-in"], opt={OPEN: True})
