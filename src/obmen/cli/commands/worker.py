"""``obmen worker``: sequencing, deliveries and processes, beside a server on the same database."""

import asyncio
import signal
from typing import Annotated

import typer
import uvloop

from obmen import bootstrap
from obmen.children import end_with
from obmen.cli.terminal import reporting_errors, say
from obmen.clients import logs
from obmen.errors import SetupError
from obmen.settings import Settings

COMMAND = typer.Typer()


@COMMAND.command()
def worker(
    server: Annotated[
        int | None, typer.Option(hidden=True, help="Ends with this process, which has started it.")
    ] = None,
) -> None:
    """Delivers webhooks and runs processes; needs OBMEN_DATABASE_URL. Any number may run."""
    if server is not None:
        end_with(server, signal.SIGKILL)
    logs.log_to_stderr()
    with reporting_errors():
        settings = bootstrap.load_settings()
        if not settings.database.url:
            raise SetupError("setup.no_database_url")
        if not settings.secret.key and not (settings.data / "secret.key").exists():
            raise SetupError("setup.no_secret_key")
        uvloop.run(_work(settings, is_alone=server is None))


async def _work(settings: Settings, *, is_alone: bool) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    async with bootstrap.working(settings):
        if is_alone:
            say("working")
        await ended.wait()
