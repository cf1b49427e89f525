"""What is answered without the engine is what the engine would answer."""

import json
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from script_sandboxes import started, value

from obmen.clients.javascript import JavaScriptSandbox
from obmen.clients.plain_expressions import values_without_engine
from obmen.errors import ScriptFailed
from obmen.ports import Expression

VARIABLES = {
    "body": {
        "name": "Анна", "empty": None, "rows": [{"id": 7}, [1, 2], "text"], "Имя": 1, "$x": True, "a b": 2, "0": "zero", "if": "word",
        "length": 5, "toString": "own", "__proto__": {"x": 1}, "big": 2**60, "half": 0.5, "whole": 2.0, "deep": {"deep": {"deep": []}},
    },
    "list": ["a", None, {"length": 1}],
    "text": "abc",
    "number": 5,
    "nothing": None,
    "_": {"shadows": 1},
}  # fmt: skip

PLAIN = [
    "body.name", "body['name']", 'body["a b"]', "body.empty", "body.missing", "body[0]", "body['0']", "body.Имя", "body.$x", "body.if",
    "body.rows[0].id", "body.rows[1][1]", "body['rows'][2]", "body.rows[9]", "body.rows", "body.deep.deep.deep", "list[0]", "list['1']",
    " body.name\n", "list[2].length", "body.length", "list", "number", "nothing", "-5", "1.5", "-0.25", "0", "'text'", "[]", "{}",
    "true", '"ё"',
    "({hello: body.name, id: body.rows[0].id})", "{a: 1}", "({a: 1,})", "({number, list})", "[[]]", "(body.name)", "(((5)))",
    "({'a b': 'c', \"d\": null, if: true, Имя: body.Имя})", "({gone: body.missing, kept: body.empty})", "[body.missing, body.name]",
    "[1, 'a', [2], {b: []},]", "({b: 1, 10: 2, 9: 3, '07': 4, a: 5, '4294967294': 6, '4294967295': 7})", "({a: 1, b: 2, a: 3})",
    "body.name === 'Анна'", 'body.name!=="Анна"', "'x' === body.missing", "body.missing !== body.missing", "body.empty === null",
    "null === body.missing", "number === 5", "5 === number", "number === '5'", "body.$x === true", "(number) === (5)",
    "[number === 5, {a: 1 !== 1}]",
    "true === 1", "0 === false", "({a: number === 5})", "1 === 1.5",
    "( { a : { b : [ body.x ] } } )", "({'': 1})", "[{catalogId: '12', recordId: body.rows[0].id}]",
]  # fmt: skip

ENGINE = [
    "body.missing.x", "body.empty.x", "nothing.x", "absent", "absent.x", "body.toString", "body.constructor", "body.valueOf",
    "body.__proto__",
    "body['__proto__'].x", "body.missing.toString", "list.length", "list[-1]", "list['-1']", "list[01]", "list['00']", "text.length",
    "text[0]", "text.x", "number.x", "number.toFixed", "body.big", "body.half", "body.whole", "list[1].x", "list.x", "list['length']",
    "body.rows.length", "body.rows[0].id.x", "body. name", "body .name", "body?.name", "body.name;", "body.name // x", "body['na\\u006de']",
    "body[`name`]", "body.#x", "body..name", "body.", "body[", "body[]", "body[1.0]", "body.1", ".name", "body.name()", "new", "this", "if",
    "undefined", "NaN", "Infinity", "moment", "_", "_.shadows", "-0", "1.0", "1.50", "0x10", "1e3", "1_000", "00", "'a' + 'b'", "'a\\n'",
    "''.length", "body\u00a0.name", "body.name\u200b", "",
    "({__proto__: null})", "({'__proto__': null})", "({a() {}})", "({get a() { return 1 }})", "({a: 1} )()", "({...body})", "[...list]",
    "[,1]", "[1,,2]", "({absent})", "({moment})", "({if})", "({a: absent})", "({[number]: 1})", "({`a`: 1})", "({a: 1}).a", "[1][0]",
    "(1, 2)", "(a) => a", "({a = 1})", "({01: 1})", "({1.5: 1})", "({a: 1 b: 2})", "({a: body.half})", "[1] + 1", "({a: 1", "[1", "()",
    "body.name == 'Анна'", "number === 5 === true", "number === ", "=== 5", "list === list", "body === 'x'", "[] === []", "!number",
    "number =", "number ==== 5",
    "absent === 1", "body.half === 0.5", "number === 5 && true", "body.missing.x === 1", "({a: 1, /* b */})", "[" * 30 + "]" * 30,
]  # fmt: skip


@pytest.fixture
async def js() -> AsyncIterator[JavaScriptSandbox]:
    async with started() as sandbox:
        yield sandbox


@pytest.mark.parametrize("source", PLAIN)
async def test_constants_and_paths_need_no_engine(js: JavaScriptSandbox, source: str) -> None:
    known = values_without_engine([Expression(source)], VARIABLES)
    by_engine = await value(js, f"(0, {source}\n)", **VARIABLES)  # which is not plain
    assert known == [by_engine]
    assert type(known[0]) is type(by_engine)
    assert json.dumps(known[0]) == json.dumps(by_engine)


@pytest.mark.parametrize("source", ENGINE)
def test_what_is_more_is_left_to_the_engine(source: str) -> None:
    assert values_without_engine([Expression(source)], VARIABLES) is None


async def test_a_variable_that_does_not_exist_fails(js: JavaScriptSandbox) -> None:
    for source in ["absent", "absent.x", "body.missing.x", "body.rows[9].id", "nothing.x"]:
        with pytest.raises(ScriptFailed):
            await value(js, source, **VARIABLES)


def test_stored_values_are_seen_by_the_next() -> None:
    pairs = [("body.rows", "rows"), ("rows[0].id", "id"), ("id", None), ("'x'", "body"), ("body", None)]
    found = values_without_engine([Expression(source, into) for source, into in pairs], VARIABLES)
    assert found == [VARIABLES["body"]["rows"], 7, 7, "x", "x"]
    for into in ["a.b", "a[0]", "if", "", "a b"]:
        assert values_without_engine([Expression("1", into), Expression("2")], {}) is None


steps = st.sampled_from(
    [".a", ".b", ".length", ".toString", "[0]", "[1]", "['a']", '["0"]', "[2]", ".__proto__", "['length']", ".size"]
)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["", "ab"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["a", "b", "0", "length", "size"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(values, st.lists(steps, max_size=4))
def test_a_path_is_a_walk(root: object, path: list[str]) -> None:
    """What is known agrees with a walk by the rules of objects and arrays; nothing else is known."""
    known = values_without_engine([Expression("root" + "".join(path))], {"root": root})
    found = root
    for at, step in enumerate(path):
        key = step.strip(".[]'\"")
        if isinstance(found, dict) and key in found and key != "__proto__":
            found = found[key]
        elif isinstance(found, list) and key in ("0", "1", "2") and int(key) < len(found):
            found = found[int(key)]
        else:
            is_absent = (isinstance(found, dict) and key not in ("toString", "__proto__")) or (
                isinstance(found, list) and key.isdigit()
            )
            assert known == ([None] if is_absent and at == len(path) - 1 else None)
            return
    assert known == [found]
