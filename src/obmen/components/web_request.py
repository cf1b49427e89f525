"""Asks another system by HTTP."""

import base64
from collections.abc import Iterable, Mapping
from http.cookies import CookieError, SimpleCookie
from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from obmen.components import Component, Context, Effect
from obmen.domain.encoding import encode
from obmen.domain.processes.catalog_choice import as_object
from obmen.errors import StepFailed
from obmen.ports import HttpRequest, HttpResponse

_METHODS: Final = ("GET", "POST", "PATCH", "PUT", "DELETE", "HEAD")
_SAFE: Final = ("GET", "HEAD")
_FORM: Final = "application/x-www-form-urlencoded"


class WebInputs(msgspec.Struct, frozen=True, kw_only=True, rename={"wait": "async"}):
    """The request, and how its answer is read."""

    method: str = "GET"
    query: str = ""
    headers: Any = None
    format: str = "keyvalue"
    params: Any = None
    body: Any = None
    type: str = "application/json"
    auth: str = "noauth"
    login: str = ""
    password: str = ""
    wait: str = "sync"
    output_format: str = "text"


class WebRequest(Component[WebInputs]):
    """One request (contract: web request). The address passes the egress policy (law 6)."""

    name = "webRequest"
    inputs = WebInputs
    outputs = ("output_code", "output_status", "output_body", "output_headers")

    def effect(self, inputs: WebInputs) -> Effect:
        """A safe method (RFC 9110, 9.2.1) may be repeated, any other may have done something over there."""
        return Effect.NONE if inputs.method.upper() in _SAFE else Effect.OUTSIDE

    async def run(self, inputs: WebInputs, context: Context) -> Mapping[str, Any]:
        """``output_code`` (also ``output_status``), ``output_body``, ``output_headers`` with ``cookies``; nothing unless it waits."""
        request = _request(inputs, context.download_bytes)
        if inputs.wait == "async":
            context.later(context.http.send(request))
            return {}
        response = await context.http.send(request)
        return {
            "output_code": response.status,
            "output_status": response.status,
            "output_body": _body(inputs, response),
            "output_headers": _headers(response.headers),
        }


def _request(inputs: WebInputs, limit: int) -> HttpRequest:
    method = inputs.method.upper()
    if method not in _METHODS:
        raise StepFailed("component.bad_method", sent=inputs.method, known=", ".join(_METHODS))
    headers = {name: _text(value) for name, value in as_object("headers", inputs.headers).items()}
    if inputs.auth == "basic":
        pair = base64.b64encode(f"{inputs.login}:{inputs.password}".encode()).decode()
        headers = {"Authorization": f"Basic {pair}", **headers}
    elif inputs.auth != "noauth":
        raise StepFailed("component.bad_auth", sent=inputs.auth, known="noauth, basic")
    body: bytes | None = None
    if method not in _SAFE:
        body, kind = _content(inputs)
        if body is not None and "content-type" not in {name.lower() for name in headers}:
            headers["Content-Type"] = kind
    return HttpRequest(method=method, url=inputs.query.strip(), headers=headers, body=body, limit_bytes=limit)


def _content(inputs: WebInputs) -> tuple[bytes | None, str]:
    if inputs.format == "keyvalue":
        params = as_object("params", inputs.params)
        pairs = [(name, _text(value)) for name, value in params.items() if value is not None]
        return (urlencode(pairs).encode(), _FORM) if pairs else (None, _FORM)
    if inputs.body is None:
        return None, inputs.type
    return _text(inputs.body).encode(), inputs.type


def _text(value: Any) -> str:
    return value if isinstance(value, str) else encode(value).decode()


def _body(inputs: WebInputs, response: HttpResponse) -> Any:
    text = response.body.decode(_charset(response), "replace")
    if inputs.output_format != "json":
        return text
    if not text.strip():
        return None
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise StepFailed("component.answer_not_json", status=response.status, problem=error, start=text[:200]) from None


def _charset(response: HttpResponse) -> str:
    kind = dict(response.headers).get("content-type", "")
    charset = kind.partition("charset=")[2].split(";")[0].strip(" \"'").lower()
    try:
        "".encode(charset or "utf-8")
    except (LookupError, ValueError):
        return "utf-8"
    return charset or "utf-8"


def _headers(received: Iterable[tuple[str, str]]) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    cookies: dict[str, Any] = {}
    for name, value in received:
        if name == "set-cookie":
            cookies.update(_cookies(value))
        else:
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return {**headers, "cookies": cookies}


def _cookies(header: str) -> dict[str, Any]:
    try:
        parsed = SimpleCookie(header)
    except CookieError:
        return {}
    return {
        name: {"value": morsel.value, **{key: value for key, value in morsel.items() if value}}
        for name, morsel in parsed.items()
    }


COMPONENT = WebRequest()
