"""``obmen worker``: sequencing, deliveries and processes, beside a server on the same database."""

import asyncio
import os
import signal
import sys
from typing import Annotated

import typer
import uvloop

from obmen import bootstrap
from obmen.cli.terminal import reporting_errors, say
from obmen.clients import logs
from obmen.errors import SetupError
from obmen.settings import Settings

COMMAND = typer.Typer()


@COMMAND.command()
def worker(
    with_server: Annotated[
        bool, typer.Option("--with-server", hidden=True, help="Ends when standard input does.")
    ] = False,
) -> None:
    """Delivers webhooks and runs processes; needs OBMEN_DATABASE_URL. Any number may run."""
    logs.log_to_stderr()
    with reporting_errors():
        settings = bootstrap.load_settings()
        if not settings.database.url:
            raise SetupError("setup.no_database_url")
        if not settings.secret.key and not (settings.data / "secret.key").exists():
            raise SetupError("setup.no_secret_key")
        uvloop.run(_work(settings, with_server=with_server))


async def _work(settings: Settings, *, with_server: bool) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    if with_server:
        loop.add_reader(sys.stdin, lambda: None if os.read(0, 1024) else ended.set())
    async with bootstrap.working(settings):
        if not with_server:
            say("working")
        await ended.wait()
