"""The egress policy: what is closed however it is spelled, and what a setting opens."""

from ipaddress import ip_address

import pytest
from scripted_dns import Dns

from obmen.clients.egress import EgressPolicy, GuardedResolver, literal_address
from obmen.errors import EgressRefused, SetupError

CLOSED = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.254", "100.100.100.200", "127.0.0.1", "127.8.8.8",
    "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.192", "192.0.2.1", "192.168.1.1", "198.18.0.1", "198.51.100.1",
    "203.0.113.9", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "168.63.129.16",
    "::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:a9fe:a9fe", "64:ff9b::10.0.0.1", "64:ff9b::7f00:1",
    "64:ff9b:1::1", "2002:7f00:1::", "2002:a00:1::", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:db8::1", "3fff::1", "fc00::1",
    "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "100::1", "5f00::1",
]  # fmt: skip
OPEN = ["1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.1", "172.32.0.1", "223.255.255.255", "192.169.0.1",
        "2606:4700:4700::1111", "2a02:6b8::2:242", "64:ff9b::8.8.8.8", "::ffff:8.8.8.8"]  # fmt: skip


@pytest.mark.parametrize("address", CLOSED)
def test_closed(address: str) -> None:
    assert not EgressPolicy().permits(address, ip_address(address))
    with pytest.raises(EgressRefused, match=r"egress\.allow"):
        EgressPolicy().check("host", ip_address(address))


@pytest.mark.parametrize("address", OPEN)
def test_open(address: str) -> None:
    assert EgressPolicy().permits(address, ip_address(address))


def test_networks_and_names_open() -> None:
    policy = EgressPolicy(("10.0.0.0/8", "192.168.1.5", "fd00::/8", "crm.local", "*.corp", "Почта.рф"))
    loopback = ip_address("127.0.0.1")
    assert policy.permits("x", ip_address("10.1.2.3"))
    assert policy.permits("x", ip_address("::ffff:10.1.2.3"))
    assert policy.permits("x", ip_address("192.168.1.5"))
    assert policy.permits("x", ip_address("fd12::1"))
    assert not policy.permits("x", ip_address("192.168.1.6"))
    for name in ("crm.local", "CRM.local.", "a.corp", "a.b.Corp", "xn--80a1acny.xn--p1ai"):
        assert policy.permits(name, loopback), name
    for name in ("xcrm.local", "crm.local.evil.com", "corp", "acorp", "a.crm.local", "", "127.0.0.1"):
        assert not policy.permits(name, loopback), name


@pytest.mark.parametrize("entry", ["10.0.0.0/33", "", "*", "*.", "http://crm.local", "a b", "a/b", "crm.local:80"])
def test_a_wrong_entry_is_refused(entry: str) -> None:
    with pytest.raises(SetupError, match=r"egress\.allow"):
        EgressPolicy((entry,))


@pytest.mark.parametrize(
    ("spelling", "address"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("0x7f000001", "127.0.0.1"),
        ("0X7F.1", "127.0.0.1"),
        ("0177.0.0.1", "127.0.0.1"),
        ("017700000001", "127.0.0.1"),
        ("127.1", "127.0.0.1"),
        ("127.0.1", "127.0.0.1"),
        ("127.0.0.1.", "127.0.0.1"),
        ("0", "0.0.0.0"),
        ("0xa9fea9fe", "169.254.169.254"),
        ("[::1]", "::1"),
        ("::ffff:127.0.0.1", "::ffff:127.0.0.1"),
        ("[0:0:0:0:0:ffff:7f00:1]", "::ffff:127.0.0.1"),
        ("example.com", None),
        ("1.2.3.4.5", None),
        ("0x.example", None),
        ("", None),
        ("99999999999", None),
        ("deadbeef", None),
    ],
)
def test_spellings_of_addresses(spelling: str, address: str | None) -> None:
    assert literal_address(spelling) == (None if address is None else ip_address(address))


async def test_only_open_addresses_of_a_name_are_used() -> None:
    dns = Dns(mixed_test=[["10.0.0.1", "8.8.8.8", "::1", "2606:4700:4700::1111"]], inner_test=[["10.0.0.1", "fd00::1"]])
    resolver = GuardedResolver(EgressPolicy(), dns)
    assert [found["host"] for found in await resolver.resolve("mixed.test", 5432)] == [
        "8.8.8.8",
        "2606:4700:4700::1111",
    ]
    with pytest.raises(EgressRefused):
        await resolver.resolve("inner.test", 5432)
    opened = GuardedResolver(EgressPolicy(("inner.test",)), dns)
    assert len(await opened.resolve("inner.test", 5432)) == 2


async def test_the_systems_resolver_answers_by_default() -> None:
    closed, opened = GuardedResolver(EgressPolicy()), GuardedResolver(EgressPolicy(("127.0.0.0/8", "::1")))
    with pytest.raises(EgressRefused):
        await closed.resolve("localhost", 80)
    assert "127.0.0.1" in {found["host"] for found in await opened.resolve("localhost", 80)}
    await closed.close()
    await opened.close()
