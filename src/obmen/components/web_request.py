"""Asks another system by HTTP."""

import base64
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final
from urllib.parse import urlencode

import msgspec
from msgspec import Meta

from obmen.components import Component, Context, Effect, Slot
from obmen.domain.encoding import decode_near
from obmen.domain.json_values import as_json, json_text
from obmen.domain.processes.catalog_choice import as_object
from obmen.domain.requests.charsets import codec_of, text_of
from obmen.domain.requests.content_types import ContentType, content_type_of
from obmen.domain.requests.set_cookies import cookies_of
from obmen.errors import StepFailed
from obmen.ports import HttpRequest, HttpResponse

_METHODS: Final = ("GET", "POST", "PATCH", "PUT", "DELETE", "HEAD")
_SAFE: Final = ("GET", "HEAD")
_FORM: Final = "application/x-www-form-urlencoded"


class WebInputs(msgspec.Struct, frozen=True, kw_only=True, rename={"wait": "async"}):
    """The request, and how its answer is read."""

    method: Annotated[str, Meta(description="`GET`, `POST`, `PATCH`, `PUT`, `DELETE` or `HEAD`.")] = "GET"
    query: Annotated[str, Meta(description="The address, with its query.")] = ""
    headers: Annotated[
        Any, Meta(description="Headers by name, a list for several values, null for none; those given here win.")
    ] = None
    format: Annotated[str, Meta(description="`keyvalue` sends `params` as a form, any other `body`.")] = "keyvalue"
    params: Annotated[Any, Meta(description="Fields of the form by name.")] = None
    body: Annotated[Any, Meta(description="Text as it is, any other value as JSON.")] = None
    type: Annotated[str, Meta(description="Content type of `body`.")] = "application/json"
    auth: Annotated[str, Meta(description="`noauth`, or `basic` with `login` and `password`.")] = "noauth"
    login: Annotated[str, Meta(description="User name of `basic`.")] = ""
    password: Annotated[str, Meta(description="Password of `basic`.")] = ""
    wait: Annotated[str, Meta(description="`async` does not wait for the answer and gives no outputs.")] = "sync"
    output_format: Annotated[str, Meta(description="`json` gives the value of a JSON answer, any other its text.")] = (
        "text"
    )


class WebRequest(Component[WebInputs]):
    """Sends a request to another system; its address passes the egress policy."""

    name = "webRequest"
    inputs = WebInputs
    outputs = (
        Slot("output_code", "Status of the answer, a number."),
        Slot("output_status", "The same."),
        Slot("output_body", "Body of the answer."),
        Slot(
            "output_headers",
            "Headers by name in lower case; `set-cookie` is a list, `cookies` the cookies by name, each an object with "
            "`value` and attributes.",
        ),
    )

    def effect(self, inputs: WebInputs) -> Effect:
        """A safe method (RFC 9110, 9.2.1) may be repeated, any other may have done something over there."""
        return Effect.NONE if inputs.method.upper() in _SAFE else Effect.OUTSIDE

    async def run(self, inputs: WebInputs, context: Context) -> Mapping[str, Any]:
        """All outputs; none unless it waits."""
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
    headers = {
        name: tuple(
            _text(item) for item in (value if isinstance(value, list | tuple) else (value,)) if item is not None
        )
        for name, value in as_object("headers", inputs.headers).items()
    }
    headers = {name: values for name, values in headers.items() if values}
    if inputs.auth == "basic":
        pair = base64.b64encode(f"{inputs.login}:{inputs.password}".encode()).decode()
        headers = {"Authorization": (f"Basic {pair}",), **headers}
    elif inputs.auth != "noauth":
        raise StepFailed("component.bad_auth", sent=inputs.auth, known="noauth, basic")
    body: bytes | None = None
    if method not in _SAFE:
        given = next((values[0] for name, values in headers.items() if name.lower() == "content-type"), "")
        kind = given or (_FORM if inputs.format == "keyvalue" else inputs.type)
        body = _content(inputs, content_type_of(kind))
        if body is not None and not given:
            headers["Content-Type"] = (kind,)
    return HttpRequest(method=method, url=inputs.query.strip(), headers=headers, body=body, limit_bytes=limit)


def _content(inputs: WebInputs, kind: ContentType) -> bytes | None:
    """The body, in the charset that its content type names: UTF-8 without one, and for JSON (RFC 8259, 8.1)."""
    codec = "utf_8" if kind.speaks("json") else codec_of(kind.charset) or "utf_8"
    try:
        if inputs.format == "keyvalue":
            params = as_object("params", inputs.params)
            pairs = [(name, _text(value)) for name, value in params.items() if value is not None]
            return urlencode(pairs, encoding=codec).encode() if pairs else None
        return None if inputs.body is None else _text(inputs.body).encode(codec)
    except UnicodeEncodeError as error:
        character = error.object[error.start]
        raise StepFailed("component.not_in_charset", character=character, charset=kind.charset or "utf-8") from None


def _text(value: Any) -> str:
    value = as_json(value)
    return value if isinstance(value, str) else json_text(value).decode()


def _body(inputs: WebInputs, response: HttpResponse) -> Any:
    content_type = next((value for name, value in response.headers if name == "content-type"), "")
    text = text_of(response.body, content_type_of(content_type))
    if inputs.output_format != "json":
        return text
    if not text.strip():
        return None
    try:
        return decode_near(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise StepFailed("component.answer_not_json", status=response.status, problem=error, start=text[:200]) from None


def _headers(received: Iterable[tuple[str, str]]) -> dict[str, Any]:
    values: dict[str, list[str]] = {}
    for name, value in received:
        values.setdefault(name, []).append(value)
    set_cookies = values.pop("set-cookie", [])
    headers: dict[str, Any] = {name: ", ".join(several) for name, several in values.items()}
    if set_cookies:
        headers["set-cookie"] = set_cookies
    return {**headers, "cookies": cookies_of(set_cookies)}


COMPONENT = WebRequest()
