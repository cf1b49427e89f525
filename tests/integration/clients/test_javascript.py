"""The JavaScript sandbox, seen through its port: what scenarios may write, what comes back, and what they cannot break."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from script_sandboxes import started, value

from obmen.clients.javascript import JavaScriptSandbox
from obmen.errors import ScriptFailed, SetupError, Unavailable
from obmen.ports import Expression
from obmen.settings import Script


@pytest.fixture
async def js() -> AsyncIterator[JavaScriptSandbox]:
    async with started() as sandbox:
        yield sandbox


@pytest.fixture
async def strict() -> AsyncIterator[JavaScriptSandbox]:
    """A sandbox with the smallest limits."""
    async with started(time_s=0.3, memory_bytes=16_777_216) as sandbox:
        yield sandbox


def child_pids() -> list[int]:
    """The sandboxes of this process; a server of another test may be its child too."""
    alive = (child for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE)
    return [child.pid for child in alive if any(word.endswith("sandbox.py") for word in child.cmdline())]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('"text"', "text"),
        ("5*5+5", 30),
        ("1 / 2", 0.5),
        ("a + b", "1x"),
        ("{a: 1, inner: {b: [a]}}", {"a": 1, "inner": {"b": [1]}}),
        ('{\n\t"at": a,\n}', {"at": 1}),
        ("`Hello, ${b}!\nbye`", "Hello, x!\nbye"),
        ("a > 0 ? 'yes' : 'no' // a comment", "yes"),
        ("a + 1;", 2),
        ("", None),
        (" \n ", None),
        ("undefined", None),
        ("[undefined, NaN, Infinity, null]", [None, None, None, None]),
        ("{f() {}, u: undefined, s: Symbol(), k: 1}", {"k": 1}),
        ("() => 1", None),
        ("new Map([[1, 2]])", {}),
        ("typeof missing", "undefined"),
        ("typeof missing !== 'undefined' ? missing : 'default'", "default"),
        ("_.isEmpty({})", True),
        ("_.get({a: {b: [7]}}, 'a.b.0')", 7),
        ("_.chain([3, 1, 2]).sortBy().map(x => x * 2).value()", [2, 4, 6]),
        ("_.template('Hi <%= n %>')({n: 1})", "Hi 1"),
        ("moment(0).add(3, 'hours').toISOString()", "1970-01-01T03:00:00.000Z"),
        ("moment('31-12-2025', 'DD-MM-YYYY').set('hour', 11).toISOString()", "2025-12-31T11:00:00.000Z"),
        ("'😀'.length + '😀'", "2😀"),
        ("'a\\u0000b'", "a\0b"),
        ("'😀'.slice(0, 1) + '\\\\ud800'", "\ufffd\\ud800"),
        ("eval('a + 1')", 2),
        ("\\u0061 + 1", 2),
        ("Имя.Лист1", "лист"),
        ("$status + snake_case", 207),
        ("(function () { return this === globalThis })()", True),
        ("/(\\d+)/g.exec('a12')[1]", "12"),
        ("atob(btoa('x'))", "x"),
    ],
)
async def test_expressions(js: JavaScriptSandbox, source: str, expected: object) -> None:
    variables = {"a": 1, "b": "x", "Имя": {"Лист1": "лист"}, "$status": 200, "snake_case": 7}
    assert await value(js, source, **variables) == expected


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("err0r", "ReferenceError: err0r is not defined"),
        ("a.b.c", "TypeError: cannot read property 'c' of undefined"),
        ("a b", "SyntaxError"),
        ("return 1", "SyntaxError"),
        ("let x = 1", "SyntaxError"),
        ("1); (2", "SyntaxError"),
        ("1)}; var n = 1; return function () { return (n", "SyntaxError"),
        ("(() => { let s = 'x'; for (;;) s += s })()", "string too long"),
        ("1n", "BigInt"),
        ("{n: 10n ** 30n}", "BigInt"),
        ("(() => { let o = {}; o.o = o; return o })()", "circular"),
        ("(() => { throw 'plain text' })()", "plain text"),
        ("(() => { throw {message: 'an object'} })()", "an object"),
        ("(() => { throw {code: 7} })()", '{"code":7}'),
        ("(() => { throw null })()", "null"),
        ("(() => { throw undefined })()", "undefined"),
        ("(() => { class MyError extends Error { name = 'MyError' }; throw new MyError('x') })()", "MyError: x"),
        ("setTimeout(() => 1)", "setTimeout is not defined"),
        ("require('fs')", "require is not defined"),
        ("process", "process is not defined"),
        ("await 1", "SyntaxError"),
        ("Promise.resolve(1)", "Promise"),
        ("(async () => 1)()", "Promise"),
        ("import('os')", "Promise"),
    ],
)
async def test_failures_name_the_expression_and_the_problem(js: JavaScriptSandbox, source: str, problem: str) -> None:
    with pytest.raises(ScriptFailed) as failed:
        await js.evaluate([Expression("1"), Expression(source), Expression("2")], {"a": {}})
    assert source in failed.value.facts["source"]
    assert problem in str(failed.value)
    assert failed.value.text("ru")
    assert await value(js, "1 + 1") == 2


async def test_a_long_expression_is_shortened(js: JavaScriptSandbox) -> None:
    with pytest.raises(ScriptFailed, match="nope is not defined") as failed:
        await value(js, "nope +\n" + " + ".join(["1"] * 1000))
    assert len(str(failed.value)) < 250


async def test_each_expression_sees_what_the_ones_before_stored(js: JavaScriptSandbox) -> None:
    variables = {"data": {"kept": 1, "scalar": 5}, "list": [1, 2]}
    answers = await js.evaluate(
        [
            Expression("data.kept + 1", "sum"),
            Expression("{n: sum, at: 'x'}", "data.temp.inner"),
            Expression("typeof data.temp.inner.at"),
            Expression("true", "data.scalar.deep"),
            Expression("'two'", "list.1"),
            Expression("undefined", "nothing"),
            Expression("'x'", "__proto__.polluted"),
            Expression("[data, list, nothing, typeof ({}).polluted]"),
        ],
        variables,
    )
    inner = {"n": 2, "at": "x"}
    assert answers[:3] == [2, inner, "string"]
    assert answers[-1] == [
        {"kept": 1, "scalar": {"deep": True}, "temp": {"inner": inner}},
        [1, "two"],
        None,
        "undefined",
    ]
    assert variables == {"data": {"kept": 1, "scalar": 5}, "list": [1, 2]}


async def test_nothing_to_evaluate(js: JavaScriptSandbox) -> None:
    assert await js.evaluate([], {"a": 1}) == []


async def test_code_is_the_body_of_a_function_with_its_own_variables(js: JavaScriptSandbox) -> None:
    code = """
    // a name may be declared although a variable has it
    let values = {};
    for (i = 0; i < 3; i++) values['k' + i] = moment(0).add(i, 'days').format('DD.MM.YYYY');
    function size(o) { return _.size(o) }
    return { values, size: size(values), was: typeof other } // the end"""
    assert await js.run(code, {"values": 1}) == {
        "values": {"k0": "01.01.1970", "k1": "02.01.1970", "k2": "03.01.1970"},
        "size": 3,
        "was": "undefined",
    }
    assert await js.run("let a = 10;", {}) is None
    assert await js.run("", {}) is None
    assert await js.run("'use strict'; return this === undefined", {}) is True
    assert await value(js, "typeof i") == "undefined"


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("\n\nreturn nope", "line 3: ReferenceError: nope is not defined"),
        ("function f() {\n  throw new Error('inside')\n}\nreturn _.map([1], f)", "line 2: Error: inside"),
        ("let a = 1\nlet let = 2", "line 2: SyntaxError"),
        ("return 1\n}\nfunction g() {", "SyntaxError"),
        ("throw 'text'", "Code: text"),
        ("await 1", "SyntaxError"),
    ],
)
async def test_failed_code_names_the_line(js: JavaScriptSandbox, code: str, text: str) -> None:
    with pytest.raises(ScriptFailed) as failed:
        await js.run(code, {})
    assert text in str(failed.value)


