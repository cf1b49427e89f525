"""API resources: one file each, found by its file; each defines ``RESOURCE``, a router of its handlers."""

import sys
from functools import cache

from litestar import Router

from obmen import discovery


@cache
def resources() -> tuple[Router, ...]:
    """All resources."""
    return tuple(discovery.things(sys.modules[__name__], "RESOURCE", Router).values())
