"""Limits of readers, for tests that read without an application."""

from typing import Any

import msgspec

from obmen.settings import Limits


def limits(**keys: Any) -> Limits:
    """The defaults, apart from ``keys``."""
    return msgspec.structs.replace(Limits(), **keys)
