"""``obmen serve``: the database, the workers and the HTTP server, until Ctrl-C or SIGTERM."""

import asyncio
import os
import socket
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from obmen import bootstrap
from obmen.cli.http_process import listen, serve_requests
from obmen.cli.supervisor import Forked, Kept, NeverReady, Supervisor
from obmen.cli.terminal import reporting_errors, say
from obmen.clients import logs
from obmen.settings import Settings
from obmen.storage.embedded import EmbeddedPostgres

COMMAND = typer.Typer()
_HTTP_DRAIN_S: Final = 15.0
_WORKER_DRAIN_S: Final = 30.0


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
        with listen(asked) as listener, bootstrap.supervised_database(asked) as (settings, postgres):
            _prepare(settings, demo=demo)
            _run(settings, listener, postgres)


def _prepare(settings: Settings, *, demo: bool) -> None:
    _hand_over(settings)
    if demo or not asyncio.run(bootstrap.is_prepared(settings)):
        migrated = subprocess.run(_command("migrate", *(["--demo"] if demo else [])), check=False)
        if migrated.returncode:
            raise typer.Exit(migrated.returncode)  # it has said why


def _run(settings: Settings, listener: socket.socket, postgres: EmbeddedPostgres | None) -> None:
    first = [
        Kept(f"http {number}", lambda: Forked(partial(serve_requests, settings, listener)), drain_s=_HTTP_DRAIN_S)
        for number in range(1, settings.http.workers + 1)
    ]
    if postgres is not None:
        first.append(Kept("postgres", postgres.restart, drain_s=None, running=postgres.process))
    worker = Kept("worker", _start_worker, drain_s=_WORKER_DRAIN_S)
    supervisor = Supervisor(settings.data, postgres.trim_log if postgres else lambda: None)
    os.environ[bootstrap.READY_VARIABLE] = str(supervisor.ready_fd)
    say("started", url=settings.url)
    try:
        supervisor.run(first, [worker])
    except NeverReady:
        raise typer.Exit(1) from None  # the process has said why
    finally:
        say("stopped")


def _start_worker() -> "subprocess.Popen[bytes]":
    # a session of its own: a Ctrl-C at the terminal is the server's to answer
    command = _command("worker", "--server", str(os.getpid()))
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)


def _command(*words: str) -> list[str]:
    return [sys.executable, "-m", "obmen", *words]


def _hand_over(settings: Settings) -> None:
    """Server and worker processes read the same settings: what the command line said goes into their environment."""
    os.environ[bootstrap.DATA_VARIABLE] = str(settings.data)
    os.environ["OBMEN_DATABASE_URL"] = settings.database.url
    os.environ["OBMEN_HTTP_HOST"] = settings.http.host
    os.environ["OBMEN_HTTP_PORT"] = str(settings.http.port)


def _given(**options: Any) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}
