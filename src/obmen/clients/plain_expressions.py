"""Expressions that need no engine: constants, and paths into JSON that mean there what they mean in JavaScript."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import msgspec

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
    rf"{_TEXT}|-?[1-9][0-9]{{0,14}}|0|-?(?:0|[1-9][0-9]{{0,6}})\.[0-9]{{0,7}}[1-9]|true|false|null|\[\]|\{{\}}"
)
"""Literals that mean in JSON what they mean in JavaScript."""
_INHERITED: Final = frozenset(
    ["constructor", "hasOwnProperty", "isPrototypeOf", "propertyIsEnumerable", "toLocaleString", "toString", "valueOf"]
    + ["__proto__", "__defineGetter__", "__defineSetter__", "__lookupGetter__", "__lookupSetter__"]
)
"""What an object has without having it; ``__proto__`` is no usual property even where it has one."""
_SAFE_INTEGER: Final = 2**53 - 1


class _Unknown(Exception):
    """Only the engine can say."""


class _Constant(msgspec.Struct, frozen=True):
    json: str


class _Path(msgspec.Struct, frozen=True):
    name: str
    steps: tuple[str | int, ...]


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
    if isinstance(plain, _Constant):
        return msgspec.json.decode(plain.json)
    if plain is None or plain.name not in variables:
        raise _Unknown
    value = variables[plain.name]
    for at, step in enumerate(plain.steps):
        value = _property(value, step, is_last=at == len(plain.steps) - 1)
    if isinstance(value, float) or (isinstance(value, int) and abs(value) > _SAFE_INTEGER):
        raise _Unknown  # JavaScript may write the number otherwise than it came
    return value


def _property(value: Any, step: str | int, *, is_last: bool) -> Any:
    """``value[step]``; a missing one is None where nothing is asked of it."""
    if isinstance(value, dict) and step not in _INHERITED:
        key = str(step)
        if key in value:
            return value[key]
    elif isinstance(value, list) and isinstance(step, int):
        if step < len(value):
            return value[step]
    else:
        raise _Unknown
    if not is_last:
        raise _Unknown  # the engine tells of the property of undefined
    return None


@lru_cache(4096)
def _read(source: str) -> _Constant | _Path | None:
    source = source.strip(" \t\r\n")
    if _CONSTANT.fullmatch(source):
        return _Constant(f'"{source[1:-1]}"' if source[0] in "'\"" else source)
    name = _NAME.match(source)
    if name is None:
        return None
    steps: list[str | int] = []
    end = name.end()
    while end < len(source):
        step = _STEP.match(source, end)
        if step is None:
            return None
        steps.append(step[1] or (int(step[2]) if step[2] else _unquoted(step[3])))
        end = step.end()
    return _Path(name[0], tuple(steps))


def _unquoted(text: str) -> str | int:
    key = text[1:-1]
    return int(key) if re.fullmatch(_INDEX, key) else key
