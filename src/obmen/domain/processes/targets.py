"""Where a result goes: the one grammar of targets, for outputs of components and for the variables of error events.

::

    target = key { "." key | "[" index "]" }
    key    = a name: any characters but . [ ] { } ' " ` and control characters; ${…} in it is an expression
    index  = a JavaScript expression

``data.rows[0].values``, ``data.rows[i].values``, ``data['key']``, ``${name}``, ``totals.${month}``. A target is read when the
scenario is saved. Its expressions are evaluated while the process runs, which gives the path that `variables.assign`
writes to. Called by `dialect` and by runners.
"""

import re
from collections.abc import Iterator
from typing import Any, Final, TypeAlias

import msgspec

from obmen.domain.field_types import shown
from obmen.domain.json_values import Path
from obmen.errors import StepFailed

_NAME: Final = re.compile(r"[^.\[\]{}'\"`\x00-\x1f\x7f]+")
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,8}")
_TEXT: Final = re.compile(r"'([^'\\\n]*)'|\"([^\"\\\n]*)\"")
_CLOSING: Final = {"[": "]", "(": ")", "{": "}"}
_MOST_KEYS: Final = 32


class Computed(msgspec.Struct, frozen=True):
    """A key that is the value of a JavaScript expression."""

    source: str


Key: TypeAlias = str | int | Computed


class Target(msgspec.Struct, frozen=True):
    """A place in the variables of a process, as its ``text`` names it."""

    text: str
    keys: tuple[Key, ...]

    @property
    def sources(self) -> list[str]:
        """The expressions to evaluate, in the order `path` asks for their values."""
        return [key.source for key in self.keys if isinstance(key, Computed)]

    @property
    def dotted(self) -> str | None:
        """The target as names with dots between them; ``None`` where it is more than that."""
        keys = [key for key in self.keys if isinstance(key, str) and "." not in key]
        return ".".join(keys) if len(keys) == len(self.keys) else None

    def path(self, values: Iterator[Any]) -> Path:
        """The keys, with one of ``values`` for each of `sources`; `StepFailed` where a value is no key."""
        return tuple(self._key(next(values)) if isinstance(key, Computed) else key for key in self.keys)

    def _key(self, value: Any) -> str | int:
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, str | int) or value == "" or str(value).startswith("-"):
            raise StepFailed("process.bad_key", target=self.text, sent=shown(value))
        return value


def read_target(text: str) -> Target:
    """The target that ``text`` names; ``ValueError`` where it names none."""
    keys, place = [], 0
    while True:
        key, place = _read_key(text, place)
        keys.append(key)
        while text[place : place + 1] == "[":
            end = _end(text, place)
            keys.append(_read_index(text[place + 1 : end - 1].strip()))
            place = end + len(text[end:]) - len(text[end:].lstrip())
        if place == len(text):
            break
        if text[place] != ".":
            raise ValueError(text)
        place += 1
    if len(keys) > _MOST_KEYS:
        raise ValueError(text)
    return Target(text, tuple(keys))


def template(parts: list[str]) -> str:
    """A JavaScript template literal of texts and ``${…}`` in turns, a text first."""
    texts = [re.sub(r"[\\`]|\$(?=\{)", r"\\\g<0>", part) for part in parts[::2]]
    return f"`{''.join(part for pair in zip(texts, [*parts[1::2], ''], strict=True) for part in pair)}`"


def split_template(text: str) -> list[str]:
    """Texts and ``${…}`` in turns, a text first and last; ``ValueError`` where one is not closed or is empty."""
    parts, begin = [], 0
    while (start := text.find("${", begin)) >= 0:
        end = _end(text, start + 1)
        if not text[start + 2 : end - 1].strip():
            raise ValueError(text)
        parts += [text[begin:start], text[start:end]]
        begin = end
    return [*parts, text[begin:]]


def _read_key(text: str, start: int) -> tuple[Key, int]:
    """The key that begins at ``start``, and where it ends."""
    place = start
    while place < len(text) and text[place] not in ".[":
        place = _end(text, place + 1) if text.startswith("${", place) else place + 1
    parts = split_template(text[start:place].strip())
    if not all(part == "" or _NAME.fullmatch(part) for part in parts[::2]):
        raise ValueError(text)
    if len(parts) > 1:
        return Computed(template(parts)), place
    if not parts[0]:
        raise ValueError(text)
    return parts[0], place


def _read_index(text: str) -> Key:
    if not text:
        raise ValueError(text)
    if _NUMBER.fullmatch(text):
        return int(text)
    if (quoted := _TEXT.fullmatch(text)) is None:
        return Computed(text)
    key = quoted[1] or quoted[2] or ""
    if not key:
        raise ValueError(text)
    return key


def _end(text: str, start: int) -> int:
    """Where the bracket that opens at ``start`` has been closed; ``ValueError`` where it never is."""
    expected, place = [], start
    while place < len(text):
        character = text[place]
        if character in _CLOSING:
            expected.append(_CLOSING[character])
        elif character in "'\"`":
            place = _end_of_quote(text, place)
        elif character in "])}":
            if expected.pop() != character:
                raise ValueError(text)
            if not expected:
                return place + 1
        place += 1
    raise ValueError(text)


def _end_of_quote(text: str, start: int) -> int:
    """The place of the quotation mark that closes the one at ``start``."""
    place = start + 1
    while place < len(text) and text[place] != text[start]:
        place += 2 if text[place] == "\\" else 1
    return place
