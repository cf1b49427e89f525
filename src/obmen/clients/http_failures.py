"""Why a request got no answer: whatever the HTTP library and the sockets below raise, told in a sentence.

Called by ``clients/http``.
"""

import os
import ssl
from typing import Final

import aiohttp

from obmen.errors import StepFailed, Temporary

RETRY_S: Final = 5.0
"""Delay of `Temporary` where the other system did not answer."""

# Reasons of OpenSSL. A server that speaks no TLS answers with what TLS takes for a record of a wrong version.
_NO_TLS: Final = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "HTTPS_PROXY_REQUEST", "RECORD_LAYER_FAILURE")
_CERTIFICATE_ASKED: Final = (
    "TLSV13_ALERT_CERTIFICATE_REQUIRED", "TLSV1_ALERT_CERTIFICATE_REQUIRED", "SSLV3_ALERT_BAD_CERTIFICATE",
    "SSLV3_ALERT_HANDSHAKE_FAILURE", "TLSV1_ALERT_ACCESS_DENIED",
)  # fmt: skip


def failure(error: Exception, host: str) -> Temporary:
    """The `Temporary` that ``error`` amounts to; ``did_nothing`` where certainly nothing has reached ``host``."""
    did_nothing = isinstance(error, aiohttp.ClientConnectorError) or sent_nothing(error)
    return Temporary("http.no_answer", delay_s=RETRY_S, did_nothing=did_nothing, host=host, problem=_why(error))


def sent_nothing(error: Exception) -> bool:
    """Whether a kept connection was found closed before the first byte: bodies are written in one piece with their headers."""
    return isinstance(error, aiohttp.ClientConnectionResetError) or isinstance(
        error.__cause__, aiohttp.ClientConnectionResetError
    )


def lost_connection(error: Exception) -> bool:
    """Whether a connection that had been made ended before the answer."""
    return isinstance(error, (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError)) and not isinstance(
        error, aiohttp.ClientConnectorError
    )


def _why(error: Exception) -> StepFailed:
    """What happened, as a part of a message."""
    secured = _ssl_error(error)
    if secured is not None:
        return _why_not_secure(secured)
    match error:
        case aiohttp.ClientConnectorDNSError():
            found = StepFailed("http.why_no_name", problem=_text(error.os_error))
        case aiohttp.ClientConnectorError(os_error=ConnectionResetError()):
            found = StepFailed("http.why_tls_closed")
        case aiohttp.ClientConnectorError():
            found = StepFailed("http.why_other", problem=_text(error.os_error))
        case aiohttp.ServerDisconnectedError():
            found = StepFailed("http.why_closed")
        case aiohttp.ClientPayloadError():
            found = StepFailed("http.why_cut")
        case aiohttp.ClientResponseError():
            found = StepFailed("http.why_not_http", problem=_first_line(error.message))
        case _:
            found = StepFailed("http.why_other", problem=_text(error))
    return found


def _why_not_secure(error: ssl.SSLError) -> StepFailed:
    if isinstance(error, ssl.SSLCertVerificationError):
        return StepFailed("http.why_certificate", problem=error.verify_message or _text(error))
    reason = error.reason or ""
    if reason in _NO_TLS:
        return StepFailed("http.why_no_tls")
    if reason in _CERTIFICATE_ASKED:
        return StepFailed("http.why_certificate_asked", problem=reason)
    return StepFailed("http.why_tls", problem=reason or _text(error))


def _ssl_error(error: BaseException | None) -> ssl.SSLError | None:
    """The TLS error that ``error`` comes from."""
    for _ in range(5):
        if isinstance(error, aiohttp.ClientConnectorCertificateError):
            error = error.certificate_error
        elif isinstance(error, aiohttp.ClientConnectorError):
            error = error.os_error
        elif error is None or isinstance(error, ssl.SSLError):
            return error
        else:
            error = error.__cause__
    return None


def _text(error: BaseException) -> str:
    """Never empty."""
    if isinstance(error, OSError) and error.errno and error.errno > 0 and not isinstance(error, ssl.SSLError):
        return os.strerror(error.errno)
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return _first_line(str(error)) or type(error).__name__


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0].rstrip(" :")[:200]
