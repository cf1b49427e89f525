"""``crypto`` and ``Buffer`` of the sandbox, compared with Python's own."""

import base64
import hashlib
import hmac
import re
import uuid
from collections.abc import AsyncIterator

import pytest
from script_sandboxes import started, value

from obmen.clients.javascript import JavaScriptSandbox
from obmen.errors import ScriptFailed

TEXTS = ["", "abc", "Привет, мир! 😀", "x" * 1000, "\0\x7f\u2028"]


@pytest.fixture
async def js() -> AsyncIterator[JavaScriptSandbox]:
    async with started() as sandbox:
        yield sandbox


@pytest.mark.parametrize("name", ["md5", "sha1", "sha224", "sha256", "sha384", "sha512", "ripemd160"])
async def test_digests_and_hmac(js: JavaScriptSandbox, name: str) -> None:
    code = """
    return texts.map(text => [
        crypto.createHash(name).update(text).digest('hex'),
        crypto.createHash(name.toUpperCase()).update(Buffer.from(text)).digest('base64'),
        crypto.createHmac(name, key).update(text.slice(0, 2), 'utf8').update(text.slice(2)).digest('base64url'),
    ])"""
    texts = [text for text in TEXTS if "😀" not in text[:2]]
    for key in ["", "secret", "ключ" * 50]:
        found = await js.run(code, {"texts": texts, "name": name, "key": key})
        for text, answers in zip(texts, found, strict=True):
            digest = hashlib.new(name, text.encode())
            signed = hmac.new(key.encode(), text.encode(), name).digest()
            assert answers == [
                digest.hexdigest(),
                base64.b64encode(digest.digest()).decode(),
                base64.urlsafe_b64encode(signed).decode().rstrip("="),
            ]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("crypto.createHash('md5').update('616263', 'hex').digest('hex')", hashlib.md5(b"abc").hexdigest()),
        ("crypto.createHash('md5').update('YWJj', 'base64').digest('hex')", hashlib.md5(b"abc").hexdigest()),
        ("crypto.createHash('md5').update('\\xff', 'latin1').digest('hex')", hashlib.md5(b"\xff").hexdigest()),
        ("crypto.createHash('md5').update(new Uint16Array([0x6261])).digest('hex')", hashlib.md5(b"ab").hexdigest()),
        ("crypto.createHash('md5').update(new Uint8Array([1, 2]).buffer).digest('hex')", hashlib.md5(b"\1\2").hexdigest()),
        ("crypto.createHash('SHA-256').update('a').digest().toString('hex')", hashlib.sha256(b"a").hexdigest()),
        ("(() => { const h = crypto.createHash('md5').update('a'); h.copy().update('b'); return h.digest('hex') })()",
         hashlib.md5(b"a").hexdigest()),
        ("Buffer.isBuffer(crypto.createHash('md5').digest())", True),
        ("crypto.createHash('md5').digest('latin1').length", 16),
        ("[crypto.timingSafeEqual(Buffer.from('a'), Buffer.from('a')), crypto.timingSafeEqual(Buffer.from('a'), Buffer.from('b'))]",
         [True, False]),
        ("crypto.getHashes().includes('sha256')", True),
        ("crypto.randomBytes(0).length + crypto.randomBytes(100).length", 100),
        ("crypto.getRandomValues(new Uint32Array(4)).length", 4),
        ("_.uniq(_.times(50, () => crypto.randomInt(3))).sort()", [0, 1, 2]),
        ("_.every(_.times(50, () => crypto.randomInt(-5, -2)), n => n >= -5 && n < -2)", True),
        ("Buffer.from('Привет').toString('base64')", base64.b64encode("Привет".encode()).decode()),
        ("Buffer.from('0J_RgA', 'base64url').toString() + Buffer.from('0J/RgA==', 'base64').toString()", "ПрПр"),
        ("Buffer.from([255, 254]).toString('base64url')", "__4"),
        ("Buffer.concat([Buffer.from('a'), Buffer.alloc(2, 'b')]).toString()", "abb"),
        ("[Buffer.byteLength('ё'), Buffer.from('ё').length, Buffer.from('ff', 'hex')[0], Buffer.from('\\xe9', 'latin1')[0]]",
         [2, 2, 255, 233]),
        ("[Buffer.from('a') instanceof Uint8Array, Buffer.isBuffer(new Uint8Array()), _.isBuffer(Buffer.from('a'))]",
         [True, False, False]),
        ("Buffer.from('ab')", {"type": "Buffer", "data": [97, 98]}),
        ("Buffer.from('abc').slice(1).equals(Buffer.from('bc'))", True),
        ("(b => { b.write('x', 1); return b.readUInt16BE(0) })(Buffer.from('ab'))", 0x6178),
        ("(crypto => crypto)(5)", 5),
        ("typeof require", "undefined"),
    ],
)  # fmt: skip
async def test_as_in_node(js: JavaScriptSandbox, source: str, expected: object) -> None:
    assert await value(js, source) == expected


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("crypto.createHash('whirlpool')", "digest 'whirlpool' is not available; available: md5"),
        ("crypto.createHash('constructor')", "digest 'constructor' is not available"),
        ("crypto.createHash('md5').update(5)", 'TypeError: the "data" is a text'),
        ("crypto.createHash('md5').update(null)", 'TypeError: the "data" is a text'),
        ("crypto.createHash('md5').update('a', 'utf9')", "Unknown encoding"),
        ("crypto.createHmac('md5')", 'TypeError: the "key" is a text'),
        ("(h => [h.digest(), h.digest()])(crypto.createHash('md5'))", "Digest already called"),
        ("(h => [h.digest(), h.update('')])(crypto.createHash('md5'))", "Digest already called"),
        ("crypto.timingSafeEqual(Buffer.from('a'), Buffer.from('ab'))", "same byte length"),
        ("crypto.timingSafeEqual('a', 'a')", "TypeError"),
        ("crypto.randomBytes(-1)", 'RangeError: "size"'),
        ("crypto.randomBytes(2 ** 30)", 'RangeError: "size"'),
        ("crypto.randomBytes(8, () => 1)", "no callback"),
        ("crypto.randomInt(0)", "RangeError"),
        ("crypto.createCipheriv('aes', '', '')", "not a function"),
    ],
)
async def test_what_is_not_there_is_refused(js: JavaScriptSandbox, source: str, problem: str) -> None:
    with pytest.raises(ScriptFailed) as failed:
        await value(js, source)
    assert problem in str(failed.value)


