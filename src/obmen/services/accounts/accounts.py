"""Sign-in: passwords and sessions.

Sessions are random, stored hashed, and end when the password changes or the employee is removed. What a server process remembers
of an account or a session is forgotten when that one changes or ends, and not for what happens to others. Called by the API and by
commands.
"""

import base64
import contextlib
import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from typing import Any, Final

import asyncpg
import msgspec
import structlog

from obmen.clients.clock import now
from obmen.clients.passwords import Passwords
from obmen.domain.field_types import is_storable
from obmen.domain.rights.policies import Caller
from obmen.errors import BadRequest, NotAuthenticated, NotFound
from obmen.services.accounts.attempts import Attempts
from obmen.services.accounts.internal_tokens import InternalTokens
from obmen.services.accounts.remembered import Remembered
from obmen.settings import Settings
from obmen.storage.database import Database

CHANNEL: Final = "obmen_access"
PASSWORD_LENGTH: Final = 6
_EMAIL_LENGTH: Final = 320
"""RFC 5321, 4.5.3.1: a local part of 64 and a domain of 255 characters."""
_USER: Final = "user "
_PURPOSE: Final = b"sessions of basic sign-ins"

log = structlog.get_logger()


class SignIn(msgspec.Struct, frozen=True, kw_only=True):
    """Who signed in, and the token of their session."""

    caller: Caller
    token: str
    session: bytes
    """What the session is stored under: the hash of the token."""


class Accounts:
    """Who may sign in, and who has; ``key`` is the secret that all server processes of an installation share."""

    def __init__(
        self, database: Database, passwords: Passwords, settings: Settings, internal_tokens: InternalTokens, key: bytes
    ) -> None:
        self._database = database
        self._passwords = passwords
        self._internal_tokens = internal_tokens
        self._session_s = settings.http.session_days * 86_400
        self._attempts = Attempts(database, settings.rate.sign_in_attempts)
        self._key = hmac.digest(key, _PURPOSE, "sha256")
        self._pepper = secrets.token_bytes(32)
        self._basic: Remembered[SignIn] = Remembered()
        self._sessions: Remembered[Caller] = Remembered()

    async def sign_in(self, email: str, password: str, address: str) -> SignIn:
        """A new session, or `NotAuthenticated`, alike for known and unknown accounts; `TooManyRequests` after too many failures."""
        row = await self._verified(email, password, address)
        token = secrets.token_urlsafe(32)
        await self._opened("create_session", _hash(token), row)
        return SignIn(caller=_caller(row), token=token, session=_hash(token))

    async def basic(self, header: str, address: str) -> SignIn:
        """Who a Basic ``Authorization`` header names; a right one is remembered for a minute, for this address.

        All Basic sign-ins of an account share one session.
        """
        key = hmac.digest(self._pepper, f"{address}\0{header}".encode("utf-8", "surrogatepass"), "sha256")

        async def sign_in() -> SignIn:
            row = await self._verified(*_credentials(header), address)
            token = await self._basic_session(row)
            return SignIn(caller=_caller(row), token=token, session=_hash(token))

        return await self._basic.get(key, sign_in)

    async def _verified(self, email: str, password: str, address: str) -> asyncpg.Record:
        """The account. A failure is logged, with the login where it is an account's: strangers may have typed a password there."""
        if len(email) > _EMAIL_LENGTH:
            raise NotAuthenticated("access.refused")
        async with self._attempts.turn(email, address):
            row = await self._database.fetchrow("read_account_by_email", email) if is_storable(email) else None
            if not await self._passwords.matches(password, None if row is None else row["password_hash"]):
                log.warning("sign_in_refused", login=None if row is None else row["email"], address=address)
                raise NotAuthenticated("access.refused")
        assert row is not None
        return row

    async def _basic_session(self, row: asyncpg.Record) -> str:
        """The token of the session that Basic sign-ins of an account share, in all server processes."""
        renewed = now() + timedelta(seconds=self._session_s / 2)
        nonce = await self._database.fetchval("read_basic_session", row["user_id"], renewed)
        if nonce is None:
            made = secrets.token_bytes(32)
            nonce = await self._opened("open_basic_session", _hash(self._basic_token(made)), row, made)
        return self._basic_token(nonce)

    async def _opened(self, query: str, session: bytes, row: asyncpg.Record, *more: bytes) -> Any:
        """What opening a session returns; `NotAuthenticated` where the password that was right is not the account's any more."""
        found = await self._database.fetchval(query, session, row["user_id"], row["password_hash"], self._end(), *more)
        if found is None:
            raise NotAuthenticated("access.refused")
        return found

    def _basic_token(self, nonce: bytes) -> str:
        return base64.urlsafe_b64encode(hmac.digest(self._key, nonce, "sha256")).decode().rstrip("=")

    def _end(self) -> datetime:
        return now() + timedelta(seconds=self._session_s)

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
                await self._database.execute("prolong_session", key, self._end())
            return _caller(row)

        return await self._sessions.get(key, read)

    async def sign_out(self, token: str) -> None:
        """Ends a session, where there is one; other sessions stay remembered, here and in other processes."""
        session = _hash(token)
        if token and await self._database.fetchrow("end_session", session) is not None:
            self._forget_session(session)

    async def set_password(self, user_id: int, password: str) -> None:
        """A new password; all sessions end, in all server processes. `NotFound` for an employee without an address."""
        if len(password) < PASSWORD_LENGTH:
            raise BadRequest("access.short_password", length=PASSWORD_LENGTH)
        hashed = await self._passwords.hash(password)
        queries = self._database.queries
        async with self._database.transaction() as connection:
            if await connection.fetchval(queries["set_password"], user_id, hashed) is None:
                raise NotFound("access.no_account", user=user_id)
            await connection.execute(
                queries["end_sessions"], user_id
            )  # sees those that were opened before the line above

    def notified(self, change: str) -> None:
        """Handles a notification: ``user`` and the number of an account that has changed, or the hash of a session that has ended.

        With an empty one all is forgotten: some may have been missed.
        """
        if change.startswith(_USER):
            user_id = int(change.removeprefix(_USER))
            self._sessions.forget(lambda _, caller: caller.user_id == user_id)
            self._basic.forget(lambda _, signed_in: signed_in.caller.user_id == user_id)
        elif change:
            self._forget_session(bytes.fromhex(change))
        else:
            self._basic.clear()
            self._sessions.clear()

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
