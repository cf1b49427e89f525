"""Passwords: argon2id, off the event loop."""

import asyncio
import secrets
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError


class Passwords:
    """Hashes and checks. Two at a time: each takes 64 MB and half a core for a while, on purpose."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher()
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="argon2")
        self._decoy = _decoy(self._hasher)

    async def hash(self, password: str) -> str:
        """What may be stored of ``password``."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._hasher.hash, password)

    async def matches(self, password: str, stored: str | None) -> bool:
        """Whether ``password`` is the one; without a stored one it takes just as long and is not."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._matches, password, stored)

    def _matches(self, password: str, stored: str | None) -> bool:
        try:
            self._hasher.verify(stored or self._decoy, password)
        except (VerificationError, InvalidHashError):
            return False
        return stored is not None


def _decoy(hasher: PasswordHasher) -> str:
    """A hash of no known password, in argon2's format (PHC string): checking it costs what checking a real one does."""
    salt, digest = (
        b64encode(secrets.token_bytes(size)).decode().rstrip("=") for size in (hasher.salt_len, hasher.hash_len)
    )
    costs = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
    return f"$argon2id$v=19${costs}${salt}${digest}"
