"""The charset of text that other systems send, in requests and in answers. Pure.

Names of charsets come from outside: they are looked up in a table of this module, never among the codecs of Python, some of
which are no charsets of texts.
"""

import codecs
import re
from encodings.aliases import aliases
from typing import Final

from obmen.domain.requests.content_types import FORM, ContentType
from obmen.errors import BadRequest

_CODECS: Final = (
    "utf_8", "utf_16", "utf_16_le", "utf_16_be", "utf_32", "utf_32_le", "utf_32_be",
    "latin_1", *(f"iso8859_{part}" for part in (*range(2, 12), *range(13, 17))),
    *(f"cp{page}" for page in (*range(1250, 1259), 437, 737, 775, 850, 852, 855, 857, 858, 860, 861, 862, 863, 865, 866, 869)),
    "koi8_r", "koi8_u", "koi8_t", "kz1048", "ptcp154", "mac_cyrillic", "mac_roman", "mac_latin2", "mac_greek", "mac_turkish",
    "cp874", "tis_620", "gbk", "gb2312", "gb18030", "big5", "big5hkscs", "cp950", "euc_kr", "cp949", "euc_jp", "shift_jis",
    "cp932", "iso2022_jp",
)  # fmt: skip
_OTHER_NAMES: Final = {
    "usascii": "utf_8", "ascii": "utf_8", "utf8mb4": "utf_8", "unicode": "utf_16", "ucs2": "utf_16",
    "win1251": "cp1251", "win1252": "cp1252", "dos866": "cp866", "koi8ru": "koi8_u", "koi8": "koi8_r",
    "iso88598i": "iso8859_8", "sjis": "shift_jis", "windows31j": "cp932", "big5hk": "big5hkscs", "windows949": "cp949",
    "windows874": "cp874",
}  # fmt: skip
"""What senders write beside the names that Python knows; ASCII is a part of UTF-8, which is often sent under its name."""
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf_8_sig"),
    (codecs.BOM_UTF32_LE, "utf_32"),
    (codecs.BOM_UTF32_BE, "utf_32"),
    (codecs.BOM_UTF16_LE, "utf_16"),
    (codecs.BOM_UTF16_BE, "utf_16"),
)
"""Byte order marks; these codecs take them off."""
_PROLOG: Final = re.compile(rb"\s{0,100}<\?xml[^>]{0,200}?encoding\s{0,20}=\s{0,20}[\"']([A-Za-z0-9._:-]{1,40})[\"']")
_NO_LETTERS: Final = re.compile(r"[^a-z0-9]")
_UTF_8: Final = "utf_8"


def codec_of(name: str) -> str | None:
    """Python's codec for the charset ``name`` in any spelling; ``None`` where it is no known charset of texts."""
    plain = _plain(name[:60])
    return _BY_NAME.get(plain) or _BY_NAME.get(plain.removeprefix("x"))


def charset_of(content: bytes, content_type: ContentType) -> str:
    """Python's codec for ``content``. It takes off a byte order mark.

    That of a byte order mark; of ``charset`` in the content type, which wins over the prolog of XML (RFC 7303, 3.2); of
    that prolog; otherwise UTF-8. A name that is unknown is passed over. JSON is UTF-8 wherever it can be, whatever its
    content type says (RFC 8259, 8.1). JSON, XML and forms begin with ASCII: where a NUL stands beside it they are UTF-16, and
    where none does they are not.
    """
    for mark, codec in _MARKS:
        if content.startswith(mark):
            return codec
    named = codec_of(content_type.charset)
    if content_type.speaks("json"):
        return _wide(content) or (_UTF_8 if named is None or _is_utf_8(content) else _narrow(named))
    if content_type.speaks("xml"):
        return _wide(content) or _narrow(named or _in_prolog(content))
    if content_type.kind == FORM:
        return _wide(content) or _narrow(named)
    if named == "utf_16":
        return _wide(content) or "utf_16_le"
    return named or _UTF_8


def text_of(content: bytes, content_type: ContentType) -> str:
    """``content`` as text; what its charset cannot say becomes U+FFFD."""
    return content.decode(charset_of(content, content_type), "replace")


def decoded(content: bytes, codec: str) -> str:
    """``content`` as text; `BadRequest` where it is none in this charset."""
    try:
        return content.decode(codec)
    except UnicodeDecodeError as error:
        raise BadRequest("request.not_text", encoding=codec.replace("_", "-"), problem=error) from None


def is_wide(codec: str) -> bool:
    """Whether even ASCII takes several bytes in it."""
    return codec.startswith(("utf_16", "utf_32"))


def _is_utf_8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def _wide(content: bytes) -> str | None:
    """UTF-16 by the zero byte of an ASCII character at the beginning."""
    match [byte == 0 for byte in content[:2]]:
        case [False, True]:
            return "utf_16_le"
        case [True, False]:
            return "utf_16_be"
    return None


def _narrow(codec: str | None) -> str:
    """UTF-8 for a charset that text without zero bytes cannot have: .NET declares UTF-16 in what it sends as UTF-8."""
    return _UTF_8 if codec is None or is_wide(codec) else codec


def _in_prolog(content: bytes) -> str | None:
    found = _PROLOG.match(content[:512])
    return codec_of(found[1].decode("ascii")) if found else None


def _plain(name: str) -> str:
    return _NO_LETTERS.sub("", name.lower())


_BY_NAME: Final = {
    **{_plain(alias): codec for alias, codec in aliases.items() if codec in _CODECS},
    **{_plain(codec): codec for codec in _CODECS},
    **_OTHER_NAMES,
}
