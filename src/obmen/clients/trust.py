"""Whose certificates other systems may show. Called by ``bootstrap``."""

import ssl
from pathlib import Path

from obmen.errors import SetupError


def trusted(authorities: str) -> ssl.SSLContext:
    """TLS to other systems that trusts the authorities of the system and those of the PEM file or folder, where one is named.

    A folder is one of OpenSSL, with a hash for a name (``openssl rehash``). `SetupError` where there are no certificates.
    """
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    if not authorities:
        return context
    path = Path(authorities)
    try:
        if path.is_dir():
            context.load_verify_locations(capath=path)
        else:
            context.load_verify_locations(cafile=path)
    except (OSError, ValueError) as error:
        raise SetupError("setup.bad_authorities", file=authorities, problem=error) from error
    return context
