"""Whose request it is, seen through reverse proxies: the last address in ``X-Forwarded-For`` that none of them has.

Only proxies named in ``http.trusted_proxies`` are believed: anybody else could write any address. Called by the API.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from obmen.errors import SetupError


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
