"""The egress policy (law 6): which addresses Obmen connects to, decided about the address itself, after DNS.

`EgressPolicy` decides, `GuardedResolver` applies it to names, `guarded_connector` to each connection. Called by
`obmen.clients.http`.
"""

import re
import socket
import ssl
from collections.abc import Iterable
from contextvars import ContextVar
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from obmen.errors import EgressRefused, SetupError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# The special-purpose registries of IANA, multicast, and 168.63.129.16: the metadata service of Azure on a public address.
_CLOSED: Final[tuple[Network, ...]] = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
            "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24",
            "203.0.113.0/24", "224.0.0.0/3", "168.63.129.16/32",
            "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
        ),
    )
)  # fmt: skip
_PUBLIC_IPV6: Final = IPv6Network("2000::/3")  # nothing else is handed out
_NAT64: Final = IPv6Network("64:ff9b::/96")
_OLD_IPV4: Final = re.compile(r"(0x[0-9a-f]+|[0-9]+)(\.(0x[0-9a-f]+|[0-9]+)){0,3}", re.IGNORECASE)
_NAME: Final = re.compile(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?")


class EgressPolicy:
    """Decides about addresses; ``allow`` names networks and hosts opened beside the public internet."""

    def __init__(self, allow: Iterable[str] = ()) -> None:
        """`SetupError` where an entry is neither a network nor a name."""
        self._networks: list[Network] = []
        self._names: set[str] = set()
        self._suffixes: tuple[str, ...] = ()
        for entry in allow:
            self._open(entry.strip())

    def permits(self, host: str, address: Address) -> bool:
        """Whether ``address``, reached by the name or literal ``host``, may be connected to."""
        name = _plain(host)
        if name in self._names or name.endswith(self._suffixes):
            return True
        if any(address in network for network in self._networks):
            return True
        if (inner := _embedded(address)) is not None:
            return self.permits("", inner)
        return _is_public(address)

    def check(self, host: str, address: Address) -> None:
        """`EgressRefused` where ``address`` may not be connected to."""
        if not self.permits(host, address):
            raise EgressRefused("egress.closed", host=host, address=address)

    def _open(self, entry: str) -> None:
        try:
            self._networks.append(ip_network(entry, strict=False))
        except ValueError:
            self._open_name(entry)

    def _open_name(self, entry: str) -> None:
        name = entry.removeprefix("*.")
        try:
            ascii_name = _plain(URL.build(scheme="http", host=name).raw_host or "")
        except ValueError:
            ascii_name = ""
        if not _NAME.fullmatch(ascii_name):
            raise SetupError("egress.bad_allow", entry=entry)
        if entry.startswith("*."):
            self._suffixes += ("." + ascii_name,)
        else:
            self._names.add(ascii_name)


class GuardedResolver(AbstractResolver):
    """Names to addresses that may be connected to; closed ones are left out, and where none is left it is `EgressRefused`.

    ``dns`` answers the questions: the system's resolver unless another is given.
    """

    def __init__(self, policy: EgressPolicy, dns: AbstractResolver | None = None) -> None:
        self._policy = policy
        self._dns = dns

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The open addresses of ``host``, for aiohttp; ``OSError`` where the name has none at all."""
        if self._dns is None:
            self._dns = aiohttp.ThreadedResolver()
        found = await self._dns.resolve(host, port, family)
        open_ones = [answer for answer in found if self._policy.permits(host, ip_address(answer["host"]))]
        if found and not open_ones:
            self._policy.check(host, ip_address(found[0]["host"]))
        return open_ones

    async def close(self) -> None:
        """Closes the resolver beneath."""
        if self._dns is not None:
            await self._dns.close()


connecting_to: Final[ContextVar[str]] = ContextVar("connecting_to", default="")
"""The host a request under way goes to, for `guarded_connector`: a socket knows its address only."""


def guarded_connector(
    policy: EgressPolicy, resolver: GuardedResolver, *, trusted: ssl.SSLContext | None = None, idle_s: float = 15.0
) -> aiohttp.TCPConnector:
    """A pool of connections, each checked once more as its socket is made: by then the address is the one connected to.

    ``trusted`` says whose certificates are valid; connections are kept for ``idle_s`` without use.
    """

    def make_socket(info: tuple[int, int, int, str, tuple[str | int, ...] | tuple[int, bytes]]) -> socket.socket:
        family, kind, protocol, _, address = info
        ip = ip_address(str(address[0]))
        policy.check(connecting_to.get() or str(ip), ip)
        return socket.socket(family, kind, protocol)

    # Callers bound how many requests are under way; a limit here would let one hanging host hold up all others.
    return aiohttp.TCPConnector(
        resolver=resolver, socket_factory=make_socket, limit=0, keepalive_timeout=idle_s, ssl=trusted or True
    )


@lru_cache(1024)
def literal_address(host: str) -> Address | None:
    """The address ``host`` spells out, also as C libraries read it (``2130706433``, ``0x7f.1``, ``0177.0.0.1``); None: a name."""
    text = host.removeprefix("[").removesuffix("]").rstrip(".")
    try:
        return ip_address(text)
    except ValueError:
        pass
    if not _OLD_IPV4.fullmatch(text):
        return None
    try:
        return IPv4Address(socket.inet_aton(text))
    except OSError:
        return None


def _plain(host: str) -> str:
    return host.lower().rstrip(".")


def _embedded(address: Address) -> IPv4Address | None:
    """The IPv4 address that is reached by way of an IPv6 one."""
    if isinstance(address, IPv4Address):
        return None
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped


def _is_public(address: Address) -> bool:
    if any(address in network for network in _CLOSED):
        return False
    return address.version == 4 or address in _PUBLIC_IPV6
