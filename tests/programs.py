"""Programs that a test needs beside Obmen."""

import os

import pytest


def required(present: bool, what: str) -> None:
    """Skips a test whose program is not on this machine; where everything must be there, it fails."""
    if not present:
        if os.environ.get("OBMEN_REQUIRE_SERVICES"):
            pytest.fail(f"{what} is required and not installed")
        pytest.skip(f"{what} is not installed")
