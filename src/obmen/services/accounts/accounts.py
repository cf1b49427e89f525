"""Sign-in: passwords, sessions, and what is remembered of them for a minute (security: passwords, sessions, tokens)."""

import asyncio
import base64
import contextlib
import hashlib
import hmac
import secrets
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Final, Generic, TypeVar

import msgspec

from obmen.clients.clock import now
from obmen.clients.passwords import Passwords
from obmen.domain.rights.rights import Caller
from obmen.errors import BadRequest, NotAuthenticated, NotFound, TooManyRequests
from obmen.services.accounts.internal_tokens import InternalTokens
from obmen.settings import Settings
from obmen.storage.database import Database

Value = TypeVar("Value")

CHANNEL: Final = "obmen_access"
PASSWORD_LENGTH: Final = 6
"""As documented (contract: employees)."""
_REMEMBER_S: Final = 60.0
_EMAIL_LENGTH: Final = 320
"""RFC 5321, 4.5.3.1: a local part of 64 and a domain of 255 characters."""
_MANY: Final = 5
"""An account, or an address, as a whole may fail so many times as often as the two together."""
_REMEMBERED: Final = 10_000
_ATTEMPT_WINDOW_S: Final = 900.0
_CHECKED_AT_ONCE: Final = 2
"""As many as `Passwords` hashes: of many attempts at once each finds the earlier ones counted."""


class SignIn(msgspec.Struct, frozen=True, kw_only=True):
    """Who signed in, and the token of their new session."""

    caller: Caller
    token: str


class Accounts:
    """Who may sign in, and who has."""

    def __init__(
        self, database: Database, passwords: Passwords, settings: Settings, internal_tokens: InternalTokens
    ) -> None:
        self._database = database
        self._passwords = passwords
        self._internal_tokens = internal_tokens
        self._session_s = settings.http.session_days * 86_400
        self._attempts = Attempts(settings.rate.sign_in_attempts, _ATTEMPT_WINDOW_S)
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
        credential = hmac.digest(self._pepper, f"{email}\0{password}".encode("utf-8", "surrogateescape"), "sha256")
        account = email.lower()
        async with self._checking:
            if credential not in self._right:  # who was right lately is not locked out by somebody else's guesses
                self._attempts.check(account, address)
            row = None if "\x00" in email else await self._database.fetchrow("read_account_by_email", email)
            if not await self._passwords.matches(password, None if row is None else row["password_hash"]):
                self._attempts.failed(account, address)
                raise NotAuthenticated("access.refused")
        assert row is not None
        kept = await self._kept_session(credential) if keeps_session else ""
        token = kept or secrets.token_urlsafe(32)
        if len(self._right) >= _REMEMBERED:
            self._right.clear()
        self._right[credential] = token if keeps_session else self._right.get(credential, "")
        ends = now() + timedelta(seconds=self._session_s)
        await self._database.execute("create_session", _hash(token), row["user_id"], ends)
        return SignIn(caller=_caller(row), token=token)

    async def _kept_session(self, credential: bytes) -> str:
        """The session that Basic opened before, while it lasts (else empty): who signs in each minute needs no new one."""
        token = self._right.get(credential, "")
        lasts = token and await self._database.fetchrow("read_session", _hash(token)) is not None
        return token if lasts else ""

    async def basic(self, header: str, address: str) -> SignIn:
        """Who a Basic ``Authorization`` header names; a right one is remembered for a minute, with its session."""
        key = hmac.digest(self._pepper, header.encode("utf-8", "surrogateescape"), "sha256")

        async def sign_in() -> SignIn:
            email, password = _credentials(header)
            return await self._sign_in(email, password, address, keeps_session=True)

        return await self._basic.get(key, sign_in)

    def bearer(self, header: str) -> Caller:
        """The process that a Bearer ``Authorization`` header names, or `NotAuthenticated`."""
        return self._internal_tokens.caller(header.partition(" ")[2].strip())

    async def session(self, token: str) -> Caller:
        """Whose session it is, or `NotAuthenticated`. A session in use moves its end."""
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
        """Ends a session."""
        await self._database.execute("delete_session", _hash(token))
        self.forget()
        await self._database.execute("notify_access")

    async def set_password(self, user_id: int, password: str, *, admin: bool = False) -> None:
        """A new password (and the administrator's right); all sessions end."""
        if len(password) < PASSWORD_LENGTH:
            raise BadRequest("access.short_password", length=PASSWORD_LENGTH)
        hashed = await self._passwords.hash(password)
        if await self._database.execute("set_password", user_id, hashed, admin) == "UPDATE 0":
            raise NotFound("access.no_account", user=user_id)
        await self._database.execute("notify_access")

    def forget(self) -> None:
        """Drops what is remembered: an account or a session has changed."""
        self._basic.clear()
        self._sessions.clear()
        self._right.clear()