async def test_variables_that_are_no_names_are_left_out(js: JavaScriptSandbox) -> None:
    variables = {"a-b": 1, "class": 2, "1x": 3, "": 4, "a b": 5, "ok": 6, "x){": 7, "arguments": 8}
    assert await value(js, "ok + eval('1') + 'class a-b 1x'", **variables) == "7class a-b 1x"
    assert await value(js, "{class: ok}", **variables) == {"class": 6}


async def test_big_and_deep_values_pass(js: JavaScriptSandbox) -> None:
    rows = [{"id": str(n), "values": {"1": "я" * 50}} for n in range(20_000)]
    assert await value(js, "_.map(rows, 'id').length", rows=rows) == 20_000
    assert await value(js, "rows", rows=rows) == rows
    deep: object = 1
    for _ in range(200):
        deep = [deep]
    assert await value(js, "deep", deep=deep) == deep


# ---- Limits


@pytest.mark.parametrize(
    "source",
    [
        "(() => { while (true) {} })()",
        "(() => { for (;;) try { while (true) {} } catch (e) {} finally { continue } })()",
        "/(a+)+$/.test('a'.repeat(60) + 'b')",
        "{toJSON() { for (;;); }}",
        "{get x() { for (;;); }}",
        "(() => { throw {get message() { for (;;); }} })()",
        "new Proxy({}, {ownKeys() { for (;;); }})",
        "(() => { Promise.resolve().then(() => { for (;;); }); return 1 })()",
        "[].lastIndexOf.call({length: 2 ** 50}, 1)",
        "(() => { const a = []; a.length = 2 ** 32 - 1; return a.reverse().length })()",  # never looks at the clock
        "Array.from({length: 2 ** 32 - 1}).length",
    ],
)
async def test_time_is_limited(strict: JavaScriptSandbox, source: str) -> None:
    with pytest.raises(ScriptFailed, match=r"script\.(time_s|memory_bytes)"):
        await value(strict, source)
    assert await value(strict, "1 + 1") == 2


