"""One server and one company for all kinds of clients."""

from collections.abc import Callable, Iterator

import pytest

from company import Company
from live_server import LiveServer


@pytest.fixture(scope="package")
def server(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server process for the tests of this folder."""
    with LiveServer(tmp_path_factory.mktemp("compat") / "data", new_database()) as live:
        yield live


@pytest.fixture(scope="module")
def company(server: LiveServer) -> Company:
    """Catalogs and records of a module's own."""
    return Company(server)
