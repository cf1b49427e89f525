"""Sandboxes for the tests of JavaScript, and one expression in them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from obmen.clients.javascript import JavaScriptSandbox
from obmen.ports import Expression
from obmen.settings import Script


@asynccontextmanager
async def started(**script: object) -> AsyncIterator[JavaScriptSandbox]:
    sandbox = JavaScriptSandbox(Script(**{"workers": 1, **script}))
    await sandbox.start()
    try:
        yield sandbox
    finally:
        await sandbox.close()


async def value(sandbox: JavaScriptSandbox, source: str, **variables: object) -> object:
    return (await sandbox.evaluate([Expression(source)], variables))[0]