async def test_the_time_limit_names_the_expression_that_was_cut_off(strict: JavaScriptSandbox) -> None:
    with pytest.raises(ScriptFailed, match=r"0\.3 s \(setting script\.time_s\)") as failed:
        await strict.evaluate([Expression("1"), Expression("(() => { for (;;); })()"), Expression("2")], {})
    assert failed.value.facts["source"] == "(() => { for (;;); })()"


@pytest.mark.parametrize(
    "source",
    [
        "(() => { let a = []; for (;;) a.push(new Array(1000).fill(1)) })()",
        "'x'.repeat(2 ** 29)",
        "Array(2 ** 32 - 1).fill(1).length",
        "new ArrayBuffer(2 ** 30)",
        "_.range(1e8)",
        "(() => { try { 'x'.repeat(2 ** 29) } catch (e) {} let a = []; for (;;) a.push({}) })()",
    ],
)
async def test_memory_is_limited(strict: JavaScriptSandbox, source: str) -> None:
    with pytest.raises(ScriptFailed, match=r"script\.(memory_bytes|time_s)"):
        await value(strict, source)
    assert await value(strict, "_.size('ok')") == 2


@pytest.mark.parametrize(
    "source",
    [
        "(function f() { return f() + 1 })()",
        "(() => { let a = []; for (let i = 0; i < 1e5; i++) a = [a]; return a })()",
        "{toJSON() { return JSON.stringify(this) }}",
        "(() => { const p = new Proxy({}, {get(t, k) { return p[k] }}); return p.x })()",
    ],
)
async def test_the_stack_is_limited(js: JavaScriptSandbox, source: str) -> None:
    with pytest.raises(ScriptFailed, match="too deeply"):
        await value(js, source)
    assert await value(js, "1 + 1") == 2


async def test_arguments_larger_than_the_memory(strict: JavaScriptSandbox) -> None:
    with pytest.raises(ScriptFailed, match=r"script\.memory_bytes"):
        await value(strict, "big.length", big="x" * 30_000_000)
    assert await value(strict, "big.length", big="x" * 1_000_000) == 1_000_000


# ---- Isolation

