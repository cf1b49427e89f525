"""Another system on loopback, and one server for all tests that need nothing special of it."""

from collections.abc import AsyncIterator, Callable, Iterator

import pytest
from at_work import Peer

from live_server import LiveServer


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    """A system that answers once the test lets it."""
    found = Peer()
    runner = await found.serve()
    yield found
    found.free.set()
    await runner.cleanup()


@pytest.fixture(scope="session")
def shared_server(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server with the settings as they are."""
    with LiveServer(tmp_path_factory.mktemp("shared") / "data", new_database()) as live:
        yield live
