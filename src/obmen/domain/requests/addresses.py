"""Whose request it is, and from which site.

Behind reverse proxies the client is the last address in ``X-Forwarded-For`` that none of them has. Only proxies named in
``http.trusted_proxies`` are believed: anybody else could write any address. Called by the API.
"""

import re
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

from obmen.errors import SetupError

_ORIGIN: Final = re.compile(r"(https?)://([^\s/?#@:\[\]]+|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?", re.IGNORECASE)
_PATH: Final = re.compile(r"(?<=[^/:])/.*")
_PORTS: Final = {"http": "80", "https": "443"}


class TrustedProxies:
    """The networks of reverse proxies."""

    def __init__(self, networks: Iterable[str]) -> None:
        try:
            self._networks = [ip_network(network, strict=False) for network in networks]
        except ValueError as error:
            raise SetupError("setup.bad_value", area="http", problem=error) from error

    def trusts(self, peer: str) -> bool:
        """Whether ``peer``, who is connected, is one of them."""
        address = _address(peer)
        return address is not None and self._has(address)

    def client(self, peer: str, forwarded: str) -> str:
        """The address of the client behind ``peer``; ``forwarded`` is the header, its values joined by commas."""
        if not self._networks or not self.trusts(peer):
            return peer
        for part in reversed(forwarded.split(",")):
            address = _address(part.strip())
            if address is None:
                break
            peer = str(address)
            if not self._has(address):
                break
        return peer

    def _has(self, address: IPv4Address | IPv6Address) -> bool:
        return any(address in network for network in self._networks)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """The address in ``10.0.0.1``, ``10.0.0.1:5050``, ``::1`` or ``[::1]:5050``."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def is_own_origin(origin: str, host: str, address: str) -> bool:
    """Whether a page of ``origin`` (RFC 6454, 7) is a page of Obmen.

    It is where ``origin`` names the host and port of ``host``, the request's own ``Host``, whatever its scheme, which a reverse
    proxy may have ended; or where it is the origin of ``address``. ``null`` and whatever else is no origin never is.
    """
    scheme, place = _place(origin)
    if not place:
        return False
    return place == _place(f"{scheme}://{host}")[1] or (scheme, place) == _place(_PATH.sub("", address))


def _place(origin: str) -> tuple[str, str]:
    """``(scheme, host with port)`` in lower case; empty where it is no origin of a page."""
    found = _ORIGIN.fullmatch(origin)
    if found is None:
        return "", ""
    scheme = found[1].lower()
    return scheme, f"{found[2].lower()}:{int(found[3] or _PORTS[scheme])}"
