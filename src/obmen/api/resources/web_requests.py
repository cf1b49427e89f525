"""External requests: any method, any format, answered by a process (contract: external requests).

A plain ASGI application under ``/api/webrequest``: HTTP knows no end of methods, and what lies behind the address is the
scenario's business.
"""

import re
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from litestar import Request, Response, Router, asgi
from litestar.types import Receive, Scope, Send

from obmen.api.access import OPEN, cookie_caller
from obmen.api.errors import respond
from obmen.api.wire import aside, body
from obmen.domain.encoding import encode
from obmen.domain.requests import query_strings
from obmen.domain.requests.bodies import read_body
from obmen.domain.requests.raw_bodies import RAW_BODY, raw_text
from obmen.errors import ObmenError
from obmen.services.processes.processes import Answer, answer_of

if TYPE_CHECKING:
    from collections.abc import Mapping


PREFIX: Final = "/api/webrequest"
_SANDBOX: Final = "sandbox allow-scripts allow-forms allow-popups allow-downloads"
"""A page that a process answers runs in an origin of its own: it cannot act with the session of who opens it."""
_NO_BODY: Final = (HTTPStatus.NO_CONTENT, HTTPStatus.RESET_CONTENT, HTTPStatus.NOT_MODIFIED)
_TOKEN: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
"""What a header can be called (RFC 9110, 5.1); others cannot be sent."""
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_HOP_BY_HOP: Final = {"connection", "content-length", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"}


@asgi(PREFIX, is_mount=True, copy_scope=False, opt={OPEN: True})
async def listen(scope: Scope, receive: Receive, send: Send) -> None:
    """Runs the listener's scenario with the request and answers what it says."""
    request: Request[Any, Any, Any] = Request(scope, receive, send)
    try:
        response = _preflight(request) if _is_preflight(request) else await _answer(request)
    except ObmenError as error:
        response = respond(request, error)
    await response.to_asgi_response(None, request)(scope, receive, send)


async def _answer(request: Request[Any, Any, Any]) -> Response[bytes]:
    obmen = request.app.state.obmen
    limits = obmen.settings.limits
    request.app.state.rates.count_address(request.client.host if request.client else "")
    path = _path(request)
    listener = await obmen.listeners.find(path.removeprefix(PREFIX).strip("/"))
    text = request.scope["query_string"].decode("latin-1")
    query = query_strings.parse(text, depth=limits.depth) if text else {}
    caller = await cookie_caller(request)
    own_cookie = obmen.settings.http.cookie
    content, content_type = await body(request, limits), request.headers.get("content-type", "")
    variables = {
        "url": f"{request.scope['scheme']}://{request.headers.get('host', '')}{path}{'?' if text else ''}{text}",
        "method": request.method,
        "headers": _headers(request, own_cookie),
        "cookies": {name: value for name, value in request.cookies.items() if name != own_cookie},
        "query": query,
        "body": await aside(partial(read_body, content, content_type, depth=limits.depth), len(content)),
        RAW_BODY: raw_text(content),
    }
    is_async = query_strings.text_of(query, "async").lower() == "true"
    mode = "$async" if is_async else "$sync"
    launch = obmen.processes.launch(listener, mode, variables, caller.user_id if caller else None)
    if is_async:
        await obmen.processes.enqueue(launch)
        return Response(b"", media_type="text/plain", headers={"Access-Control-Allow-Origin": "*"})
    return _written(answer_of(await obmen.processes.run(launch)))


def _path(request: Request[Any, Any, Any]) -> str:
    """The path as it was sent: what this application is mounted under is taken off the other one."""
    return request.scope["raw_path"].partition(b"?")[0].decode("latin-1")


def _headers(request: Request[Any, Any, Any], own_cookie: str) -> dict[str, str]:
    """Lower-case names, as Node.js gives them; a repeated header is joined by commas. Obmen's own session is no scenario's business."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in request.scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        if name == "cookie":
            value = "; ".join(part for part in value.split("; ") if part.partition("=")[0] != own_cookie)
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _written(answer: Answer) -> Response[bytes]:
    headers = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP_BY_HOP}
    given = {name.lower() for name in headers}
    content, kind = _content(answer.body)
    if answer.status in _NO_BODY:
        content = b""
    if "content-type" not in given and content:
        headers["Content-Type"] = kind
    if "content-security-policy" not in given:
        headers["Content-Security-Policy"] = _SANDBOX
    headers = {name: _clean(value) for name, value in headers.items() if _TOKEN.fullmatch(name)}
    content_type = _take(headers, "content-type") or "text/plain"
    return Response(content, status_code=answer.status, headers=headers, media_type=content_type)


def _content(value: Any) -> tuple[bytes, str]:
    if value is None:
        return b"", "text/plain; charset=utf-8"
    if isinstance(value, str):
        return value.encode("utf-8", "replace"), "text/html; charset=utf-8"
    return encode(value), "application/json"


def _clean(text: str) -> str:
    """Without what would begin another header; other letters than Latin-1's cannot stand in a header."""
    return _CONTROL.sub(" ", text).encode("latin-1", "replace").decode("latin-1")


def _take(headers: dict[str, str], name: str) -> str:
    for given in list(headers):
        if given.lower() == name:
            return headers.pop(given)
    return ""


def _is_preflight(request: Request[Any, Any, Any]) -> bool:
    headers: Mapping[str, str] = request.headers
    return request.method == "OPTIONS" and "origin" in headers and "access-control-request-method" in headers


def _preflight(request: Request[Any, Any, Any]) -> Response[bytes]:
    """A browser asks whether it may ask: it may, without credentials; whether a page reads the answer, the process's headers say."""
    headers = {
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Allow-Methods": request.headers["access-control-request-method"],
        "Access-Control-Allow-Headers": request.headers.get("access-control-request-headers", "*"),
        "Access-Control-Max-Age": "600",
    }
    return Response(b"", status_code=204, headers=headers)


RESOURCE = Router("/", route_handlers=[listen])
