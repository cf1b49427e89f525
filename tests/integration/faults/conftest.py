"""Another system on loopback."""

from collections.abc import AsyncIterator

import pytest
from at_work import Peer


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    """A system that answers once the test lets it."""
    found = Peer()
    runner = await found.serve()
    yield found
    found.free.set()
    await runner.cleanup()