class Attempts:
    """Failed sign-ins of the last while, by account and by address."""

    def __init__(self, limit: int, window_s: float) -> None:
        self._limit = limit
        self._window_s = window_s
        self._failures: dict[str, list[float]] = {}

    def check(self, account: str, address: str) -> None:
        """`TooManyRequests` where the account has failed too often from this address, or either of them as a whole."""
        start = time.monotonic() - self._window_s
        for key, limit in self._limits(account, address).items():
            recent = [moment for moment in self._failures.get(key, ()) if moment > start]
            if limit and len(recent) >= limit:
                seconds = int(recent[0] - start) + 1
                raise TooManyRequests("access.too_many_attempts", seconds=seconds)

    def failed(self, account: str, address: str) -> None:
        """Counts a failure; forgets those of long ago once there are many."""
        start = time.monotonic() - self._window_s
        if len(self._failures) > _REMEMBERED:
            self._failures = {key: times for key, times in self._failures.items() if times[-1] > start}
        for key in self._limits(account, address):
            recent = [moment for moment in self._failures.get(key, ()) if moment > start]
            self._failures[key] = [*recent, time.monotonic()]

    def _limits(self, account: str, address: str) -> dict[str, int]:
        return {
            f"{account} from {address}": self._limit,
            f"account {account}": self._limit * _MANY,
            f"address {address}": self._limit * _MANY,
        }


class Remembered(Generic[Value]):
    """Answers by key for a minute; several askers of one key wait for one answer."""

    def __init__(self) -> None:
        self._found: dict[bytes, tuple[float, Value]] = {}
        self._asking: dict[bytes, asyncio.Task[Value]] = {}
        self._generation = 0

    async def get(self, key: bytes, ask: Callable[[], Awaitable[Value]]) -> Value:
        """The answer of ``ask`` for ``key``."""
        found = self._found.get(key)
        if found is not None and found[0] > time.monotonic():
            return found[1]
        task = self._asking.get(key)
        if task is None:
            task = asyncio.ensure_future(self._ask(key, ask))
            self._asking[key] = task
        return await asyncio.shield(task)

    async def _ask(self, key: bytes, ask: Callable[[], Awaitable[Value]]) -> Value:
        generation = self._generation
        try:
            value = await ask()
        finally:
            self._asking.pop(key, None)
        if generation == self._generation:
            if len(self._found) >= _REMEMBERED:
                self._found.clear()
            self._found[key] = (time.monotonic() + _REMEMBER_S, value)
        return value

    def clear(self) -> None:
        """Forgets all, also what is being asked just now."""
        self._generation += 1
        self._found.clear()


def _caller(row: Any) -> Caller:
    return Caller(user_id=row["user_id"], email=row["email"], is_admin=row["is_admin"])


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


def _credentials(header: str) -> tuple[str, str]:
    """RFC 7617."""
    with contextlib.suppress(ValueError):  # no base64, or no UTF-8 in it
        text = base64.b64decode(header.partition(" ")[2].strip(), validate=True).decode()
        email, colon, password = text.partition(":")
        if colon:
            return email, password
    raise NotAuthenticated("access.refused")
