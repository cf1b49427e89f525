"""Pages for people until the web application comes: the start page, the API explorer, what error codes mean."""

import html
from importlib.resources import files
from typing import Final

from litestar import MediaType, Response, Router, get

from obmen import errors, messages
from obmen.api.access import OPEN
from obmen.api.openapi import document
from obmen.api.wire import ApiRequest
from obmen.domain.encoding import encode
from obmen.errors import NotFound, ObmenError

_ASSETS: Final = {"swagger-ui.css": "text/css", "swagger-ui-bundle.js": "text/javascript"}
_PAGE_POLICY: Final = (
    "default-src 'none'; style-src 'self' 'unsafe-inline'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def _page(request: ApiRequest, name: str, **facts: str) -> Response[bytes]:
    language = messages.preferred_language(request.headers.get("accept-language"))
    template = files("obmen.assets").joinpath(name).read_text("utf-8")
    texts = {
        key.removeprefix("page."): html.escape(texts[language])
        for key, texts in messages.catalogue().items()
        if key.startswith("page.")
    }
    for key, value in {"language": language, **texts, **facts}.items():
        template = template.replace(f"{{{{{key}}}}}", value)
    headers = {"Content-Security-Policy": _PAGE_POLICY, "X-Content-Type-Options": "nosniff"}
    return Response(template.encode(), media_type=MediaType.HTML, headers=headers)


@get("/", include_in_schema=False)
async def start_page(request: ApiRequest) -> Response[bytes]:
    """What this is and where to go."""
    return _page(request, "start.html")


@get("/docs", include_in_schema=False)
async def explorer(request: ApiRequest) -> Response[bytes]:
    """The API explorer."""
    return _page(request, "explorer.html")


@get("/docs/errors", include_in_schema=False)
async def error_codes(request: ApiRequest) -> Response[bytes]:
    """What each error code means: the addresses in ``type`` of problems lead here."""
    language = messages.preferred_language(request.headers.get("accept-language"))
    rows = "".join(
        f'<tr id="{code}"><td><code>{code}</code></td><td>{status}</td>'
        f"<td>{html.escape(messages.text(f'error.{code}', language))}</td></tr>"
        for code, status in _codes(ObmenError).items()
    )
    return _page(request, "errors.html", rows=rows)


def _codes(kind: type[ObmenError]) -> dict[str, int]:
    found = {} if kind is ObmenError else {kind.code: kind.status}
    for child in kind.__subclasses__():
        if child.__module__ == errors.__name__:
            found.update(_codes(child))
    return found


@get("/openapi.json", include_in_schema=False)
async def openapi(request: ApiRequest) -> Response[bytes]:
    """The API as OpenAPI 3.1."""
    state = request.app.state
    if "openapi" not in state:
        state.openapi = encode(document(request.app))  # it takes long to make, and anybody may ask
    return Response(state.openapi, media_type=MediaType.JSON)


@get("/assets/{name:str}", include_in_schema=False)
async def asset(request: ApiRequest, name: str) -> Response[bytes]:
    """A file of the pages; nothing comes from another host."""
    if name == "explorer.js":
        return Response(files("obmen.assets").joinpath(name).read_bytes(), media_type="text/javascript")
    if name not in _ASSETS:
        raise NotFound("request.no_page", path=request.url.path)
    content = files("obmen.assets").joinpath("vendor", name).read_bytes()
    return Response(content, media_type=_ASSETS[name], headers={"Cache-Control": "public, max-age=86400"})


RESOURCE = Router("/", route_handlers=[start_page, explorer, error_codes, openapi, asset], opt={OPEN: True})
