"""Secrets in what is kept or shown of a request or a process: its journal, hence events and webhooks, its errors, the log.

A secret is what stands under a name that says so (`is_secret`). It is masked there, and wherever else its value occurs, also escaped for
JSON, for an address or in base64; in texts, credentials are also known by what stands before them. What a scenario itself sees is never
masked. Pure; called by ``services/processes/journal`` and ``clients/logs``.
"""

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final
from urllib.parse import quote, quote_plus

from obmen.domain.encoding import encode

MASK: Final = "********"
SHORTEST: Final = 6
"""Shorter values are masked under their name only: elsewhere they may mean anything."""
_PIECE: Final = 1_000
"""Longer values are looked for in pieces."""
MOST: Final = 500
"""Pieces that are looked for; those of a request's headers come first."""
_LONGEST_NAME: Final = 64
"""Of a longer one the end counts."""
_SEPARATORS: Final = re.compile(r"[^0-9a-zа-яё]+")
_HOLDERS: Final = (dict, list)
_NEVER_ESCAPED: Final = re.compile(r"[\w.\-~]*", re.ASCII)
_ESCAPE: Final = re.compile(r"%[0-9A-F]{2}")
_SECRET: Final = re.compile(
    r"token|secret(?!ar)|passw|passphrase|pwd|credential|authorization|cookie|signature|jwt|sessionid|"
    r"(?:api|access|auth|client|consumer|encryption|hash|hmac|master|private|secret|service|shared|sign|signing|webhook)key|"
    r"парол|токен|секрет(?!ар)"
)
_WHOLE: Final = ("auth", "pass")
"""What is a secret as a whole name only."""
_OF_ADDRESSES: Final = ("key", "sig", "sign", "pin")
"""The same in the query of an address."""
_NAME: Final = re.compile(r"(?<![\w.\-\[\]%$])([\w.\-\[\]%$]{1,64}+)(\\?[\"'])?\s{0,3}[=:]\s{0,3}")
_VALUE: Final = re.compile(
    r"""(?:(?:bearer|basic|digest|token|hmac)\s{1,3})?
    (?P<text>"(?:[^"\\]|\\.)*+"? | '(?:[^'\\]|\\.)*+'? | \\"(?:[^"\\]|\\[^"])*+(?:\\")? | [^\s"'&;,<>{}\[\]\\]+ )""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
_CONSTANT: Final = re.compile(
    r"""/\*.*?(?:\*/|\Z) | //[^\n]*+ | (?P<mark>["'`])(?P<content>(?:\\.|(?!(?P=mark))[^\\])*+)(?P=mark)?""",
    re.VERBOSE | re.DOTALL,
)
_SCHEME: Final = re.compile(r"\b(Bearer|Basic|Token)(\s{1,3})(?=[\w+/.~\-]*[\d=])[\w+/=.~\-]{6,}", re.IGNORECASE)
_USERINFO: Final = re.compile(r"(://[^/\s:@]{0,256}:)[^/\s@]{1,256}@")


@lru_cache(4096)
def _says_secret(name: str) -> bool:
    plain = _SEPARATORS.sub("", name.lower())
    return plain in _WHOLE or _SECRET.search(plain) is not None


def is_secret(name: str, *, in_address: bool = False) -> bool:
    """Whether what stands under this name, of a header, a parameter, a field or a variable, is to be shown to nobody."""
    return _says_secret(name[-_LONGEST_NAME:]) or (in_address and name.lower() in _OF_ADDRESSES)


def secrets_in(value: Any) -> Iterator[str]:
    """The texts and numbers under secret names anywhere in a JSON value."""
    waiting: list[tuple[Any, bool]] = [(dict(value) if isinstance(value, Mapping) else value, False)]
    while waiting:
        holder, hidden = waiting.pop()
        if isinstance(holder, dict):
            for name, item in holder.items():
                if isinstance(item, _HOLDERS):
                    waiting.append((item, hidden or is_secret(str(name))))
                elif hidden or is_secret(str(name)):
                    yield from _leaf(item)
        elif isinstance(holder, list):
            waiting += [(item, hidden) for item in holder if isinstance(item, _HOLDERS)]
            if hidden:
                for item in holder:
                    yield from _leaf(item)


