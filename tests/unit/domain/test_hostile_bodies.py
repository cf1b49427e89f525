"""Bodies made to fail or to take all time or memory: any body is read or refused by a named error, in linear time and bounded memory.

Time is not measured. What is read in quadratic time, or multiplies in memory, would not end within the limits of the process
that reads the large bodies here; they are generous for what is linear.
"""

import gzip
import os
import resource
import subprocess
import sys
import zlib
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import brotli
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from obmen.domain.requests.bodies import read_body, read_json_body, unpacked_body
from obmen.domain.requests.charsets import text_of
from obmen.domain.requests.content_types import content_type_of
from obmen.errors import ObmenError
from reading_limits import limits

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=X"
KINDS = [
    *("", "application/json", "text/json", "a/b+json", "text/plain", "text/html", "text/xml", "application/soap+xml"),
    *(FORM, MULTIPART, "multipart/form-data", "multipart/mixed; boundary=X", "image/png", "nonsense", ";;;=", "text/*"),
]
CHARSETS = [
    *(
        "",
        "utf-8",
        "UTF8",
        "utf-16",
        "utf-16be",
        "utf-32",
        "windows-1251",
        "koi8-r",
        "iso-8859-1",
        "gb18030",
        "iso2022_jp",
    ),
    *("klingon", "idna", "punycode", "utf-7", "unicode_escape", "hex", "undefined", '"', "\x00", "''", "a" * 300),
]
BODIES = [
    b'{"a": [1, 1.5, "\xd1\x91", null, {"b": "\\ud83d\\ude00\\n"}]}',
    b'["\\ud83d", 12345678901234567.89, 1e400, -0]',
    b"a[b][]=1&a[0]=%D1%91&c=%FF&d+e=f&_charset_=windows-1251",
    b"<?xml version='1.0' encoding='windows-1251'?><a b='1'>x<c/><![CDATA[y]]></a>",
    b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
    b"--X\r\nContent-Disposition: form-data; name=\"a[]\"; filename*=utf-8''%D1%91.pdf\r\nContent-Type: a/b\r\n\r\n\xff\r\n"
    b'--X\r\nContent-Disposition: form-data; name=_charset_; filename="=?utf-8?B?0KE=?="\r\n\r\n1\r\n--X--\r\n',
    b"\xef\xbb\xbf{}",
    "{}".encode("utf-16"),
    b"\r\n",
    b"",
]
ENCODINGS = ["", "gzip", "deflate", "br", "identity", "foo", "gzip, br"]
MUTATIONS = st.lists(st.tuples(st.integers(0, 200), st.integers(0, 3), st.binary(max_size=6)), max_size=4)


def mutated(content: bytes, mutations: list[tuple[int, int, bytes]]) -> bytes:
    """``content`` with bytes put in, written over, left out, or doubled."""
    for place, kind, piece in mutations:
        at = place % (len(content) + 1)
        until = {0: at, 1: at + len(piece), 2: at + 1 + place % 5, 3: 0}[kind]
        content = content[:at] + piece + content[until:]
    return content


def assert_json(value: Any) -> None:
    """JSON values all the way down, and no half of a surrogate pair."""
    match value:
        case str():
            value.encode()
        case dict():
            for key, item in value.items():
                assert isinstance(key, str)
                key.encode()
                assert_json(item)
        case list():
            for item in value:
                assert_json(item)
        case _:
            assert value is None or isinstance(value, bool | int | float | Decimal)


@given(
    st.sampled_from(BODIES) | st.binary(max_size=80),
    MUTATIONS,
    st.sampled_from(KINDS),
    st.sampled_from(CHARSETS),
    st.sampled_from(ENCODINGS),
)
@example(b'[1e99999999999999999999, "\\ud83d"]', [], "application/json", "", "")
@settings(max_examples=400)
def test_only_named_errors_leave(
    content: bytes, mutations: list[tuple[int, int, bytes]], kind: str, charset: str, encoding: str
) -> None:
    content = mutated(content, mutations)
    content_type = f"{kind}; charset={charset}" if charset else kind
    few = limits(depth=20, values=1_000, parameters=100)
    for packed in (content, PACKED.get(encoding, bytes)(content)):
        try:
            plain = unpacked_body(packed, encoding, 10_000)
            assert_json(read_body(plain, content_type, few))
            assert_json(read_json_body(plain, content_type, few, exact=True))
        except ObmenError as error:
            assert error.text("en") != error.text("ru")  # noqa: PT017
    assert isinstance(text_of(content, content_type_of(content_type)), str)


@given(st.sampled_from(BODIES), st.text(max_size=40))
def test_any_content_type(content: bytes, content_type: str) -> None:
    try:
        assert_json(read_body(content, content_type, limits()))
    except ObmenError as error:
        assert str(error)  # noqa: PT017


