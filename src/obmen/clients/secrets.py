"""Secrets at rest: AES-256-GCM with a key that is kept outside the database."""

import base64
import binascii
import contextlib
import os
import secrets
import tempfile
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
        _make_key(file)
    found = file.read_bytes()
    if len(found) != 32:
        raise SetupError("setup.secret_key")
    return found


def _make_key(file: Path) -> None:
    """Whole or not at all, and the first wins: the processes of a server start at once and must agree on one key."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=file.parent, prefix=file.name) as made:  # only its owner can read it
        made.write(secrets.token_bytes(32))
        made.flush()
        os.fsync(made.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(made.name, file)
