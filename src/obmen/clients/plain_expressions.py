"""Expressions that need no engine.

Constants, paths into JSON that mean there what they mean in JavaScript, objects and lists of them, and whether two of
them are the same.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, TypeAlias, TypeVar

import msgspec

from obmen.domain.encoding import SAFE_INTEGER
from obmen.ports import Expression

_LETTER: Final = "A-Za-zА-Яа-яЁё_$"
_NAME: Final = re.compile(
    r"(?!(?:arguments|async|await|break|case|catch|class|const|continue|debugger|default|delete|do|else|enum|eval|export"
    r"|extends|false|finally|for|function|if|implements|import|in|instanceof|interface|let|moment|new|null|package|private"
    r"|protected|public|return|static|super|switch|this|throw|true|try|typeof|undefined|var|void|while|with|yield|Infinity"
    rf"|NaN|_)(?![{_LETTER}0-9]))[{_LETTER}][{_LETTER}0-9]*"
)
_TEXT: Final = r"""'[^'"\\\x00-\x1f]*'|"[^"\\\x00-\x1f]*\""""
_INDEX: Final = r"0|[1-9][0-9]{0,8}"
_STEP: Final = re.compile(rf"\.([{_LETTER}][{_LETTER}0-9]*)|\[(?:({_INDEX})|({_TEXT}))\]")
_CONSTANT: Final = re.compile(
    rf"(?:{_TEXT}|-?[1-9][0-9]{{0,14}}|0|-?(?:0|[1-9][0-9]{{0,6}})\.[0-9]{{0,7}}[1-9]|true|false|null)(?=[ \t\r\n]*(?:[,)\]}}]|[=!]==|\Z))"
)
"""Literals that mean in JSON what they mean in JavaScript, with nothing done to them."""
_KEY: Final = re.compile(rf"([{_LETTER}][{_LETTER}0-9]*)|({_TEXT})|(?:{_INDEX})")
_DEPTH: Final = 20
_LAST_PLACE: Final = 2**32 - 1
_INHERITED: Final = frozenset([
    "constructor", "hasOwnProperty", "isPrototypeOf", "propertyIsEnumerable", "toLocaleString", "toString", "valueOf",
    "__proto__", "__defineGetter__", "__defineSetter__", "__lookupGetter__", "__lookupSetter__",
])  # fmt: skip
"""What an object has without having it; ``__proto__`` is no usual property even where it has one."""


class _Unknown(Exception):
    """Only the engine can say."""


class _Constant(msgspec.Struct, frozen=True):
    json: str


class _Path(msgspec.Struct, frozen=True):
    name: str
    steps: tuple[str | int, ...]


class _Object(msgspec.Struct, frozen=True):
    entries: tuple[tuple[str, "_Plain"], ...]


class _List(msgspec.Struct, frozen=True):
    items: tuple["_Plain", ...]


class _Comparison(msgspec.Struct, frozen=True):
    left: "_Plain"
    right: "_Plain"
    is_same: bool


_Plain: TypeAlias = _Constant | _Path | _Object | _List | _Comparison
_Part = TypeVar("_Part")
_UNDEFINED: Final = object()


def values_without_engine(expressions: Sequence[Expression], variables: Mapping[str, Any]) -> list[Any] | None:
    """The values where every expression is a constant, a variable or a path, as most parameters are; None where one is more."""
    values: list[Any] = []
    try:
        for expression in expressions:
            values.append(_value(expression.source, variables))
            if expression.into is not None:
                if not _NAME.fullmatch(expression.into):  # what a path makes on its way is the engine's to say
                    return None
                variables = {**variables, expression.into: values[-1]}
    except _Unknown:
        return None
    return values


def _value(source: str, variables: Mapping[str, Any]) -> Any:
    plain = _read(source)
    if plain is None:
        raise _Unknown
    value = _evaluated(plain, variables)
    return None if value is _UNDEFINED else value


def _evaluated(plain: _Plain, variables: Mapping[str, Any]) -> Any:
    match plain:
        case _Constant(json=json):
            return msgspec.json.decode(json)
        case _List(items=items):
            values = [_evaluated(item, variables) for item in items]
            return [None if value is _UNDEFINED else value for value in values]
        case _Object(entries=entries):
            pairs = [(key, _evaluated(item, variables)) for key, item in entries]
            return {key: value for key, value in pairs if value is not _UNDEFINED}
        case _Comparison(left=left, right=right, is_same=is_same):
            return _are_same(_evaluated(left, variables), _evaluated(right, variables)) == is_same
        case _Path(name=name, steps=steps):
            if name not in variables:
                raise _Unknown
            value = variables[name]
            for step in steps:
                value = _property(value, step)
            if isinstance(value, float) or (isinstance(value, int) and abs(value) > SAFE_INTEGER):
                raise _Unknown  # JavaScript may write the number otherwise than it came
            return value


def _property(value: Any, step: str | int) -> Any:
    """``value[step]``; a missing one is undefined, of which the engine tells where something is asked of it."""
    if isinstance(value, dict) and step not in _INHERITED:
        return value.get(str(step), _UNDEFINED)
    if isinstance(value, list) and isinstance(step, int):
        return value[step] if step < len(value) else _UNDEFINED
    raise _Unknown


def _are_same(left: Any, right: Any) -> bool:
    """``left === right`` of what is no object: those are the same only where they are one."""
    if isinstance(left, dict | list | datetime) or isinstance(right, dict | list | datetime):
        raise _Unknown
    return type(left) is type(right) and bool(left == right)


@lru_cache(4096)
def _read(source: str) -> _Plain | None:
    reader = _Reader(source)
    try:
        plain = reader.read(_DEPTH)
    except _Unknown:
        return None
    return plain if reader.is_done() else None


class _Reader:
    """Reads one expression from its beginning; `_Unknown` as soon as it is more than plain."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._at = 0

    def is_done(self) -> bool:
        """Whether nothing is left."""
        self._skip()
        return self._at == len(self._source)

    def read(self, depth: int) -> _Plain:
        """The expression that begins here, with at most ``depth`` brackets around each other."""
        if depth == 0:
            raise _Unknown
        left = self._operand(depth)
        for operator in ("===", "!=="):
            if self._takes(operator):
                return _Comparison(left, self._operand(depth), operator == "===")
        return left

    def _operand(self, depth: int) -> _Plain:
        if self._takes("("):
            plain = self.read(depth - 1)
            self._demand(")")
            return plain
        if self._takes("{"):
            return _Object(tuple(sorted(self._several("}", lambda: self._entry(depth - 1)), key=_place)))
        if self._takes("["):
            return _List(tuple(self._several("]", lambda: self.read(depth - 1))))
        if (constant := self._next(_CONSTANT)) is not None:
            text = constant[0]
            return _Constant(f'"{text[1:-1]}"' if text[0] in "'\"" else text)
        return self._path()

    def _entry(self, depth: int) -> tuple[str, _Plain]:
        if (name := self._next(_KEY)) is None:
            raise _Unknown
        key = name[0] if name[2] is None else name[2][1:-1]
        if key == "__proto__":
            raise _Unknown
        if self._takes(":"):
            return key, self.read(depth)
        if name[1] is None or not _NAME.fullmatch(key):
            raise _Unknown
        return key, _Path(key, ())

    def _several(self, end: str, read: Callable[[], _Part]) -> list[_Part]:
        """Parts with commas between them, up to a bracket; a last comma may stand before it."""
        parts: list[_Part] = []
        while not self._takes(end):
            parts.append(read())
            if not self._takes(","):
                self._demand(end)
                break
        return parts

    def _path(self) -> _Path:
        if (name := self._next(_NAME)) is None:
            raise _Unknown
        steps: list[str | int] = []
        while (step := _STEP.match(self._source, self._at)) is not None:
            steps.append(step[1] or (int(step[2]) if step[2] else _unquoted(step[3])))
            self._at = step.end()
        return _Path(name[0], tuple(steps))

    def _skip(self) -> None:
        while self._at < len(self._source) and self._source[self._at] in " \t\r\n":
            self._at += 1

    def _next(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        self._skip()
        found = pattern.match(self._source, self._at)
        if found is not None:
            self._at = found.end()
        return found

    def _takes(self, text: str) -> bool:
        self._skip()
        if not self._source.startswith(text, self._at):
            return False
        self._at += len(text)
        return True

    def _demand(self, character: str) -> None:
        if not self._takes(character):
            raise _Unknown


def _place(entry: tuple[str, _Plain]) -> int:
    """Where JavaScript puts a key: numbers of places first, in their order, then the others as they came."""
    key = entry[0]
    is_number = key.isascii() and key.isdigit() and str(int(key[:10])) == key and int(key) < _LAST_PLACE
    return int(key) if is_number else _LAST_PLACE


def _unquoted(text: str) -> str | int:
    key = text[1:-1]
    return int(key) if re.fullmatch(_INDEX, key) else key
