"""Signing in and out (docs/reference/sign-in.md)."""

from typing import Any, Final

import msgspec
from litestar import Router, get, post

from obmen.api.access import OPEN, remember, require_same_origin
from obmen.api.connections import client_address, count_address, session_token
from obmen.api.openapi import described
from obmen.api.wire import ApiRequest, Done, body
from obmen.domain.requests.bodies import read_body
from obmen.domain.requests.questions import SignInQuestion
from obmen.domain.requests.sent import SentSignIn, credentials_of

_FORM_BYTES: Final = 16_384


class SignedIn(msgspec.Struct, frozen=True):
    """The session is opened."""

    id: str
    email: str


@post("/login", status_code=200, operation_class=described(question=None, sent=SentSignIn))
async def sign_in(request: ApiRequest) -> SignedIn:
    """Opens a session: its cookie comes with the answer. Takes a form or JSON."""
    count_address(request)
    require_same_origin(request)
    content = await body(request, _FORM_BYTES)
    limits = request.obmen.settings.limits
    return await _sign_in(request, read_body(content, request.headers.get("content-type", ""), limits))


@get("/auth/login", operation_class=described(SignInQuestion), tags=["Sign-in"], opt={OPEN: True})
async def sign_in_by_get(request: ApiRequest) -> SignedIn:
    """Opens a session for a page that can only follow a link; exists where http.sign_in_by_get is on."""
    count_address(request)
    return await _sign_in(request, request.parameters)


async def _sign_in(request: ApiRequest, sent: Any) -> SignedIn:
    login, password = credentials_of(sent)
    signed_in = await request.obmen.accounts.sign_in(login, password, client_address(request))
    remember(request.scope, signed_in.token)
    return SignedIn(str(signed_in.caller.user_id), signed_in.caller.email)


@post("/logout", status_code=200, operation_class=described(question=None))
async def sign_out(request: ApiRequest) -> Done:
    """Ends the session of the cookie."""
    count_address(request)
    require_same_origin(request)
    await request.obmen.accounts.sign_out(session_token(request))
    remember(request.scope, "")
    return Done()


RESOURCE = Router("/auth", route_handlers=[sign_in, sign_out], tags=["Sign-in"], opt={OPEN: True})
