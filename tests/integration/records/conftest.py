"""One catalog of orders that link to clients and employees, on one server for a module."""

import pytest
from orders import Orders

from live_server import LiveServer


@pytest.fixture(scope="module")
def orders(server: LiveServer) -> Orders:
    return Orders(server)
