"""One shape for every failure: ``application/problem+json`` (RFC 9457) with ``code``, ``message`` and ``errors``.

A client of Bpium reads ``message``; ``errors`` names each value that does not fit (contract: errors).
"""

import secrets
from typing import Any, Final

import asyncpg
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.types import ExceptionHandlersMap

from obmen import messages
from obmen.domain.encoding import encode
from obmen.errors import (
    BadRequest,
    InvalidValue,
    MethodNotAllowed,
    NotFound,
    ObmenError,
    SetupError,
    TooLarge,
    TooManyRequests,
    Unavailable,
    Unexpected,
)

MEDIA_TYPE: Final = "application/problem+json"

log = structlog.get_logger()


def problem(error: ObmenError, language: str) -> tuple[int, dict[str, str], dict[str, Any]]:
    """``(status, headers, body)`` that tell ``error``."""
    detail = error.text(language)
    described: dict[str, Any] = {
        "type": f"/docs/errors#{error.code}",
        "title": messages.text(f"error.{error.code}", language),
        "status": error.status,
        "detail": detail,
        "code": error.code,
        "message": detail,
    }
    if isinstance(error, InvalidValue):
        described["errors"] = [{"field": item.field, "message": item.text(language)} for item in error.problems]
    headers = {}
    if isinstance(error, TooManyRequests):
        headers["Retry-After"] = str(error.facts.get("seconds", 1))
    return error.status, headers, described


def respond(request: Request[Any, Any, Any], error: ObmenError) -> Response[bytes]:
    """``error`` as an answer in the caller's language."""
    language = messages.preferred_language(request.headers.get("accept-language"))
    status, headers, described = problem(error, language)
    return Response(encode(described), status_code=status, headers=headers, media_type=MEDIA_TYPE)


def _named(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    assert isinstance(error, ObmenError)
    if isinstance(error, SetupError):
        log.error("setup is broken", problem=str(error))
    return respond(request, error)


def _http(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """What the framework refused by itself."""
    assert isinstance(error, HTTPException)
    match error.status_code:
        case 404:
            return respond(request, NotFound("request.no_page", path=request.url.path))
        case 405:
            return respond(request, MethodNotAllowed("request.no_method", path=request.url.path, method=request.method))
        case 413:
            limit = request.app.state.obmen.settings.limits.body_bytes
            return respond(request, TooLarge("request.too_large", limit=limit))
        case status if status < 500:
            return respond(request, BadRequest("request.invalid", problem=error.detail))
        case _:
            return _unexpected(request, error)


def _database(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    log.error("the database does not answer", problem=repr(error))
    return respond(request, Unavailable("request.database_away"))


def _unexpected(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    number = secrets.token_hex(8)
    log.error("unexpected error", request=number, path=request.url.path, exc_info=error)
    return respond(request, Unexpected("request.unexpected", request=number))


HANDLERS: Final[ExceptionHandlersMap] = {
    ObmenError: _named,
    HTTPException: _http,
    asyncpg.PostgresConnectionError: _database,
    asyncpg.CannotConnectNowError: _database,
    asyncpg.InterfaceError: _database,
    asyncpg.InternalClientError: _database,
    ConnectionError: _database,
    TimeoutError: _database,
    Exception: _unexpected,
}
