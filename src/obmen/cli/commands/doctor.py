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
from obmen.services.catalogs.indexes import IndexBuild
from obmen.settings import Settings
from obmen.storage import abilities, folding, process_states
from obmen.storage.abilities import Missing
from obmen.storage.data_folder import is_locked
from obmen.storage.database import Connection, Database, connect, missing_migrations

if TYPE_CHECKING:
    from collections.abc import Callable

COMMAND = typer.Typer()
_FREE_BYTES = 1_000_000_000
_ASSETS = ("lodash.min.js", "moment.min.js", "swagger-ui-bundle.js", "swagger-ui.css")


@COMMAND.command()
def doctor() -> None:
    """Checks settings, data folder, database, secrets and build; exit code 1 where something is wrong.

    Where the database lacks an extension, it says what is slower without it and prints the SQL to run.
    """
    try:
        settings = bootstrap.load_settings()
    except ObmenError as error:
        _tell("settings", error)
        raise typer.Exit(1) from None
    checks: dict[str, Callable[[Settings], list[str]]] = {
        "settings": lambda _: [],
        "data": _data,
        "assets": _assets,
        "secret": _secret,
        "processes": _processes,
        "database": _database,
    }
    wrong = 0
    for name, check in checks.items():
        problem, notes = None, []
        try:
            notes = check(settings)
        except ObmenError as error:
            problem = error
        _tell(name, problem)
        sys.stdout.writelines(f"  ! {note}\n" for note in notes)
        wrong += problem is not None
    say("doctor_wrong" if wrong else "doctor_well", count=wrong)
    if wrong:
        raise typer.Exit(1)


def _tell(name: str, problem: ObmenError | None) -> None:
    label = messages.text(f"cli.check_{name}", language())
    sys.stdout.write(f"{'✗' if problem else '✓'} {label}{f': {problem.text(language())}' if problem else ''}\n")


def _data(settings: Settings) -> list[str]:
    folder = settings.data
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    if not os.access(existing, os.W_OK):
        raise SetupError("setup.data_not_writable", data=folder, problem=existing)
    free = shutil.disk_usage(existing).free
    if free < _FREE_BYTES:
        raise SetupError("setup.little_space", data=folder, megabytes=free // 1_000_000)
    return []


def _assets(_: Settings) -> list[str]:
    for name in _ASSETS:
        if not files("obmen.assets").joinpath("vendor", name).is_file():
            raise SetupError("setup.assets_missing", asset=name)
    return []


def _secret(settings: Settings) -> list[str]:
    if settings.secret.key or (settings.data / "secret.key").exists():
        load_key(settings.secret.key, settings.data / "secret.key")

    return []


def _processes(settings: Settings) -> list[str]:
    """Those of a server that runs: one that ends again and again is wrong, one that has ended and runs is worth a note."""
    if not (settings.data.exists() and is_locked(settings.data)):
        return []
    states = process_states.read(settings.data)
    failing = next((state for state in states if not state.is_well), None)
    if failing is not None:
        raise SetupError("setup.process_failing", name=failing.name, count=failing.failures, ended=failing.ended)
    return [
        messages.text("cli.process_ended", language(), name=state.name, count=state.restarts, ended=state.ended)
        for state in states
        if state.restarts
    ]


def _database(settings: Settings) -> list[str]:
    """An embedded server that was never started is no fault; one that runs, or an external one, must answer."""
    if not settings.database.url and not (settings.data.exists() and is_locked(settings.data)):
        return []
    with bootstrap.running_database(settings) as found:
        return [*asyncio.run(_ask(found)), *map(_build_note, asyncio.run(bootstrap.index_builds(found)))]


def _build_note(build: IndexBuild) -> str:
    """An index that is being made."""
    return messages.text(
        "cli.index_build",
        language(),
        catalog=build.catalog,
        field=build.field,
        phase=build.phase,
        done="…" if build.done is None else f"{build.done:.0%}",
        seconds=round(build.seconds),
    )


async def _ask(settings: Settings) -> list[str]:
    """Notes on what is slower than it could be."""
    database = await connect(settings.database.url, settings.database.schema, connections=1)
    try:
        async with database.pool.acquire() as connection:
            await folding.collation(connection, database.queries)
        if missing := await missing_migrations(database):
            raise SetupError("setup.not_migrated", missing=missing)
        async with database.pool.acquire() as connection:
            return await _notes(connection, database)
    finally:
        await database.close()


async def _notes(connection: Connection, database: Database) -> list[str]:
    notes = [_extension_note(found, database.schema) for found in await abilities.missing(connection, database.queries)]
    if "pg_trgm" in database.abilities.extensions and not database.abilities.has_cyrillic_trigrams:
        locale = await connection.fetchrow(database.queries["read_locale"])
        assert locale is not None
        notes.append(messages.text("cli.doctor_trigrams", language(), **locale))
    if not await folding.is_current(connection, database.queries, database.abilities):
        notes.append(messages.text("cli.doctor_fold", language()))
    return notes


def _extension_note(missing: Missing, schema: str) -> str:
    """What works worse without the extension, and the SQL that brings it."""
    slower = messages.text(f"cli.without_{missing.name}", language())
    if missing.schema is not None:
        key, sql = "closed", f"grant usage on schema {missing.schema} to {missing.role};"
    else:
        key, sql = (
            "missing" if missing.available else "unavailable",
            f"create extension {missing.name} with schema {schema};",
        )
    return messages.text(f"cli.extension_{key}", language(), name=missing.name, slower=slower, sql=sql)
