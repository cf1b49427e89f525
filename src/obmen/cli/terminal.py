"""What commands say and in which language; how a failure ends one."""

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import Any

import typer

from obmen import messages
from obmen.errors import ObmenError
from obmen.services.installation.preparation import Prepared


def language() -> str:
    """The language of the terminal (``LC_ALL``, ``LC_MESSAGES``, ``LANG``), English where Obmen does not speak it."""
    locale = next((os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), "")
    return messages.preferred_language(locale.partition("_")[0].partition(".")[0])


def say(key: str, **facts: Any) -> None:
    """Prints the message ``cli.<key>``."""
    sys.stdout.write(messages.text(f"cli.{key}", language(), **facts) + "\n")
    sys.stdout.flush()


@contextlib.contextmanager
def reporting_errors() -> Iterator[None]:
    """Prints an error raised inside to stderr and exits with code 1."""
    try:
        yield
    except ObmenError as error:
        sys.stderr.write(error.text(language()) + "\n")
        raise typer.Exit(1) from None


def tell_administrator(prepared: Prepared | None) -> None:
    """Says who may sign in, once: where the first administrator has just been made."""
    if prepared is not None:
        say("administrator", email=prepared.email, password=prepared.password or "OBMEN_ADMIN_PASSWORD")
