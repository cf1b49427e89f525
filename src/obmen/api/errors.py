"""One shape for every failure: ``application/problem+json`` (RFC 9457) with ``code``, ``message`` and ``errors``.

A client of Bpium reads ``message``; ``errors`` names each value that does not fit (docs/reference/errors.md).
"""

import secrets
from typing import TYPE_CHECKING, Annotated, Final, cast

import asyncpg
import msgspec
import structlog
from litestar import Response
from litestar.exceptions import HTTPException
from msgspec import UNSET, Meta, UnsetType

from obmen import messages
from obmen.api.methods import ANY_ORIGIN, is_external, path_as_sent
from obmen.api.wire import ApiRequest
from obmen.domain.encoding import encode
from obmen.errors import (
    BadRequest,
    InvalidValue,
    MethodNotAllowed,
    NotFound,
    ObmenError,
    SetupError,
    StorageFull,
    TooLarge,
    TooManyRequests,
    Unavailable,
    Unexpected,
)
from obmen.storage.own_connection import FAULTS

if TYPE_CHECKING:
    from litestar.types import ExceptionHandlersMap

    from obmen.api.methods import Methods

MEDIA_TYPE: Final = "application/problem+json"

log = structlog.get_logger()


class ValueProblem(msgspec.Struct, frozen=True):
    """A value that does not fit its field."""

    field: str
    message: str


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """A failure (RFC 9457)."""

    type: Annotated[str, Meta(description="Address of the explanation")]
    title: Annotated[str, Meta(description="Kind of failure")]
    status: Annotated[int, Meta(description="HTTP status")]
    detail: Annotated[str, Meta(description="What was wrong and what to do")]
    code: Annotated[str, Meta(description="Stable code")]
    message: Annotated[str, Meta(description="The same as detail")]
    errors: Annotated[
        tuple[ValueProblem, ...] | UnsetType, Meta(description="Each value that does not fit, with code invalid_value")
    ] = UNSET


def describe(error: ObmenError, language: str) -> Problem:
    """``error`` described in ``language``."""
    detail = error.text(language)
    errors: tuple[ValueProblem, ...] | UnsetType = UNSET
    if isinstance(error, InvalidValue):
        errors = tuple(ValueProblem(item.field, item.text(language)) for item in error.problems)
    return Problem(
        type=f"/docs/errors#{error.code}",
        title=messages.text(f"error.{error.code}", language),
        status=error.status,
        detail=detail,
        code=error.code,
        message=detail,
        errors=errors,
    )


def respond(request: ApiRequest, error: ObmenError) -> Response[bytes]:
    """``error`` as an answer in the caller's language; a page of any origin may read that of an external request."""
    language = messages.preferred_language(request.headers.get("accept-language"))
    headers = {"Cache-Control": "no-store"}
    if is_external(path_as_sent(request.scope)):
        headers.update([ANY_ORIGIN])
    match error:
        case TooManyRequests() | Unavailable():
            headers["Retry-After"] = str(error.facts.get("seconds", 1))
        case MethodNotAllowed():
            methods: Methods = request.app.state.methods
            headers["Allow"] = ", ".join(methods.allowed(request.scope["path"]))
    body = encode(describe(error, language))
    return Response(body, status_code=error.status, headers=headers, media_type=MEDIA_TYPE)


def _named(request: ApiRequest, error: Exception) -> Response[bytes]:
    assert isinstance(error, ObmenError)
    if isinstance(error, SetupError):
        log.error("setup is broken", problem=str(error))
    return respond(request, error)


def _http(request: ApiRequest, error: Exception) -> Response[bytes]:
    """Errors raised by the framework."""
    assert isinstance(error, HTTPException)
    match error.status_code:
        case 404:
            return respond(request, NotFound("request.no_page", path=request.url.path))
        case 405:
            return respond(request, MethodNotAllowed("request.no_method", path=request.url.path, method=request.method))
        case 413:
            limit = request.obmen.settings.limits.body_bytes
            return respond(request, TooLarge("request.too_large", limit=limit))
        case status if status < 500:
            return respond(request, BadRequest("request.invalid", problem=error.detail))
        case _:
            return _unexpected(request, error)


def _database(request: ApiRequest, error: Exception) -> Response[bytes]:
    log.error("the database does not answer", problem=repr(error))
    return respond(request, Unavailable("request.database_away"))


def _database_full(request: ApiRequest, error: Exception) -> Response[bytes]:
    log.error("the disk of the database is full", problem=repr(error))
    return respond(request, StorageFull("request.database_full"))


def _unexpected(request: ApiRequest, error: Exception) -> Response[bytes]:
    number = secrets.token_hex(8)
    log.error("unexpected error", request=number, path=request.url.path, exc_info=error)
    return respond(request, Unexpected("request.unexpected", request=number))


HANDLERS: Final = cast(  # the application's request_class makes the requests
    "ExceptionHandlersMap",
    {
        ObmenError: _named,
        HTTPException: _http,
        **dict.fromkeys(FAULTS, _database),
        asyncpg.DiskFullError: _database_full,
        Exception: _unexpected,
    },
)
