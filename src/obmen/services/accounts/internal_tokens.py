"""Tokens by which Obmen signs in at its own API: made for one request of a process, verified by whoever has the same key.

A token says for whom and until when, with a message authentication code over both (HMAC-SHA-256); nothing is stored. Issued by
``services/processes``, accepted by `Accounts.bearer`.
"""

import base64
import hmac
from datetime import timedelta
from typing import Final

from obmen.clients.clock import now
from obmen.domain.rights.policies import Caller
from obmen.errors import NotAuthenticated

_PREFIX: Final = "process"
_VALID_S: Final = 60
_PURPOSE: Final = b"obmen internal tokens"


class InternalTokens:
    """Issues and verifies; ``key`` is the secret that all server processes of an installation share."""

    def __init__(self, key: bytes) -> None:
        self._key = hmac.digest(key, _PURPOSE, "sha256")

    def issue(self, user_id: int | None) -> str:
        """A token for a process that ``user_id`` started, valid for a minute."""
        expires = int((now() + timedelta(seconds=_VALID_S)).timestamp())
        said = f"{_PREFIX}.{'' if user_id is None else user_id}.{expires}"
        return f"{said}.{self._code(said)}"

    def caller(self, token: str) -> Caller:
        """On whose behalf the process acts: past the rights, as all processes do. `NotAuthenticated` for any other token."""
        said, _, code = token.rpartition(".")
        if not hmac.compare_digest(self._code(said).encode(), code.encode("utf-8", "surrogateescape")):
            raise NotAuthenticated("access.refused")
        _, user_id, expires = said.split(".")
        if int(expires) < now().timestamp():
            raise NotAuthenticated("access.refused")
        return Caller(user_id=int(user_id) if user_id else None, past_rights=True)

    def _code(self, said: str) -> str:
        digest = hmac.digest(self._key, said.encode("utf-8", "surrogateescape"), "sha256")
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")
