"""The command ``obmen``: one file per command in ``commands``, found by its file; each defines ``COMMAND``."""

from obmen.cli.program import app

__all__ = ["app"]
