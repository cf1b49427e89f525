"""``obmen migrate``: brings the database up to date; ``serve`` runs it in a process of its own before anything else.

Of its own, because the HTTP server forks: the process that forks must not have started threads, as drivers and stores do.
"""

import asyncio
from typing import Annotated

import typer

from obmen import bootstrap
from obmen.cli.terminal import language, reporting_errors, say, tell_administrator
from obmen.clients import logs
from obmen.services.installation.demo import FORM, Demo
from obmen.settings import Settings

COMMAND = typer.Typer()


@COMMAND.command()
def migrate(
    demo: Annotated[bool, typer.Option("--demo", help="Makes the demo company where it is missing.")] = False,
) -> None:
    """Brings the database up to date and makes the first administrator where there is none."""
    logs.log_to_stderr()
    with reporting_errors(), bootstrap.running_database(bootstrap.load_settings()) as settings:
        asyncio.run(_prepare(settings, demo=demo))
        if demo:
            say("form", url=f"{settings.url}/api/webrequest/{FORM}")


async def _prepare(settings: Settings, *, demo: bool) -> None:
    tell_administrator(await bootstrap.prepare(settings, language()))
    if demo:
        async with bootstrap.running(settings) as wired:
            await Demo(wired.application, language()).seed()
