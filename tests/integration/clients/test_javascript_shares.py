"""What one share does to the sandboxes, the others do not notice: shares take turns, and slow ones leave a sandbox free."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from script_sandboxes import started

from obmen.clients.javascript import JavaScriptSandbox
from obmen.errors import ScriptFailed
from obmen.ports import Expression, JavaScript

ENDLESS = "while (true) {}"
OF_OTHERS = 20


@pytest.fixture
async def two() -> AsyncIterator[JavaScriptSandbox]:
    async with started(workers=2, time_s=30) as sandbox:
        yield sandbox


async def one(javascript: JavaScript, number: int) -> int:
    (found,) = await javascript.evaluate([Expression("(number + 1)")], {"number": number})
    return int(found)


async def all_of(javascript: JavaScript) -> None:
    """A few requests one after the other, which all come before a single endless one has ended."""
    async with asyncio.timeout(25):
        assert [await one(javascript, number) for number in range(OF_OTHERS)] == list(range(1, OF_OTHERS + 1))


async def cancelled(tasks: list["asyncio.Task[object]"]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@pytest.mark.parametrize("endless", [2, 8, 24])
async def test_endless_code_of_one_share_stops_no_other(two: JavaScriptSandbox, endless: int) -> None:
    hostile = [asyncio.create_task(two.share("hostile").run(ENDLESS, {})) for _ in range(endless)]
    await asyncio.sleep(0)
    await all_of(two.share("sound"))
    assert not any(task.done() for task in hostile)
    await cancelled(hostile)


async def test_code_that_is_slow_otherwise(two: JavaScriptSandbox) -> None:
    """Steps that never look at the clock, and code that is slow after it was fast."""
    sources = ["[].reverse.call(Array(2 ** 32 - 1))", "if (turn) while (true) {}; return 1"]
    assert await two.share("late").run(sources[1], {"turn": 0}) == 1
    hostile = [
        asyncio.create_task(two.share("stuck" if n % 2 else "late").run(sources[n % 2 - 1], {"turn": 1}))
        for n in range(8)
    ]
    await asyncio.sleep(0)
    await all_of(two.share("sound"))
    await cancelled(hostile)


async def test_several_hostile_shares_take_all_sandboxes_but_one(two: JavaScriptSandbox) -> None:
    hostile = [asyncio.create_task(two.share(f"hostile {n % 5}").run(ENDLESS, {})) for n in range(20)]
    await asyncio.sleep(0)
    await all_of(two.share("sound"))
    await cancelled(hostile)


async def test_slow_code_that_had_to_make_way_comes_to_its_end(two: JavaScriptSandbox) -> None:
    slow = "const end = Date.now() + 800; while (Date.now() < end) {} return 'done'"
    asked = [asyncio.create_task(two.share("slow").run(slow, {})) for _ in range(4)]
    await asyncio.sleep(0)
    await all_of(two.share("sound"))
    assert await asyncio.gather(*asked) == ["done"] * 4


async def test_the_time_limit_holds_for_code_that_had_to_make_way() -> None:
    async with started(workers=2, time_s=1) as sandbox:
        asked = [asyncio.create_task(sandbox.share("slow").run(ENDLESS, {})) for _ in range(3)]
        await asyncio.sleep(0)
        await all_of(sandbox.share("sound"))
        for failed in await asyncio.gather(*asked, return_exceptions=True):
            assert isinstance(failed, ScriptFailed)
            assert "script.time_s" in str(failed)


async def test_shares_take_turns() -> None:
    """A share with many requests does not make the single one of another wait for them all."""
    async with started(workers=1) as sandbox:
        await sandbox.run("return 1", {})
        ended: list[str] = []

        async def ask(share: str, number: int) -> None:
            await one(sandbox.share(share), number)
            ended.append(share)

        many = [asyncio.create_task(ask("many", number)) for number in range(200)]
        await asyncio.sleep(0)
        await ask("few", 1)
        assert len(ended) < 100
        await asyncio.gather(*many)


async def test_a_single_sandbox_ends_what_is_slow_by_its_limit_alone() -> None:
    async with started(workers=1, time_s=1) as sandbox:
        endless = asyncio.create_task(sandbox.share("hostile").run(ENDLESS, {}))
        await asyncio.sleep(0)
        assert await one(sandbox.share("sound"), 1) == 2
        with pytest.raises(ScriptFailed, match=r"script\.time_s"):
            await endless