POLLUTION = [
    "Object.prototype.x = 1",
    "({}).__proto__.x = 1",
    "({}).constructor.prototype.x = 1",
    "({}).constructor.constructor('Object.prototype.x = 1; globalThis.x = 1')()",
    "[].__proto__.x = Object.prototype.x = 1",
    "Array.prototype.push = function () { return 'hijacked' }",
    "Object.defineProperty(Array.prototype, 'push', {value: () => 'hijacked'})",
    "Object.setPrototypeOf(Array.prototype, {x: 1})",
    "JSON.stringify = () => '\"hijacked\"'",
    "JSON.parse = () => ({hijacked: 1})",
    "Object.prototype.toJSON = () => 'hijacked'",
    "String.prototype.toJSON = Number.prototype.toJSON = Array.prototype.toJSON = () => 'hijacked'",
    "Function.prototype.call = Function.prototype.apply = () => 'hijacked'",
    "Map.prototype.get = () => 'hijacked'",
    "Promise = function () {}",
    "Date.now = () => 0; Math.max = () => 'hijacked'",
    "(function* () {})().constructor.prototype.next = () => 'hijacked'",
    "[][Symbol.iterator]().__proto__.next = () => ({done: true})",
    "RegExp.prototype.exec = () => null",
    "_.chunk = () => 'hijacked'",
    "_.prototype.map = _.chain([]).__proto__.map = () => 'hijacked'",
    "_.mixin({chunk: () => 'hijacked'})",
    "_.templateSettings.interpolate = /{{(.+?)}}/g",
    "_.templateSettings.imports._ = null",
    "_.memoize.Cache = null",
    "_.mergeWith({a: {}}, {a: {}}, function (a, b, c, d, e, stack) { stack.__proto__.get = () => 'hijacked' })",
    "_ = moment = null",
    "globalThis._ = globalThis.moment = undefined",
    "moment.fn.toISOString = () => 'hijacked'",
    "moment.locale('xx'); moment.defineLocale('ru', {months: []}); moment.locale('ru')",
    "moment.localeData()._months = []; moment.updateLocale('en', {months: ['x']})",
    "moment.relativeTimeThreshold('s', 1); moment.updateOffset = () => { throw 1 }; moment.now = () => 0",
    "x = y = z = 1; globalThis[Symbol.for('x')] = 1",
    "(0, eval)('var x = 1; function y() {}')",
    "new Function('}); x = 1; (function () {')",
    "Object.defineProperty(globalThis, 'x', {value: 1})",
    "Object.defineProperty(globalThis, 'undefined_', {get() { throw 1 }, configurable: false})",
    "Object.setPrototypeOf(globalThis, {x: 1})",
    "Object.preventExtensions(globalThis)",
    "Object.freeze(globalThis)",
    "delete globalThis.Array; Array = null; globalThis.Object = null",
    "undefined = 1; NaN = 1; Infinity = 1",
    "Symbol.iterator.description; Symbol.prototype.x = 1; Error.prototype.x = 1",
    "Error.prepareStackTrace = () => { throw 1 }; Error.stackTraceLimit = 0",
    "Promise.resolve().then(() => { globalThis.x = 1; globalThis.later = 1 })",
    "(async () => { await 1; globalThis.x = 1 })()",
    "(0, eval)('arguments'.slice(0, 0) + 'this.x = 1')",
    "toString = 5; constructor = 6; __proto__ = {x: 1}; hasOwnProperty = 7",
    "_.templateSettings.interpolate.compile('zzz(x)', 'g')",
    "_.templateSettings.interpolate.lastIndex = 5; /a/.constructor.prototype.compile.call(_.templateSettings.escape, 'b')",
    "_.placeholder = 1; _.bind.placeholder = 2; delete _.map; Object.setPrototypeOf(_, null); Object.freeze(_)",
    "_.map.x = 1; _.chain.prototype = null; _.VERSION = 0",
    "moment.locale('ru')",
    "moment.x = moment.utc.x = 1; delete moment.utc; Object.defineProperty(moment, 'x', {value: 1}); moment.prototype.x = 1",
    "moment.duration.fn.humanize = () => 'hijacked'; moment.HTML5_FMT.DATE = 'x'; moment.momentProperties.push('x')",
    "moment()['__pro' + 'to__'].format = () => 'hijacked'",
    "moment()['local' + 'eData']()['_months'][0] = 'x'; moment()['_loc' + 'ale'].ordinal = () => 'x'",
    "moment.locale('xx', {months: ['x']}); moment.locale('en', {months: ['x']}); moment.lang('ru')",
    "moment.relativeTimeRounding(() => 0); moment.suppressDeprecationWarnings = true; moment.defaultFormat = 'x'",
    "for (let i = 0; i < 3000; i++) moment(0).format('x'.repeat(i))",
    "Intl.NumberFormat = null; Intl.x = 1; Intl = null",
    "Intl.NumberFormat.prototype.format = () => 'hijacked'; Intl.DateTimeFormat.prototype.formatToParts = null",
    "Object.getPrototypeOf(new Intl.Collator()).resolvedOptions = () => 'hijacked'; Intl.Collator.supportedLocalesOf.x = 1",
    "new Intl.NumberFormat('ru').formatToParts(1)[0].value = 'x'; new Intl.PluralRules('ru').resolvedOptions().pluralCategories.length = 0",
    "Number.prototype.toLocaleString = Date.prototype.toLocaleString = String.prototype.localeCompare = () => 'hijacked'",
    "crypto.createHash = null; crypto.x = 1; crypto = null; Buffer.from = () => 'hijacked'; Buffer.poolSize = 1; Buffer.x = 1",
    "crypto.createHash('md5').constructor.prototype.update = () => 'hijacked'; Buffer.prototype.toString = () => 'hijacked'",
    "Date.prototype.toJSON = () => 'hijacked'; Date.parse = () => 0; Date = null",
]

PROBE = """
const b = [1, 2]; b.push(3);
const seen = {
    x: typeof x + typeof y + typeof z + typeof ({}).x + typeof later + typeof undefined_,
    pushed: b.length, json: JSON.stringify({a: [1, 'b']}), parsed: JSON.parse('{"a":1}').a,
    chunk: _.chunk([1, 2, 3], 2), chain: _.chain([1]).map(n => n + 1).value(), wrapped: _([1]).map(String).value(),
    template: _.template('<%= a %>{{a}}')({a: 1}), merged: _.mergeWith({a: {}}, {a: {b: 1}}, () => undefined),
    id: _.uniqueId('n'), memo: _.memoize(n => n)(4),
    date: moment(0).toISOString(), long: moment(0).format('MMMM LL'), locale: moment.locale(), ago: moment(0).from(moment(60000)),
    now: Date.now() > 1e12 && moment().year() > 2000, max: Math.max(1, 2), match: 'a1'.match(/\\d/)[0],
    spread: [...[1, 2], ...new Set([3])], gen: [...(function* () { yield 1 })()],
    ru: moment(0).locale('ru').format('LL'), number: (1234.5).toLocaleString('ru'), day: new Date(0).toLocaleDateString(),
    parts: new Intl.NumberFormat('ru').formatToParts(1), plurals: new Intl.PluralRules('ru').resolvedOptions().pluralCategories,
    order: ['b', 'a'].sort(new Intl.Collator('ru').compare), md5: crypto.createHash('md5').update('a').digest('hex'),
    buffer: Buffer.from('a').toString('base64'), instant: JSON.stringify(new Date(0)) + Date.parse('1970-01-02'),
    properties: typeof moment.x + typeof _.map.x,
    names: Object.getOwnPropertyNames(globalThis).length, symbols: Object.getOwnPropertySymbols(globalThis).length,
    nan: [String(undefined), String(NaN)], text: String({}), own: ({}).hasOwnProperty('x'), array: Array.isArray([]),
};
undeclared = 1;
return seen;
"""


