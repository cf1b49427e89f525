"""``obmen doctor``: says what is wrong with the set-up, and what is right."""

import asyncio
import os
import shutil
import sys
from importlib.resources import files
from typing import TYPE_CHECKING

import typer

from obmen import bootstrap, messages
from obmen.cli.terminal import language, say
from obmen.clients.secrets import load_key
from obmen.errors import ObmenError, SetupError
from obmen.settings import Settings
from obmen.storage.data_folder import is_locked
from obmen.storage.database import connect, missing_migrations

if TYPE_CHECKING:
    from collections.abc import Callable

COMMAND = typer.Typer()
_FREE_BYTES = 1_000_000_000
_ASSETS = ("lodash.min.js", "moment.min.js", "swagger-ui-bundle.js", "swagger-ui.css")


@COMMAND.command()
def doctor() -> None:
    """Checks settings, data folder, database, secrets and build; exit code 1 where something is wrong."""
    try:
        settings = bootstrap.load_settings()
    except ObmenError as error:
        _tell("settings", error)
        raise typer.Exit(1) from None
    checks: dict[str, Callable[[Settings], None]] = {
        "settings": lambda _: None,
        "data": _data,
        "assets": _assets,
        "secret": _secret,
        "database": _database,
    }
    wrong = 0
    for name, check in checks.items():
        problem = None
        try:
            check(settings)
        except ObmenError as error:
            problem = error
        _tell(name, problem)
        wrong += problem is not None
    say("doctor_wrong" if wrong else "doctor_well", count=wrong)
    if wrong:
        raise typer.Exit(1)


def _tell(name: str, problem: ObmenError | None) -> None:
    label = messages.text(f"cli.check_{name}", language())
    sys.stdout.write(f"{'✗' if problem else '✓'} {label}{f': {problem.text(language())}' if problem else ''}\n")


def _data(settings: Settings) -> None:
    folder = settings.data
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    if not os.access(existing, os.W_OK):
        raise SetupError("setup.data_not_writable", data=folder, problem=existing)
    free = shutil.disk_usage(existing).free
    if free < _FREE_BYTES:
        raise SetupError("setup.little_space", data=folder, megabytes=free // 1_000_000)


def _assets(settings: Settings) -> None:
    for name in _ASSETS:
        if not files("obmen.assets").joinpath("vendor", name).is_file():
            raise SetupError("setup.assets_missing", asset=name)


def _secret(settings: Settings) -> None:
    if settings.secret.key or (settings.data / "secret.key").exists():
        load_key(settings.secret.key, settings.data / "secret.key")


def _database(settings: Settings) -> None:
    """An embedded server that was never started is no fault; one that runs, or an external one, must answer."""
    if not settings.database.url and not (settings.data.exists() and is_locked(settings.data)):
        return
    with bootstrap.running_database(settings) as found:
        asyncio.run(_ask(found))
        builds = asyncio.run(bootstrap.index_builds(found))
    for build in builds:
        done = "…" if build.done is None else f"{build.done:.0%}"
        say(
            "index_build",
            catalog=build.catalog,
            field=build.field,
            phase=build.phase,
            done=done,
            seconds=round(build.seconds),
        )


async def _ask(settings: Settings) -> None:
    database = await connect(settings.database.url, settings.database.schema, connections=1)
    try:
        if missing := await missing_migrations(database):
            raise SetupError("setup.not_migrated", missing=missing)
    finally:
        await database.close()
