"""``obmen seed demo``: a small company to look around in."""

import asyncio

import typer

from obmen import bootstrap
from obmen.cli.terminal import language, reporting_errors, say, tell_administrator
from obmen.services.installation.demo import Demo
from obmen.settings import Settings

COMMAND = typer.Typer()
_seed = typer.Typer(name="seed", help="Example data.", no_args_is_help=True)
COMMAND.add_typer(_seed)


@_seed.callback()
def seed() -> None:
    """Example data."""


@_seed.command()
def demo() -> None:
    """Makes the demo company: clients, orders, products and a form endpoint."""
    with reporting_errors(), bootstrap.running_database(bootstrap.load_settings()) as settings:
        made = asyncio.run(_make(settings))
        say("demo_made" if made else "demo_known")


async def _make(settings: Settings) -> bool:
    tell_administrator(await bootstrap.prepare(settings, language()))
    async with bootstrap.running(settings) as wired:
        return await Demo(wired.application, language()).seed()
