"""Secrets at rest: AES-256-GCM with a key that is kept outside the database (security: secrets)."""

import base64
import binascii
import os
import secrets
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from obmen.errors import SetupError

_PREFIX: Final = "sealed:1:"
_NONCE_BYTES: Final = 12


class SecretBox:
    """Seals and opens texts with one key."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def seal(self, text: str) -> str:
        """``text`` as it may stand in the database."""
        nonce = os.urandom(_NONCE_BYTES)
        return _PREFIX + base64.b64encode(nonce + self._cipher.encrypt(nonce, text.encode(), None)).decode()

    def open(self, sealed: str) -> str:
        """The text that was sealed; `SetupError` where it was sealed with another key."""
        try:
            data = base64.b64decode(sealed.removeprefix(_PREFIX))
            return self._cipher.decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], None).decode()
        except (InvalidTag, binascii.Error, ValueError) as error:
            raise SetupError("setup.other_key") from error


def load_key(key: str, file: Path) -> bytes:
    """The key of ``OBMEN_SECRET_KEY``, or of ``file``, which is made on first start. `SetupError` where it is no key."""
    if key:
        try:
            found = base64.b64decode(key, validate=True)
        except (binascii.Error, ValueError):
            found = b""
        if len(found) != 32:
            raise SetupError("setup.secret_key")
        return found
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(0o600)
        file.write_bytes(secrets.token_bytes(32))
    found = file.read_bytes()
    if len(found) != 32:
        raise SetupError("setup.secret_key")
    return found
