"""Employees with a password, made as an administrator makes them: by the command line beside the running server."""

import os
import subprocess
import sys

from live_server import LiveServer


def add_employee(server: LiveServer, email: str, password: str, *options: str) -> None:
    """Adds one, or gives one that is there another password."""
    command = [sys.executable, "-m", "obmen", "user", "add", email, "--password", password, *options]
    environment = {**os.environ, **server.environment, "OBMEN_DATA": str(server.data)}
    subprocess.run(command, env=environment, check=True, capture_output=True, timeout=60)
