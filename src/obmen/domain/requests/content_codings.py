"""Content codings (RFC 9110, 8.4): what is packed comes back whole, within a size, or is refused. Pure."""

import sys
import zlib
from collections.abc import Callable
from typing import Final, Protocol

import brotli

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

ACCEPTED: Final = "gzip, deflate, br, zstd"
"""What `unpacked` takes, as ``Accept-Encoding`` says it."""
_MOST_CODINGS: Final = 4
_MOST_PARTS: Final = 4_096
"""Of one content; each costs an unpacker of its own."""
_PIECE: Final = 4_096
_ZSTD_WINDOW_LOG: Final = 23
"""8 MiB: RFC 9659, 3."""


class _Unpacker(Protocol):
    """What ``zlib`` and ``zstd`` have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class UnknownCoding(Exception):
    """A coding that is not `ACCEPTED`, or too many of them; the argument names it."""


class BrokenCoding(Exception):
    """The content ends too soon or is not packed in the way it is said to be; the argument names the coding."""


class UnpackedTooLarge(Exception):
    """The unpacked content is larger than allowed."""


def unpacked(content: bytes, codings: str, limit: int) -> bytes:
    """``content`` without its ``codings``, those of the header in the order in which they were applied.

    Never more than ``limit`` bytes are unpacked: `UnpackedTooLarge`. `UnknownCoding` and `BrokenCoding` name the coding. Empty
    content is empty whatever its codings; bytes behind the end of packed content are passed over, except by Brotli.
    """
    names = [name for part in codings.split(",") if (name := part.strip().lower()) not in ("", "identity")]
    if len(names) > _MOST_CODINGS:
        raise UnknownCoding(codings[:100])
    for name in names:
        if name not in _CODINGS:
            raise UnknownCoding(name[:100])
    for name in reversed(names):
        if not content:
            break
        try:
            content = _CODINGS[name](content, limit)
        except (zlib.error, brotli.error, zstd.ZstdError, EOFError) as error:
            raise BrokenCoding(name) from error
        if len(content) > limit:
            raise UnpackedTooLarge
    return content


def _gzip(content: bytes, limit: int) -> bytes:
    """All members (RFC 1952, 2.2)."""
    return _stream(content, limit, lambda: zlib.decompressobj(zlib.MAX_WBITS | 16), b"\x1f\x8b")


def _deflate(content: bytes, limit: int) -> bytes:
    """With the zlib wrapper, as RFC 9110 wants it, or without, as many send it."""
    try:
        return _stream(content, limit, zlib.decompressobj)
    except zlib.error:
        return _stream(content, limit, lambda: zlib.decompressobj(-zlib.MAX_WBITS))


def _zstd(content: bytes, limit: int) -> bytes:
    """All frames (RFC 8878, 3)."""
    options: dict[int, int] = {zstd.DecompressionParameter.window_log_max: _ZSTD_WINDOW_LOG}
    return _stream(content, limit, lambda: zstd.ZstdDecompressor(options=options), b"\x28\xb5\x2f\xfd")


def _brotli(content: bytes, limit: int) -> bytes:
    unpacker = brotli.Decompressor()
    found = bytearray(unpacker.process(content, output_buffer_limit=limit + 1))
    while not unpacker.is_finished() and len(found) <= limit:
        more = unpacker.process(b"", output_buffer_limit=limit + 1)
        if not more and not unpacker.is_finished():
            raise EOFError
        found += more
    return bytes(found)


def _stream(content: bytes, limit: int, unpacker: Callable[[], _Unpacker], mark: bytes = b"") -> bytes:
    """At most one byte more than ``limit``. What begins with ``mark`` may follow itself; ``EOFError`` where it has no end.

    Read in pieces: what an unpacker has not used is a copy, and content may consist of many short parts.
    """
    found, at = bytearray(), 0
    for _ in range(_MOST_PARTS):
        part = unpacker()
        while not part.eof:
            piece = content[at : at + _PIECE]
            if not piece:
                raise EOFError
            at += len(piece)
            found += part.decompress(piece, limit + 1 - len(found))
            if len(found) > limit:
                return bytes(found)
        at -= len(part.unused_data)
        if not mark or not content.startswith(mark, at):
            return bytes(found)
    raise EOFError


_CODINGS: Final[dict[str, Callable[[bytes, int], bytes]]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,
    "zstd": _zstd,
}