async def test_a_run_leaves_nothing_for_the_next(js: JavaScriptSandbox) -> None:
    untouched = await js.run(PROBE, {})
    assert untouched["x"] == "undefined" * 6
    assert untouched["id"] == "n1"
    for pollution in POLLUTION:
        for source in (f"{pollution}; return 1", f"'use strict'; {pollution}; return 1"):
            with suppress(ScriptFailed):
                await js.run(source, {})
            assert await js.run(PROBE, {}) == untouched, source


async def test_user_code_may_override_what_it_inherits(js: JavaScriptSandbox) -> None:
    code = """
    'use strict';
    const o = {}; o.toString = () => 'own'; o.constructor = 1;
    function F() {} F.prototype.toString = () => 'f'; F.prototype.constructor = F; F.toString = () => 'F'; F.call = 3;
    const e = new Error('a'); e.message = 'b'; e.name = 'Mine';
    const a = []; a.push = () => 'mine';
    class L extends Array { push(x) { return super.push(x) + 10 } }
    const d = new Date(0); d.toJSON = () => 'date';
    const kept = Object.assign({}, {toString: 1, valueOf: 2});
    return [String(o), String(new F()), String(F), F.call, String(e), a.push(), new L().push(1), d, kept, Object.keys(o)]"""
    assert await js.run(code, {}) == [
        "own", "f", "F", 3, "Mine: b", "mine", 11, "date", {"toString": 1, "valueOf": 2}, ["toString", "constructor"],
    ]  # fmt: skip


async def test_lodash_settings_hold_within_a_run(js: JavaScriptSandbox) -> None:
    code = "_.templateSettings.interpolate = /{{([\\s\\S]+?)}}/g; return _.template('{{a}}')({a: 1})"
    assert await js.run(code, {}) == "1"
    assert await js.run("_.mixin({twice: n => n * 2}); return _.twice(2)", {}) == 4


async def test_a_compiled_function_keeps_no_state(js: JavaScriptSandbox) -> None:
    for source in [
        "arguments.callee.n = (arguments.callee.n || 0) + 1; return arguments.callee.n",
        "const r = /a/g; r.n = (r.n || 0) + 1; r.test('aa'); return r.n",
        "const t = (s => s)`a`; try { t.n = (t.n || 0) + 1 } catch (e) {} return t.n === undefined ? 1 : t.n",
        "globalThis.n = (globalThis.n || 0) + 1; return n",
        "class A { static n = 0 } return ++A.n",
        "const m = moment; m.n = (m.n || 0) + 1; return m.n",
    ]:
        assert [await js.run(source, {}) for _ in range(3)] == [1, 1, 1], source
    escape = "return 1}}, globalThis.keep = [], (() => { let n = 0; return function () { return ++n"
    for _ in range(2):
        with pytest.raises(ScriptFailed, match="SyntaxError"):
            await js.run(escape, {})