class Mask:
    """Hides ``secrets`` by value, and what stands under a secret name."""

    def __init__(self, secrets: Iterable[str]) -> None:
        pieces: dict[str, None] = {}
        for secret in secrets:
            if len(pieces) >= MOST:
                break
            pieces.update((piece, None) for spelled in _spellings(secret) for piece in _pieces(spelled))
        self._pieces = sorted(pieces, key=len, reverse=True)[:MOST]
        self._longest = len(self._pieces[0]) if self._pieces else 0

    def text(self, text: str) -> str:
        """``text`` without secrets."""
        text = self._replaced(text)
        if "=" in text or ":" in text:
            text = _USERINFO.sub(rf"\1{MASK}@", _named(text))
        return _SCHEME.sub(rf"\1\2{MASK}", text) if " " in text else text

    def variables(self, variables: Mapping[str, Any], most: int) -> dict[str, Any]:
        """The beginning of JSON values by name, at least ``most`` characters of it where there are so many, without secrets."""
        root: dict[str, Any] = {}
        left = most
        under_way: list[tuple[Iterator[tuple[Any, Any]], Any, bool]] = [(iter(variables.items()), root, False)]
        while under_way:
            items, made, hidden = under_way[-1]
            for name, item in items:
                if left <= 0:
                    return root
                named = isinstance(made, dict)
                hides = hidden or (named and is_secret(str(name)))
                if isinstance(item, dict):
                    shown: Any = {}
                    under_way.append((iter(item.items()), shown, hides))
                elif isinstance(item, list):
                    shown = []
                    under_way.append((enumerate(item), shown, hides))
                else:
                    shown = self._hidden(item) if hides else self._shown(item, left)
                    left -= len(shown) if isinstance(shown, str) else 1
                if named:
                    key = str(name) if len(name) < SHORTEST else self._replaced(str(name)[: most + self._longest])
                    left -= len(key)
                    made[key] = shown
                else:
                    made.append(shown)
                if under_way[-1][1] is shown:
                    break
            else:
                under_way.pop()
        return root

    def _hidden(self, value: Any) -> Any:
        return MASK if value not in (None, "", True, False) else value

    def _shown(self, value: Any, left: int) -> Any:
        if isinstance(value, str):
            length = left + 2 * self._longest + _PIECE
            if len(value) <= length:
                return self.text(value)
            return self.text(value[:length])[: -self._longest - _PIECE] + "…"  # a secret that is cut is not found
        is_number = value is not None and not isinstance(value, bool)
        return MASK if is_number and self._pieces and str(value) in self._pieces else value

    def _replaced(self, text: str) -> str:
        for piece in self._pieces:
            if piece in text:
                text = text.replace(piece, MASK)
        return text


def without_constants(source: str) -> str:
    """JavaScript without its comments, and without constants long enough to be a key or a password."""
    return _CONSTANT.sub(_constant, source)


def _constant(found: re.Match[str]) -> str:
    mark, content = found["mark"], found["content"]
    if mark is None:
        return " "
    return found[0] if len(content) < SHORTEST else f"{mark}{MASK}{mark}"


def _leaf(value: Any) -> Iterator[str]:
    if value is not None and not isinstance(value, (bool, *_HOLDERS)):
        yield str(value)


def _spellings(secret: str) -> Iterator[str]:
    """A secret, and how it is written in JSON, in addresses and in base64."""
    if len(secret) < SHORTEST or not secret.strip("*"):
        return
    secret = secret[: MOST * _PIECE]
    raw = secret.encode("utf-8", "replace")
    yield secret
    yield base64.b64encode(raw).decode().rstrip("=")
    if _NEVER_ESCAPED.fullmatch(secret):
        return
    yield encode(raw.decode()).decode()[1:-1]
    for spelled in (quote(raw, safe=""), quote(raw), quote_plus(raw)):
        yield spelled
        yield _ESCAPE.sub(lambda code: code[0].lower(), spelled)


def _pieces(text: str) -> Iterator[str]:
    for start in range(0, max(1, len(text) - SHORTEST), _PIECE):
        end = start + _PIECE
        yield text[start : end if end + SHORTEST < len(text) else None]


def _named(text: str) -> str:
    """``text`` without what stands behind a secret name: ``token=…``, ``"password": "…"``, ``X-Api-Key: …``."""
    parts: list[str] = []
    done = place = 0
    while (found := _NAME.search(text, place)) is not None:
        place = found.end()
        in_address = found.start() > 0 and text[found.start() - 1] in "?&"
        if not is_secret(found[1], in_address=in_address):
            continue
        value = _VALUE.match(text, place)
        if value is None or (found[2] and not (value["text"][0] in "\"'\\" or value["text"].isdigit())):
            continue
        quote_mark = '\\"' if value["text"].startswith('\\"') else value["text"][0] if value["text"][0] in "\"'" else ""
        parts += (text[done:place], quote_mark, MASK, quote_mark)
        done = place = value.end()
    return "".join((*parts, text[done:]))
