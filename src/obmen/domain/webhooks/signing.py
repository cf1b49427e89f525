"""The headers of a delivery (contract: webhook requests), with both signatures.

``X-Hook-Signature`` is the documented one: base64 of HMAC-MD5 of the body, the secret being the key as it is written.
``webhook-id``, ``webhook-timestamp`` and ``webhook-signature`` are those of Standard Webhooks 1.0.0: ``v1,`` and base64
of HMAC-SHA256 of ``id.timestamp.body``. There the key of a secret ``whsec_…`` is what its base64 stands for; any other
secret is the key as it is written: a verifier that wants the prefixed form takes ``whsec_`` + base64 of the secret's
UTF-8 bytes. Called by ``workers/webhook_stream``.
"""

import base64
import binascii
import hmac
from typing import Final

CONTENT_TYPE: Final = "application/json; charset=utf-8"
_PREFIX: Final = "whsec_"


def headers(body: bytes, secret: str | None, message_id: str, sent_at: int, user_agent: str) -> dict[str, str]:
    """All headers of an attempt made at ``sent_at`` (seconds); without a secret nothing is signed."""
    found = {
        "Content-Type": CONTENT_TYPE,
        "User-Agent": user_agent,
        "webhook-id": message_id,
        "webhook-timestamp": str(sent_at),
    }
    if secret:
        found["X-Hook-Signature"] = _base64(hmac.digest(secret.encode(), body, "md5"))
        signed = f"{message_id}.{sent_at}.".encode() + body
        found["webhook-signature"] = "v1," + _base64(hmac.digest(standard_key(secret), signed, "sha256"))
    return found


def message_id(webhook_id: int, position: int) -> str:
    """The same on every attempt, so that a receiver can tell a repeated one."""
    return f"{webhook_id}.{position}"


def standard_key(secret: str) -> bytes:
    """The key of Standard Webhooks."""
    if secret.startswith(_PREFIX):
        try:
            return base64.b64decode(secret[len(_PREFIX) :], validate=True) or secret.encode()
        except (binascii.Error, ValueError):
            return secret.encode()
    return secret.encode()


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
