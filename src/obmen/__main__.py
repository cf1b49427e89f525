"""``python -m obmen`` is the command ``obmen``."""

from obmen.cli import app

app()
