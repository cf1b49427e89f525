"""Sign-in: passwords and sessions.

Sessions are random, stored hashed, and end when the password changes or the employee is removed. Called by the API and by
commands.
"""

import asyncio
import base64
import contextlib
import hashlib
import hmac
import secrets
from datetime import timedelta
from typing import Any, Final

import msgspec

from obmen.clients.clock import now
from obmen.clients.passwords import Passwords
from obmen.domain.field_types import is_storable
from obmen.domain.rights.policies import Caller
from obmen.errors import BadRequest, NotAuthenticated, NotFound
from obmen.services.accounts.attempts import Attempts
from obmen.services.accounts.internal_tokens import InternalTokens
from obmen.services.accounts.remembered import MOST, Remembered
from obmen.settings import Settings
from obmen.storage.database import Database

CHANNEL: Final = "obmen_access"
PASSWORD_LENGTH: Final = 6
_EMAIL_LENGTH: Final = 320
"""RFC 5321, 4.5.3.1: a local part of 64 and a domain of 255 characters."""
_CHECKED_AT_ONCE: Final = 2
"""As many as `Passwords` hashes: of many attempts at once each finds the earlier ones counted."""


class SignIn(msgspec.Struct, frozen=True, kw_only=True):
    """Who signed in, and the token of their new session."""

    caller: Caller
    token: str
    session: bytes
    """What the session is stored under: the hash of the token."""


class Accounts:
    """Who may sign in, and who has."""

    def __init__(
        self, database: Database, passwords: Passwords, settings: Settings, internal_tokens: InternalTokens
    ) -> None:
        self._database = database
        self._passwords = passwords
        self._internal_tokens = internal_tokens
        self._session_s = settings.http.session_days * 86_400
        self._attempts = Attempts(settings.rate.sign_in_attempts)
        self._checking = asyncio.Semaphore(_CHECKED_AT_ONCE)
        self._pepper = secrets.token_bytes(32)
        self._basic: Remembered[SignIn] = Remembered()
        self._sessions: Remembered[Caller] = Remembered()
        self._right: dict[bytes, str] = {}

    async def sign_in(self, email: str, password: str, address: str) -> SignIn:
        """A new session, or `NotAuthenticated`, alike for known and unknown accounts; `TooManyRequests` after too many failures."""
        return await self._sign_in(email, password, address, keeps_session=False)

    async def _sign_in(self, email: str, password: str, address: str, *, keeps_session: bool) -> SignIn:
        if len(email) > _EMAIL_LENGTH:
            raise NotAuthenticated("access.refused")
        credential = hmac.digest(self._pepper, f"{email}\0{password}".encode("utf-8", "surrogatepass"), "sha256")
        account = email.lower()
        async with self._checking:
            if credential not in self._right:  # who was right lately is not locked out by somebody else's guesses
                self._attempts.check(account, address)
            row = await self._database.fetchrow("read_account_by_email", email) if is_storable(email) else None
            if not await self._passwords.matches(password, None if row is None else row["password_hash"]):
                self._attempts.failed(account, address)
                raise NotAuthenticated("access.refused")
        assert row is not None
        kept = await self._kept_session(credential) if keeps_session else ""
        token = kept or secrets.token_urlsafe(32)
        if len(self._right) >= MOST:
            self._right.clear()
        self._right[credential] = token if keeps_session else self._right.get(credential, "")
        ends = now() + timedelta(seconds=self._session_s)
        session = _hash(token)
        await self._database.execute("create_session", session, row["user_id"], ends)
        return SignIn(caller=_caller(row), token=token, session=session)

    async def _kept_session(self, credential: bytes) -> str:
        """The session that Basic opened before, while it lasts (else empty): who signs in each minute needs no new one."""
        token = self._right.get(credential, "")
        lasts = token and await self._database.fetchrow("read_session", _hash(token)) is not None
        return token if lasts else ""

    async def basic(self, header: str, address: str) -> SignIn:
        """Who a Basic ``Authorization`` header names; a right one is remembered for a minute, with its session."""
        key = hmac.digest(self._pepper, header.encode("utf-8", "surrogatepass"), "sha256")

        async def sign_in() -> SignIn:
            email, password = _credentials(header)
            return await self._sign_in(email, password, address, keeps_session=True)

        return await self._basic.get(key, sign_in)

    def bearer(self, header: str) -> Caller:
        """The process that a Bearer ``Authorization`` header names, or `NotAuthenticated`."""
        return self._internal_tokens.caller(header.partition(" ")[2].strip())

    async def session(self, token: str) -> Caller:
        """Whose session it is, or `NotAuthenticated`. A session in use moves its end."""
        if not token:
            raise NotAuthenticated("access.sign_in")
        key = _hash(token)

        async def read() -> Caller:
            row = await self._database.fetchrow("read_session", key)
            if row is None:
                raise NotAuthenticated("access.sign_in")
            left = (row["expires_at"] - now()).total_seconds()
            if left < self._session_s / 2:
                await self._database.execute("prolong_session", key, now() + timedelta(seconds=self._session_s))
            return _caller(row)

        return await self._sessions.get(key, read)

    async def sign_out(self, token: str) -> None:
        """Ends a session, where there is one; other sessions stay remembered, here and in other processes."""
        session = _hash(token)
        if token and await self._database.fetchrow("end_session", session) is not None:
            self._forget_session(session)

    async def set_password(self, user_id: int, password: str, *, admin: bool = False) -> None:
        """A new password (and the administrator's right); all sessions end."""
        if len(password) < PASSWORD_LENGTH:
            raise BadRequest("access.short_password", length=PASSWORD_LENGTH)
        hashed = await self._passwords.hash(password)
        if await self._database.execute("set_password", user_id, hashed, admin) == "UPDATE 0":
            raise NotFound("access.no_account", user=user_id)
        await self._database.execute("notify_access")

    def notified(self, session: str) -> None:
        """Handles a notification: a session has ended (its hash in hexadecimal), or, with an empty payload, accounts have changed."""
        if session:
            self._forget_session(bytes.fromhex(session))
        else:
            self._basic.clear()
            self._sessions.clear()
            self._right.clear()

    def _forget_session(self, session: bytes) -> None:
        self._sessions.forget(lambda key, _: key == session)
        self._basic.forget(lambda _, signed_in: signed_in.session == session)


def _caller(row: Any) -> Caller:
    return Caller(user_id=row["user_id"], email=row["email"], is_admin=row["is_admin"])


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def _credentials(header: str) -> tuple[str, str]:
    """RFC 7617."""
    with contextlib.suppress(ValueError):  # no base64, or no UTF-8 in it
        text = base64.b64decode(header.partition(" ")[2].strip(), validate=True).decode()
        email, colon, password = text.partition(":")
        if colon:
            return email, password
    raise NotAuthenticated("access.refused")
