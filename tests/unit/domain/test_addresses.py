"""Whose request it is, behind reverse proxies that are believed and others that are not."""

import pytest

from obmen.domain.requests.addresses import TrustedProxies, is_own_origin, network_of
from obmen.errors import SetupError

PROXIES = TrustedProxies(["10.0.0.0/8", "127.0.0.1", "fd00::/8"])


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("10.1.2.3", "203.0.113.5", "203.0.113.5"),
        ("10.1.2.3", "203.0.113.5, 10.9.9.9", "203.0.113.5"),
        ("10.1.2.3", "1.1.1.1, 203.0.113.5, 10.9.9.9, 127.0.0.1", "203.0.113.5"),
        ("10.1.2.3", " 203.0.113.5:5050 ", "203.0.113.5"),
        ("10.1.2.3", "[2001:db8::1]:5050", "2001:db8::1"),
        ("10.1.2.3", "2001:DB8::1", "2001:db8::1"),
        ("fd00::1", "2001:db8::1", "2001:db8::1"),
        ("::ffff:10.1.2.3", "203.0.113.5", "203.0.113.5"),
        ("10.1.2.3", "::ffff:203.0.113.5", "203.0.113.5"),
        ("10.1.2.3", "10.4.4.4, 10.5.5.5", "10.4.4.4"),
        ("10.1.2.3", "", "10.1.2.3"),
        ("10.1.2.3", "unknown", "10.1.2.3"),
        ("10.1.2.3", "203.0.113.5, nonsense", "10.1.2.3"),
        ("10.1.2.3", "203.0.113.5, nonsense, 10.2.2.2", "10.2.2.2"),
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
        ("", "198.51.100.1", ""),
        ("nonsense", "198.51.100.1", "nonsense"),
    ],
)
def test_the_client_behind_proxies(peer: str, forwarded: str, client: str) -> None:
    assert PROXIES.client(peer, [forwarded], []) == client
    assert PROXIES.client(peer, forwarded.split(","), []) == client  # a header each
    assert TrustedProxies([]).client(peer, [forwarded], []) == peer


@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        (["for=203.0.113.5"], "203.0.113.5"),
        (['For="[2001:db8::1]:4711"; proto=https'], "2001:db8::1"),
        (["for=1.1.1.1, for=203.0.113.5;by=10.1.2.3, proto=http ; for = 10.9.9.9"], "203.0.113.5"),
        (["for=1.1.1.1", "for=203.0.113.5", "for=10.9.9.9"], "203.0.113.5"),
        (["for=203.0.113.5, for=unknown"], "10.1.2.3"),
        (["for=203.0.113.5, for=_hidden, for=10.2.2.2"], "10.2.2.2"),
        (["by=203.0.113.5"], "10.1.2.3"),
        (["xfor=203.0.113.5"], "10.1.2.3"),
        ([""], "10.1.2.3"),
    ],
)
def test_the_standard_header(forwarded: list[str], client: str) -> None:
    assert PROXIES.client("10.1.2.3", [], forwarded) == client


def test_of_two_headers_that_differ_none_is_believed() -> None:
    assert PROXIES.client("10.1.2.3", ["203.0.113.5"], ["for=203.0.113.5"]) == "203.0.113.5"
    assert PROXIES.client("10.1.2.3", ["203.0.113.5"], ["for=198.51.100.1"]) == "10.1.2.3"
    assert PROXIES.client("10.1.2.3", ["203.0.113.5"], ["nonsense"]) == "10.1.2.3"


@pytest.mark.parametrize("text", ["," * 1_000_000, "10.0.0.1," * 100_000, "1" * 1_000_000, ":" * 1_000_000])
def test_a_long_header_is_not_searched(text: str) -> None:
    assert PROXIES.client("10.1.2.3", [text], []) in ("10.1.2.3", "10.0.0.1")
    assert PROXIES.client("10.1.2.3", [], [f"for={text}"]) in ("10.1.2.3", "10.0.0.1")


def test_an_ipv6_client_counts_as_its_network() -> None:
    assert network_of("2001:db8:1:2:3:4:5:6") == network_of("2001:db8:1:2::1") == "2001:db8:1:2::/64"
    assert network_of("::ffff:203.0.113.5") == "::ffff:203.0.113.5"
    assert network_of("203.0.113.5") == "203.0.113.5"
    assert network_of("") == ""


@pytest.mark.parametrize("network", ["x", "10.0.0.0/33", "10.0.0", "", "proxy.example"])
def test_what_is_no_network(network: str) -> None:
    with pytest.raises(SetupError):
        TrustedProxies([network])


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        *(("https://crm.example.com", "crm.example.com"), ("http://crm.example.com", "CRM.example.com:80")),
        *(("https://crm.example.com:443", "crm.example.com"), ("http://[::1]:8080", "[::1]:8080")),
        *(("https://obmen.example", "10.0.0.1:8080"), ("HTTPS://OBMEN.example", "")),
    ],
)
def test_a_page_of_obmen(origin: str, host: str) -> None:
    assert is_own_origin(origin, host, "https://obmen.example/behind")


@pytest.mark.parametrize("host", ["", "null", "x:y", "a", "[", "crm.example.com", "crm.example.com:8080", "x y", "a@b"])
@pytest.mark.parametrize(
    "origin",
    [
        *(
            "",
            "null",
            "x:y",
            "a",
            "crm.example.com",
            "//crm.example.com",
            "ftp://crm.example.com",
            "http://",
            "https://",
        ),
        *(
            "http://crm.example.com:81",
            "http://crm.example.com/",
            "http://crm.example.com.evil",
            "http://evil/crm.example.com",
        ),
        *(
            "http://crm.example.com@evil",
            "http://evil#crm.example.com",
            "http://[",
            "http://a@b",
            "http://x y",
            "file://",
            "a b",
        ),
        *("http://obmen.example", "https://obmen.example:8443", "http://crm.example.com:٨٠", "chrome-extension://abc"),
    ],
)
@pytest.mark.parametrize("address", ["https://obmen.example", "http://127.0.0.1:8080"])
def test_no_page_of_obmen(origin: str, host: str, address: str) -> None:
    assert not is_own_origin(origin, host, address)
