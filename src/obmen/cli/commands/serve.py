"""``obmen serve``: the database, the workers and the HTTP server, until Ctrl-C or SIGTERM."""

import asyncio
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from obmen import bootstrap
from obmen.cli.http_server import http_server
from obmen.cli.supervisor import WorkerProcess
from obmen.cli.terminal import reporting_errors, say
from obmen.clients import logs
from obmen.errors import SetupError
from obmen.settings import Settings

COMMAND = typer.Typer()


@COMMAND.command()
def serve(
    data: Annotated[Path | None, typer.Option(help="Data folder.", envvar=bootstrap.DATA_VARIABLE)] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
    workers: Annotated[int | None, typer.Option(help="Processes that serve requests.")] = None,
    sql_port: Annotated[
        int | None, typer.Option(help="TCP port of the embedded PostgreSQL, with passwords; 0: socket only.")
    ] = None,
    demo: Annotated[bool, typer.Option("--demo", help="Makes the demo company where it is missing.")] = False,
) -> None:
    """Starts Obmen: PostgreSQL, the HTTP server and the workers."""
    if data is not None:
        os.environ[bootstrap.DATA_VARIABLE] = str(data.absolute())
    http = _given(host=host, port=port, workers=workers)
    logs.log_to_stderr()
    with reporting_errors():
        asked = bootstrap.load_settings(http=http, database=_given(sql_port=sql_port))
        _check_port(asked)
        with bootstrap.database(asked) as settings:
            _start(settings, demo=demo)


def _start(settings: Settings, *, demo: bool) -> None:
    _hand_over(settings)
    if demo or not asyncio.run(bootstrap.is_prepared(settings)):
        command = [sys.executable, "-m", "obmen", "migrate", *(["--demo"] if demo else [])]
        migrated = subprocess.run(command, check=False)
        if migrated.returncode:
            raise typer.Exit(migrated.returncode)  # it has said why
    worker = WorkerProcess()
    os.environ[bootstrap.READY_VARIABLE] = str(worker.ready_fd)
    server = http_server(settings)
    worker.start()
    try:
        say("started", url=settings.url)
        server.serve()
    finally:
        worker.stop()
        say("stopped")


def _hand_over(settings: Settings) -> None:
    """Server and worker processes read the same settings: what the command line said goes into their environment."""
    os.environ[bootstrap.DATA_VARIABLE] = str(settings.data)
    os.environ["OBMEN_DATABASE_URL"] = settings.database.url
    os.environ["OBMEN_HTTP_HOST"] = settings.http.host
    os.environ["OBMEN_HTTP_PORT"] = str(settings.http.port)


def _given(**options: Any) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def _check_port(settings: Settings) -> None:
    """`SetupError` where another program listens there."""
    host, port = settings.http.host, settings.http.port
    try:
        with socket.create_server((host, port), reuse_port=False):
            pass
    except OSError as error:
        raise SetupError("setup.port_in_use", host=host, port=port, problem=error) from error
