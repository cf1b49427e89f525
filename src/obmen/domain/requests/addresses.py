"""Whose request it is, and from which site.

Behind reverse proxies the client is the last address they tell that none of them has. Only proxies named in
``http.trusted_proxies`` are believed: anybody else could write any address. Called by the API and by ``services/accounts``.
"""

import re
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

from obmen.errors import SetupError

_ORIGIN: Final = re.compile(r"(https?)://([^\s/?#@:\[\]]+|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?", re.IGNORECASE)
_PATH: Final = re.compile(r"(?<=[^/:])/.*")
_PORTS: Final = {"http": "80", "https": "443"}
_LONGEST: Final = 64
"""Of an address as text, with its port and brackets."""
_MOST_PROXIES: Final = 32
_FOR: Final = re.compile(r'(?:^|;)\s*for\s*=\s*"?([^";,\s]+)', re.IGNORECASE)


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

    def client(self, peer: str, x_forwarded_for: Sequence[str], forwarded: Sequence[str]) -> str:
        """The address of the client behind ``peer``, by the values of ``X-Forwarded-For``, or of ``Forwarded`` (RFC 7239).

        A proxy that writes one of them may pass on the other as the client made it up: where they name different clients, none of
        the two is believed.
        """
        if not self._networks or not self.trusts(peer):
            return peer
        told = set()
        if x_forwarded_for:
            told.add(self._told(peer, _last(x_forwarded_for)))
        if forwarded:
            told.add(self._told(peer, map(_node, _last(forwarded))))
        return told.pop() if len(told) == 1 else peer

    def _told(self, peer: str, nodes: Iterable[str]) -> str:
        """The first of ``nodes`` that is no proxy; the one nearest to ``peer`` comes first."""
        for node in nodes:
            address = _address(node)
            if address is None:
                break
            peer = str(address)
            if not self._has(address):
                break
        return peer

    def _has(self, address: IPv4Address | IPv6Address) -> bool:
        return any(address in network for network in self._networks)


def network_of(address: str) -> str:
    """What counts as one client: an IPv4 address, or the network of an IPv6 one, whose last 64 bits its owner chooses freely."""
    found = _address(address)
    return f"{ip_network((found, 64), strict=False)}" if isinstance(found, IPv6Address) else address


def _last(headers: Sequence[str]) -> list[str]:
    """The elements of a list that may be spread over several headers, from the last one on."""
    parts = ",".join(headers).rsplit(",", _MOST_PROXIES)
    return [part.strip() for part in reversed(parts)]


def _node(element: str) -> str:
    """The ``for`` of an element of ``Forwarded``; empty without one."""
    found = _FOR.search(element[: 4 * _LONGEST])
    return found[1] if found else ""


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """The address in ``10.0.0.1``, ``10.0.0.1:5050``, ``::1`` or ``[::1]:5050``."""
    if len(text) > _LONGEST:
        return None
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