CRAWL = """
const define = Object.defineProperty;
const changes = {
    'a property': o => { if (!Reflect.set(o, 'left', 1)) throw 0 },
    'a defined property': o => define(o, 'left', {value: 1}),
    'its prototype': o => { const p = Object['getProto' + 'typeOf'](o); Object['setProto' + 'typeOf'](o, p === null ? {} : null) },
    'an item': o => Array.prototype.push.call(o, 1),
    'a pattern': o => o.compile('left'),
    lastIndex: o => { RegExp.prototype.exec.call(o, ''); const at = o.lastIndex; o.lastIndex = at + 1; if (o.lastIndex === at) throw 0 },
    date: o => Date.prototype.setTime.call(o, 1),
    year: o => Date.prototype.setFullYear.call(o, 1),
    map: o => Map.prototype.set.call(o, 'left', 1),
    set: o => Set.prototype.add.call(o, 'left'),
    'weak map': o => WeakMap.prototype.set.call(o, {}, 1),
    'weak set': o => WeakSet.prototype.add.call(o, {}),
    bytes: o => Object['getProto' + 'typeOf'](Int8Array.prototype).fill.call(o, 1),
    view: o => DataView.prototype.setInt8.call(o, 0, 1),
    buffer: o => ArrayBuffer.prototype.transfer.call(o),
    promise: o => Promise.prototype.then.call(o, () => 1),
    stack: o => DisposableStack.prototype.defer.call(o, () => 1),
    ...Object.fromEntries([[].values(), new Map().keys(), new Set().keys(), ''[Symbol.iterator](), 'a'.matchAll(/a/g), (function* () {})(),
        [].values().map(String), Iterator.from({next() {}})].map((made, n) => ['step of iterator ' + n,
        o => { const next = made.next; if (typeof o === 'function' || o === made) throw 0; next.call(o) }])),
};
const walked = new Set([globalThis, _, moment]), thawed = [], changed = [];
while (walk.length) {
    const [o, path] = walk.pop();
    if (o === null || !['object', 'function'].includes(typeof o) || walked.has(o)) continue;
    walked.add(o);
    if (!fresh.has(o)) {
        if (!Object.isFrozen(o)) thawed.push(path);
        for (const [name, change] of Object.entries(changes)) {
            let is = false;
            try { change(o); is = true } catch (e) {}
            if (is) changed.push(path + ': ' + name);
        }
    }
    walk.push([Object['getProto' + 'typeOf'](o), path + '.^']);
    for (const k of Reflect.ownKeys(o)) {
        const d = Object.getOwnPropertyDescriptor(o, k);
        walk.push([d.value, path + '.' + String(k)], [d.get, path + '.get ' + String(k)], [d.set, path + '.set ' + String(k)]);
    }
}
return {thawed, changed, walked: walked.size > 1000};"""
"""Everything that can be reached from ``walk``, but for what is ``fresh``, is frozen, and none of the changes of any kind succeeds."""
NOTHING = {"thawed": [], "changed": [], "walked": True}


async def test_everything_that_outlives_a_run_is_frozen(js: JavaScriptSandbox) -> None:
    built_ins = """
    const made = [(function* () {})(), (async function* () {})(), async () => {}, [].values(), new Map().keys(), 'a'.matchAll(/a/g),
        [].values().map(String), Iterator.from({next() {}}), crypto.createHash('md5'), new Intl.Collator(), new Intl.NumberFormat().format];
    const walk = made.map((o, i) => [o, 'made ' + i]);
    for (const k of Reflect.ownKeys(Buffer)) if (typeof Buffer[k] !== 'function') walk.push([Buffer[k], 'Buffer']);
    const fresh = new Set([...made, ...made.slice(0, 2).map(o => Object['getProto' + 'typeOf'](o))]);
    for (const n of Object.getOwnPropertyNames(globalThis))
        if (!['_', 'moment', 'globalThis'].includes(n)) walk.push([globalThis[n], n]);"""
    assert await js.run(built_ins + CRAWL, {}) == NOTHING
    libraries = """
    const fresh = new Set();
    const proto = Object['getProto' + 'typeOf'];
    const inner = ['ru', 'en', 'kk'].map(name => moment().locale(name)['_loc' + 'ale']);
    const made = [moment(), moment.utc(), moment.duration(1), _([1]), _.chain([1]), _([1]).map(String), _([1]).map(String).__wrapped__];
    const walk = [...inner, ...made.map(o => proto(o))].map((o, i) => [o, 'object ' + i]);"""
    assert await js.run(libraries + CRAWL, {}) == NOTHING


async def test_the_crawl_finds_what_can_be_changed(js: JavaScriptSandbox) -> None:
    """Objects of every kind with a state inside, frozen as those of the sandbox are."""
    planted = """
    const kinds = [/a/g, new Date(0), new Map(), new Set(), new WeakMap(), new WeakSet(), new DataView(new ArrayBuffer(8)),
        new ArrayBuffer(8), new Promise(() => 1), [].values(), new Map().keys(), (function* () {})(), 'a'.matchAll(/a/g)];
    const fresh = new Set();
    const walk = kinds.map((o, n) => [Object.freeze(o), 'kind ' + n]);"""
    found = await js.run(planted + CRAWL, {})
    missed = [n for n in range(1, 13) if not any(text.startswith(f"kind {n}:") for text in found["changed"])]
    assert missed == []


GIVEN = [
    "moment.months()", "moment.weekdays()", "moment.locales()", "moment(0).toArray()", "moment(0).toObject()",
    "moment.duration(5)", "_.toPath('a.b.c')", "_.words('a b')", "_.template('<%= a %>')({a: 1})", "_.uniqueId('id')", "_.VERSION",
    "_.range(3)", "_.memoize(x => [x])(1)", "_.map([1], _.property('a'))", "crypto.getHashes()", "crypto.createHash('md5').digest()",
    "Intl.getCanonicalLocales('ru')", "new Intl.DateTimeFormat('ru').formatToParts(0)", "new Intl.DateTimeFormat('ru').resolvedOptions()",
    "new Intl.NumberFormat('ru').formatToParts(1234.5)", "new Intl.NumberFormat('ru').resolvedOptions()",
    "new Intl.PluralRules('ru').resolvedOptions()", "new Intl.RelativeTimeFormat('ru').formatToParts(1, 'day')",
    "new Intl.ListFormat('ru').formatToParts(['a', 'b'])", "new Intl.Collator('ru').resolvedOptions()",
    "Intl.NumberFormat.supportedLocalesOf(['ru'])", "Buffer.from('abc')", "String(_.template('a'))", "(x => x)`a${1}b`.raw",
    "Object.getOwnPropertyNames(globalThis)", "[typeof RegExp.$1, RegExp.lastMatch]", "new Error('x').stack",
]  # fmt: skip
"""What the built-in objects and the libraries give, which they may keep for the next time."""


