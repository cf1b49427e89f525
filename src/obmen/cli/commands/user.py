"""``obmen user``: employees who may sign in."""

import asyncio
import secrets
from typing import Annotated

import typer

from obmen import bootstrap
from obmen.cli.terminal import language, reporting_errors, say, tell_administrator
from obmen.services.installation.preparation import add_user
from obmen.settings import Settings

COMMAND = typer.Typer()
_user = typer.Typer(name="user", help="Employees who may sign in.", no_args_is_help=True)
COMMAND.add_typer(_user)


@_user.callback()
def user() -> None:
    """Employees who may sign in."""


@_user.command()
def add(
    email: Annotated[str, typer.Argument(help="Sign-in.")],
    password: Annotated[str, typer.Option(help="Password; without one it is made and printed.", prompt=False)] = "",
    name: Annotated[str, typer.Option(help="Name.")] = "",
    admin: Annotated[bool, typer.Option("--admin", help="May do everything.")] = False,
) -> None:
    """Adds an employee, or gives one that is there a new password."""
    chosen = password or secrets.token_urlsafe(12)
    with reporting_errors(), bootstrap.running_database(bootstrap.load_settings()) as settings:
        user_id = asyncio.run(_add(settings, email, chosen, admin=admin, name=name))
        say("user_added", id=user_id, email=email, password="********" if password else chosen)


async def _add(settings: Settings, email: str, password: str, *, admin: bool, name: str) -> str:
    tell_administrator(await bootstrap.prepare(settings, language()))
    async with bootstrap.running(settings) as wired:
        return await add_user(wired.application, email, password, admin=admin, name=name)
