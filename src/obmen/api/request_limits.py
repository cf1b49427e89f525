"""What holds for every request before anything reads it: the limits of its headers; and afterwards: what its body took is given back."""

from litestar.enums import ScopeType
from litestar.types import Receive, Scope, Send

from obmen.api.body_budget import BodyBudget
from obmen.api.errors import respond
from obmen.api.methods import Methods
from obmen.api.wire import ApiRequest
from obmen.domain.requests.headers import HeaderLimits
from obmen.errors import HeadersTooLarge
from obmen.settings import Limits


def header_limits(limits: Limits) -> HeaderLimits:
    """The settings that hold for headers."""
    return HeaderLimits(limits.header_count, limits.header_bytes, limits.headers_bytes)


class RequestLimits:
    """The ASGI application around everything."""

    def __init__(self, app: Methods, headers: HeaderLimits, bodies: BodyBudget) -> None:
        self._app = app
        self._headers = headers
        self._bodies = bodies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on; one whose headers exceed a limit gets its answer here, and no parser sees them."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
        elif (limit := self._headers.exceeded(list(scope["headers"]))) is not None:
            request = ApiRequest(scope, receive, send)
            error = HeadersTooLarge("request.headers_too_large", setting=limit, limit=getattr(self._headers, limit))
            await respond(request, error).to_asgi_response(None, request)(scope, receive, send)
        else:
            try:
                await self._app(scope, receive, send)
            finally:
                self._bodies.give_back(scope)