async def test_random_bytes_differ_within_a_run_and_between_runs(js: JavaScriptSandbox) -> None:
    source = (
        "return [..._.times(2, () => crypto.randomBytes(16).toString('hex')), ..._.times(2, () => crypto.randomUUID())]"
    )
    found = [text for _ in range(5) for text in await js.run(source, {})]
    assert len(set(found)) == len(found)
    for text in found:
        if "-" in text:
            assert uuid.UUID(text).version == 4
        else:
            assert re.fullmatch("[0-9a-f]{32}", text)


async def test_random_bytes_are_evenly_spread(js: JavaScriptSandbox) -> None:
    data = bytes(await js.run("return [...crypto.randomBytes(20000)]", {}))
    assert 9.9 < sum(byte.bit_count() for byte in data) * 20 / len(data) / 8 < 10.1
    assert len(set(data)) == 256


async def test_a_digest_is_limited_in_time() -> None:
    async with started(time_s=0.3, memory_bytes=268_435_456) as js:
        with pytest.raises(ScriptFailed, match=r"script\.time_s"):
            await value(js, "crypto.createHash('sha512').update('x'.repeat(4e6)).digest('hex')")
        assert (
            await value(js, "crypto.createHash('sha1').update('abc').digest('hex')") == hashlib.sha1(b"abc").hexdigest()
        )
