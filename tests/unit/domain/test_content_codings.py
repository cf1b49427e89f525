"""Packed content comes back whole, or is refused."""

import gzip
import sys
import zlib
from contextlib import suppress

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from obmen.domain.requests.content_codings import (
    ACCEPTED,
    BrokenCoding,
    UnknownCoding,
    UnpackedTooLarge,
    unpacked,
)

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


def raw_deflate(content: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(content) + packer.flush()


PACKERS = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "GZIP ": gzip.compress,
    "deflate": zlib.compress,
    "Deflate": raw_deflate,
    "br": brotli.compress,
    "zstd": zstd.compress,
}
TEXT = b"".join(b"%d;%d\n" % (number, number * 7919 % 1_000_003) for number in range(2_000))
coding = pytest.mark.parametrize("coding", PACKERS)


def test_every_coding_that_is_asked_for_is_known() -> None:
    assert {name.strip() for name in ACCEPTED.split(",")} <= set(PACKERS)


@coding
@pytest.mark.parametrize("content", [b"", b"x", TEXT])
def test_what_is_packed_comes_back(coding: str, content: bytes) -> None:
    packed = PACKERS[coding](content)
    assert unpacked(packed, coding, len(content)) == content
    if coding != "br":
        assert unpacked(packed + b"junk", coding, len(content)) == content
    if content:
        with pytest.raises(UnpackedTooLarge):
            unpacked(packed, coding, len(content) - 1)


@coding
def test_what_is_cut_is_refused(coding: str) -> None:
    packed = PACKERS[coding](TEXT)
    for length in (1, 2, 5, len(packed) // 2, len(packed) - 9, len(packed) - 1):
        with pytest.raises(BrokenCoding, match=coding.strip().lower()):
            unpacked(packed[:length], coding, 1_000_000)


@coding
def test_a_bomb_is_not_unpacked(coding: str) -> None:
    with pytest.raises(UnpackedTooLarge):
        unpacked(PACKERS[coding](b"\0" * 50_000_000), coding, 1_000)


@pytest.mark.parametrize("name", ["gzip", "br", "zstd"])
def test_what_is_not_packed_is_refused(name: str) -> None:
    with pytest.raises(BrokenCoding):
        unpacked(b"plain text, labelled wrongly", name, 1_000)


def test_several_members_and_frames_are_one_content() -> None:
    assert unpacked(gzip.compress(b"a") + gzip.compress(b"b"), "gzip", 2) == b"ab"
    assert unpacked(zstd.compress(b"a") + zstd.compress(b"b"), "zstd", 2) == b"ab"
    with pytest.raises(UnpackedTooLarge):
        unpacked(gzip.compress(b"a") * 10_000, "gzip", 100)
    with pytest.raises(BrokenCoding):
        unpacked(gzip.compress(b"a") + gzip.compress(b"b")[:-1], "gzip", 2)


def test_several_codings() -> None:
    assert unpacked(brotli.compress(gzip.compress(TEXT)), "gzip, identity,, br", len(TEXT)) == TEXT
    with pytest.raises(UnpackedTooLarge):  # a bomb within another
        unpacked(gzip.compress(gzip.compress(b"\0" * 50_000_000)), "gzip, gzip", 100_000)


@pytest.mark.parametrize(
    "name", ["compress", "lzma", "gzip2", "gzip;q=1", "ё", "gzip, nothing", ", ".join(["gzip"] * 5)]
)
def test_an_unknown_coding_is_named(name: str) -> None:
    with pytest.raises(UnknownCoding) as refused:
        unpacked(b"x", name, 100)
    assert str(refused.value) in name


@pytest.mark.parametrize("name", ["", " ", "identity", "Identity, ,"])
def test_no_coding(name: str) -> None:
    assert unpacked(b"x", name, 1) == b"x"


def test_too_many_parts_are_refused() -> None:
    assert unpacked(gzip.compress(b"") * 4_000, "gzip", 100) == b""
    for name in ("gzip", "zstd"):
        with pytest.raises(BrokenCoding):
            unpacked(PACKERS[name](b"") * 200_000, name, 100)


@given(content=st.binary(max_size=200), coding=st.sampled_from(sorted(PACKERS)), cut=st.integers(0, 200))
def test_whatever_comes_is_unpacked_or_refused(content: bytes, coding: str, cut: int) -> None:
    for sent in (content, PACKERS[coding](content)[:cut], PACKERS[coding](content) + content):
        with suppress(BrokenCoding, UnpackedTooLarge):
            assert len(unpacked(sent, coding, 100)) <= 100
