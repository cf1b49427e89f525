"""The HTTP application: all resources, authentication, error responses. Made by ``bootstrap``."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from litestar import Litestar
from litestar.datastructures import State
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme
from litestar.plugins import PluginProtocol
from litestar.plugins.core import MsgspecDIPlugin

from obmen import __version__
from obmen.api.access import Access
from obmen.api.body_budget import BodyBudget
from obmen.api.errors import HANDLERS
from obmen.api.headers import add_headers
from obmen.api.methods import Methods
from obmen.api.openapi import require_understood
from obmen.api.rates import Rates
from obmen.api.request_limits import RequestLimits
from obmen.api.resources import resources
from obmen.api.resources.sign_in import sign_in_by_get
from obmen.api.unimplemented import HANDLERS as UNIMPLEMENTED
from obmen.api.wire import ApiRequest
from obmen.domain.requests.addresses import TrustedProxies
from obmen.settings import Settings


class _Application(Litestar):
    @staticmethod
    def _get_default_plugins(plugins: list[PluginProtocol]) -> list[PluginProtocol]:
        """Those for msgspec. Litestar would import pydantic as well, which is installed for Typer and would slow down each start."""
        return [*plugins, MsgspecDIPlugin()]


def create_app(settings: Settings, lifespan: Callable[[Litestar], AbstractAsyncContextManager[None]]) -> RequestLimits:
    """The ASGI application; ``lifespan`` starts and stops the use cases and puts them into ``state.obmen``."""
    by_get = [sign_in_by_get] if settings.http.sign_in_by_get else []
    bodies = BodyBudget(max(settings.limits.bodies_bytes, settings.limits.body_bytes))
    proxies = TrustedProxies(settings.http.trusted_proxies)
    state = State({"rates": Rates(settings.rate), "proxies": proxies, "bodies": bodies})
    app = Methods(
        _Application(
            route_handlers=[*resources(), *UNIMPLEMENTED, *by_get],
            middleware=[Access],
            before_request=require_understood,
            before_send=[add_headers],
            exception_handlers=HANDLERS,
            lifespan=[lifespan],
            request_class=ApiRequest,
            state=state,
            request_max_body_size=None,  # `wire.body` reads bodies
            openapi_config=_openapi(settings),
        )
    )
    return RequestLimits(app, settings.limits, bodies)


def _openapi(settings: Settings) -> OpenAPIConfig:
    return OpenAPIConfig(
        title="Obmen",
        version=__version__,
        description="External requests stand beside this API: /api/webrequest/{urlId} takes any method and any format.",
        path="/openapi",
        render_plugins=(),
        use_handler_docstrings=True,
        security=[{"basic": []}, {"session": []}],
        components=Components(
            security_schemes={
                "basic": SecurityScheme(type="http", scheme="basic"),
                "session": SecurityScheme(type="apiKey", name=settings.http.cookie, security_scheme_in="cookie"),
            }
        ),
    )