async def test_what_is_given_to_a_run_is_its_own(js: JavaScriptSandbox) -> None:
    spoil = """
    const seen = new Set();
    (function spoil(o) {
        if (o === null || typeof o !== 'object' || seen.has(o)) return;
        seen.add(o);
        for (const k of Reflect.ownKeys(o)) { spoil(o[k]); try { o[k] = 'left' } catch (e) {} }
        try { o.left = 1 } catch (e) {}
        if (Array.isArray(o)) try { o.push('left') } catch (e) {}
    })(given); return 1"""
    for source in GIVEN:
        text = f"return JSON.stringify({source})"
        before = await js.run(text, {})
        for _ in range(2):
            assert await js.run(f"const given = {source};{spoil}", {}) == 1
        assert await js.run(text, {}) == before, source


@pytest.mark.parametrize(
    ("thrown", "told"),
    [
        ("undefined", "undefined"),
        ("5", "5"),
        ("-0", "0"),
        ("NaN", "NaN"),
        ("true", "true"),
        ("''", '""'),
        ("'text'", "text"),
        ("10n", "10"),
        ("Symbol('s')", "Symbol(s)"),
        ("[1, [2]]", "[1,[2]]"),
        ("{code: 3, message: null}", '{"code":3,"message":null}'),
        ("{message: 'of its own'}", "of its own"),
        ("{toString: () => 'as text'}", "as text"),
        ("new Date(0)", '"1970-01-01T00:00:00.000Z"'),
        ("new Error()", "Error"),
        ("new Error('plain')", "Error: plain"),
        ("Object.assign(new Error('x'), {name: 'Named'})", "Named: x"),
        ("new (class extends TypeError { get message() { return 'got' } })()", "TypeError: got"),
        ("new Proxy(new Error('behind'), {})", "behind"),
        ("new Proxy({a: 1}, {})", '{"a":1}'),
        ("(o => o.o = o)({})", "[object Object]"),
        ("{get message() { throw 1 }}", "an error that cannot be shown"),
        ("new Proxy({}, {get() { throw null }})", "an error that cannot be shown"),
        (
            "new Proxy(new Error(), {get() { throw null }, getPrototypeOf() { throw 1 }})",
            "an error that cannot be shown",
        ),
        ("'x'.repeat(1e6)", "x" * 1000),
    ],
)
async def test_whatever_is_thrown_is_told(js: JavaScriptSandbox, thrown: str, told: str) -> None:
    with pytest.raises(ScriptFailed) as failed:
        await js.run(f"throw {thrown}", {})
    assert str(failed.value).partition(": ")[2] == told


@pytest.mark.parametrize("source", ["throw null", "(() => { throw null })()", "return Function('throw null')()"])
async def test_null_is_thrown_by_code_or_for_want_of_memory(js: JavaScriptSandbox, source: str) -> None:
    with pytest.raises(ScriptFailed, match=r"threw null, or needed more than .*script\.memory_bytes"):
        await js.run(source, {})


async def test_the_inside_of_the_sandbox_is_out_of_reach(js: JavaScriptSandbox) -> None:
    code = """
    const seen = [];
    Error.prepareStackTrace = (error, frames) => { seen.push(...frames); return '' };
    new Error().stack;
    (function f() { seen.push(f.caller, arguments.callee.caller, f.arguments) })();
    return { seen, gone: typeof WeakRef + typeof FinalizationRegistry + typeof Atomics + typeof /a/.compile }"""
    assert await js.run(code, {}) == {"seen": [None, None, None], "gone": "undefined" * 4}


async def test_hostile_results(js: JavaScriptSandbox) -> None:
    for source in [
        "{get x() { throw new Error('getter') }}",
        "{toJSON() { throw new Error('toJSON') }}",
        "new Proxy({}, {ownKeys() { throw new Error('trap') }})",
        "new Proxy({}, {getPrototypeOf() { throw new Error('trap') }})",
        "(() => { throw new Proxy({}, {get() { throw new Error('trap') }}) })()",
        "(() => { throw {toString: null, toJSON: null, get message() { throw 1 }} })()",
        "(() => { const e = new Error(); Object.defineProperty(e, 'name', {get() { throw e }}); throw e })()",
        "(() => { throw Symbol('s') })()",
        "(() => { const e = new Error('m'); e.stack = {}; throw e })()",
        "(() => { throw Object.create(null) })()",
        "(() => { throw undefined })()",
    ]:
        with pytest.raises(ScriptFailed):
            await value(js, source)
    assert await value(js, "{kind: 'time', values: 1, failure: {}, soiled: true}") == {
        "kind": "time",
        "values": 1,
        "failure": {},
        "soiled": True,
    }
    assert await value(js, '{toJSON: () => \'"],"failure":{}\'}') == '"],"failure":{}'
    assert await value(js, '"\\u2028</script>"') == "\u2028</script>"
    assert await value(js, 'JSON.parse(\'{"__proto__": {"x": 1}}\')') == {"__proto__": {"x": 1}}