PACKED: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "gzip, br": lambda content: brotli.compress(gzip.compress(content)),
}


LARGE = 2_000_000
PART = b"--X\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n"


def large_bodies(size: int) -> dict[str, tuple[bytes, str]]:
    """Bodies of about ``size`` bytes by what they are made to exhaust."""

    def of(piece: bytes) -> bytes:
        return piece * (size // len(piece))

    disposition = b"--X\r\nContent-Disposition: form-data; name=a"
    end = b"\r\n\r\n1\r\n--X--"
    return {
        "strings that do not end": (of(b'"[\\'), "application/json"),
        "quotes and brackets": (of(b'["'), "application/json"),
        "backslashes": (b'["' + of(b"\\"), "application/json"),
        "escaped backslashes": (b'["' + of(b"\\\\") + b'\\ud83d"]', "application/json"),
        "halves of pairs": (b'["' + of(b"\\ud83d ") + b'"]', "application/json"),
        "brackets": (of(b"["), "application/json"),
        "empty objects": (b"[" + of(b"{},") + b"{}]", "application/json"),
        "long decimals": (b"[" + of(b"1.23456789012345678,") + b"1]", "application/json"),
        "digits": (of(b"9"), "application/json"),
        "digits of a fraction": (b"0." + of(b"9"), "application/json"),
        "blanks": (of(b" ") + b"{}", "application/json"),
        "escapes": (b"a=" + of(b"%41"), FORM),
        "escapes and letters": (b"a=" + of(b"%D0%B0b"), FORM),
        "pairs": (of(b"a=&"), FORM),
        "separators": (of(b"&"), FORM),
        "levels": (b"a" + of(b"[]"), FORM),
        "opening brackets": (b"a" + of(b"["), FORM),
        "branches": (of(b"a" + b"[]" * 90 + b"&"), FORM),
        "one name": (of(b"a[]=&a=&"), FORM),
        "a default attribute": (
            b'<!DOCTYPE l [<!ATTLIST e a CDATA "' + b"x" * 50_000 + b'">]><l>' + of(b"<e/>") + b"</l>",
            "text/xml",
        ),
        "entities": (b'<!DOCTYPE l [<!ENTITY a "' + b"x" * 50_000 + b'">]><l>' + of(b"&a;") + b"</l>", "text/xml"),
        "elements": (b"<a>" + of(b"<b/>") + b"</a>", "text/xml"),
        "elements that do not end": (of(b"<a>"), "text/xml"),
        "attributes": (b"<a " + b" ".join(b'a%x=""' % number for number in range(size // 9)) + b"/>", "text/xml"),
        "lines": (b"<a>" + of(b"x\n") + b"</a>", "text/xml"),
        "blanks before XML": (of(b" ") + b"<?xml", "text/xml"),
        "parts": (of(PART) + b"--X--", MULTIPART),
        "line ends": (b"--X\r\n" + of(b"\r\n--") + b"\r\n--X--", MULTIPART),
        "headers": (disposition + of(b"\r\na:b") + end, MULTIPART),
        "parameters of a part": (disposition + of(b';a="') + end, MULTIPART),
        "blanks of a part": (disposition + of(b" ") + end, MULTIPART),
        "folded lines": (disposition + of(b"\r\n ") + end, MULTIPART),
        "encoded words": (disposition + b'; filename="' + of(b"=?u?b?") + b'"' + end, MULTIPART),
        "content type": (b"{}", ("text/plain" + of(b';a="\\').decode())),
        "charset": (b"{}", "text/plain; charset=" + "x" * size),
        "boundary": (of(b"--X\r\n"), "multipart/form-data; boundary=" + "X" * 5_000),
    }


@pytest.mark.skipif(sys.platform != "linux", reason="limits of a process are those of Linux")
def test_large_bodies_are_read_within_limits() -> None:
    """60 bytes of memory for each of a body, beside what Python takes; a minute of a processor for all of them."""
    names = list(large_bodies(100))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, __file__], capture_output=True, text=True, check=False, env=environment)
    assert (done.stdout.split("\n")[:-1], done.returncode) == (names, 0), done.stderr[-2_000:]


def main() -> None:
    """Reads the large bodies, and prints the name of each when it has been read or refused."""
    bodies = large_bodies(LARGE)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
    resource.setrlimit(resource.RLIMIT_AS, (used + 60 * LARGE, resource.RLIM_INFINITY))
    for name, (content, content_type) in bodies.items():
        with suppress(ObmenError):
            read_body(content, content_type, limits())
        sys.stdout.write(f"{name}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
