"""Builds the command line from the commands."""

import gc
import sys
from typing import Annotated, Final

import typer

from obmen import __version__, discovery
from obmen.cli import commands

app: Final = typer.Typer(name="obmen", no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)


def _version(asked: bool) -> None:
    if asked:
        sys.stdout.write(f"obmen {__version__}\n")
        raise typer.Exit


@app.callback()
def main(
    _version_asked: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Says the version.")
    ] = False,
) -> None:
    """Two-way exchange of data and commands between a company's data and other systems."""


gc.disable()  # importing makes no garbage, and looking for it took a fifth of the time
for _command in discovery.things(commands, "COMMAND", typer.Typer).values():
    app.add_typer(_command)
gc.freeze()
gc.enable()
