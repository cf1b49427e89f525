"""Bare names and literals are answered without JavaScript: with what JavaScript gives, which a pair of parentheses calls in."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from obmen.clients.javascript import JavaScriptSandbox
from obmen.errors import ScriptFailed
from obmen.ports import Expression
from obmen.settings import Script

pytestmark = pytest.mark.asyncio(loop_scope="module")

ODD_NAMES = [
    "undefined",
    "NaN",
    "Infinity",
    "_",
    "moment",
    "this",
    "null",
    "true",
    "eval",
    "arguments",
    "class",
    "let",
    "static",
    "async",
    "await",
    "of",
    "get",
    "yield",
    "enum",
    "globalThis",
    "Object",
    "Array",
    "JSON",
    "Date",
    "Symbol",
    "Math",
    "constructor",
    "__proto__",
    "toString",
    "hasOwnProperty",
    "$",
    "$status",
    "a1",
    "Имя",
    "ünï",
]
VARIABLES: Mapping[str, Any] = {
    "a": 1,
    "text": "x",
    "empty": None,
    "half": 0.5,
    "whole": 2.0,
    "minus": -0.0,
    "large": 2**53 - 1,
    "larger": 2**53 + 1,
    "huge": 1e21,
    "flag": False,
    "list": [1, [2], {"k": None}],
    "object": {"k": [1], "": 0, "ключ": "«»", "inner": {"deep": "\u2028\0"}},
    **{name: f"the variable {name}" for name in ODD_NAMES},
}
LITERALS = [
    "0",
    "00",
    "007",
    "010",
    "08",
    "1",
    "9",
    "10",
    "-1",
    "-0",
    "+1",
    "1.0",
    "1.5",
    ".5",
    "5.",
    "1e3",
    "0x10",
    "0b1",
    "0o7",
    "1_000",
    "1n",
    "999999999999999",
    "9007199254740993",
    "1000000000000000",
    "99999999999999999999",
    "true",
    "false",
    "null",
    "TRUE",
    "None",
    "'a'",
    '"a"',
    "''",
    '""',
    "'a\"",
    "\"a'",
    "'it\"s'",
    '"it\'s"',
    "'\\''",
    "'\\n'",
    "'\\u0041'",
    "'\\x41'",
    "'\\\\'",
    '"\\\\"',
    "'\\0'",
    "'😀'",
    "'Ж'",
    "'\u2028'",
    '"\u2029"',
    "'\x7f'",
    "'\ufeff'",
    "'${a}'",
    "`a`",
    "`${a}`",
    "'<!--'",
    "/a/",
    "[]",
    "{}",
]
SPACED = [
    *(f"{space}a{space}" for space in (" ", "\n", "\t", "\r\n", "\x0b", "\x0c", "\xa0", "\u3000", "\ufeff")),
    *(f"{control}a" for control in ("\x1c", "\x1f", "\x85", "\x00", "\u200b", "\u180e")),
    "'two words'",
    "' padded '",
    "'line\nbreak'",
    "'tab\there'",
]
SOURCES = [*VARIABLES, "missing", "$missing", "a.b", "list.length", "text.missing.more", *LITERALS, *SPACED]
PLACES = [
    *("new", "a", "text", "list", "object", "new.one", "new.one.two", "a.b", "text.b", "list.b", "list.0", "list.1.b"),
    *("object.k", "object.k.b", "object.inner.more", "empty.b", "flag.b", "undefined", "NaN", "_", "moment", "_.a"),
    *("класс.поле", "this", "class", "constructor.b", "__proto__", "__proto__.b", "new.__proto__", "new.constructor.b"),
    *(
        "new.length",
        "list.length",
        "text.length",
        "",
        ".",
        "a.",
        ".a",
        "a..b",
        "with space",
        "with-hyphen.b",
        "0",
        "0.1",
    ),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sandbox() -> AsyncIterator[JavaScriptSandbox]:
    found = JavaScriptSandbox(Script(workers=1))
    await found.start()
    yield found
    await found.close()


async def outcome(sandbox: JavaScriptSandbox, expressions: Sequence[Expression]) -> tuple[str, str]:
    """What comes back, exactly, or what is said to be wrong."""
    try:
        return "values", msgspec.json.encode(await sandbox.evaluate(expressions, VARIABLES)).decode()
    except ScriptFailed as failed:
        return "failure", str(failed.facts.get("problem", failed.message)).partition(":")[0]


async def assert_same(sandbox: JavaScriptSandbox, expressions: Sequence[Expression]) -> None:
    by_the_engine = [Expression(f"({found.source})", found.into) for found in expressions]
    assert await outcome(sandbox, expressions) == await outcome(sandbox, by_the_engine)


@pytest.mark.parametrize("source", SOURCES, ids=ascii)
async def test_a_value(sandbox: JavaScriptSandbox, source: str) -> None:
    await assert_same(sandbox, [Expression(source)])


@pytest.mark.parametrize("into", PLACES, ids=ascii)
async def test_a_value_that_goes_into_a_variable(sandbox: JavaScriptSandbox, into: str) -> None:
    seen = [Expression(source) for source in ("a", "text", "list", "object", "empty", "flag")]
    await assert_same(sandbox, [Expression("'put'", into), *seen])
    await assert_same(sandbox, [Expression("object", into), Expression("'put'", "object.k"), *seen])


async def test_later_values_see_earlier_ones(sandbox: JavaScriptSandbox) -> None:
    chain = [("1", "x"), ("x", "y.z"), ("y", "copy"), ("'changed'", "copy.z"), ("y", None), ("copy", None), ("x", None)]
    await assert_same(sandbox, [Expression(source, into) for source, into in chain])


async def test_what_is_assigned_in_one_run_is_gone_in_the_next(sandbox: JavaScriptSandbox) -> None:
    await sandbox.evaluate([Expression("object", "copy"), Expression("'changed'", "copy.k")], VARIABLES)
    assert await sandbox.evaluate([Expression("object.k")], VARIABLES) == [[1]]
    with pytest.raises(ScriptFailed):
        await sandbox.evaluate([Expression("copy")], VARIABLES)