async def test_runs_do_not_see_the_variables_of_others(js: JavaScriptSandbox) -> None:
    async def one(number: int) -> None:
        own = {f"v{number}": number, "same": number}
        others = " + ".join(f"typeof v{other}" for other in range(16) if other != number)
        answers = await js.evaluate([Expression(f"[same, v{number}]"), Expression(others)], own)
        assert answers == [[number, number], "undefined" * 15]

    await asyncio.gather(*(one(number) for number in range(16) for _ in range(5)))


# ---- The process


async def test_a_dead_child_fails_only_the_run_under_way() -> None:
    async with started(time_s=30) as js:
        await value(js, "1")
        endless = asyncio.create_task(value(js, "(() => { for (;;); })()"))
        waiting = [asyncio.create_task(value(js, "1 + n", n=n)) for n in range(3)]
        await asyncio.sleep(0.05)
        (child,) = child_pids()
        os.kill(child, signal.SIGKILL)
        with pytest.raises(ScriptFailed, match="engine ended"):
            await endless
        assert await asyncio.gather(*waiting) == [1, 2, 3]
        assert child_pids() != [child]


async def test_an_idle_child_that_died_is_replaced(js: JavaScriptSandbox) -> None:
    await value(js, "1")
    (child,) = child_pids()
    os.kill(child, signal.SIGKILL)
    for _ in range(20):  # the event loop learns of it
        await asyncio.sleep(0.01)
    assert await value(js, "1 + 1") == 2


async def test_a_cancelled_run_does_not_disturb_the_others(js: JavaScriptSandbox) -> None:
    slow = asyncio.create_task(value(js, "_.range(1e5).length"))
    await asyncio.sleep(0)
    slow.cancel()
    assert await value(js, "2") == 2
    with pytest.raises(asyncio.CancelledError):
        await slow


async def test_the_child_has_a_clean_environment_and_ignores_ctrl_c(
    js: JavaScriptSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OBMEN_SECRET_KEY", "secret")
    await value(js, "1 + 0")
    (child,) = child_pids()
    assert set(psutil.Process(child).environ()) <= {"TZ", "LD_LIBRARY_PATH", "LC_CTYPE"}
    os.kill(child, signal.SIGINT)
    assert await value(js, "1 + 1") == 2
    assert child_pids() == [child]


async def test_closing_ends_the_children_and_what_runs() -> None:
    sandbox = JavaScriptSandbox(Script(workers=2))
    await sandbox.start()
    running = [asyncio.create_task(value(sandbox, "(() => { for (;;); })()")) for _ in range(3)]
    await asyncio.sleep(0.1)
    assert len(child_pids()) == 2
    await sandbox.close()
    assert child_pids() == []
    for task in running:
        with pytest.raises((Unavailable, ScriptFailed)):
            await task
    with pytest.raises(Unavailable):
        await value(sandbox, "1")


async def test_children_end_with_a_killed_parent() -> None:
    program = (
        "import asyncio, sys\n"
        "from obmen.clients.javascript import JavaScriptSandbox\n"
        "from obmen.ports import Expression\n"
        "from obmen.settings import Script\n"
        "async def main():\n"
        "    js = JavaScriptSandbox(Script(workers=2, time_s=0.5))\n"
        "    await js.start()\n"
        "    await js.evaluate([Expression('1')], {})\n"
        "    print('ready', flush=True)\n"
        "    await js.evaluate([Expression('[].reverse.call(Array(2 ** 32 - 1))')], {})\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    assert parent.stdout is not None
    assert await parent.stdout.readline() == b"ready\n"
    children = psutil.Process(parent.pid).children()
    assert len(children) == 2
    parent.kill()
    await parent.wait()
    _, alive = await asyncio.to_thread(psutil.wait_procs, children, 10)
    assert alive == []


@pytest.mark.parametrize("timezone", ["Mars/Olympus", "../../etc/passwd", "", "/etc/localtime"])
async def test_an_unknown_time_zone_is_refused(timezone: str) -> None:
    with pytest.raises(SetupError, match=r"script\.timezone"):
        await JavaScriptSandbox(Script(timezone=timezone)).start()


async def test_missing_libraries_are_named(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"lodash\.min\.js"):
        await JavaScriptSandbox(Script(), vendor=tmp_path).start()
