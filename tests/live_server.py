"""Obmen as its users run it: ``obmen serve`` in a process of its own, spoken to through sockets."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Mapping
from email.message import Message
from pathlib import Path
from typing import Any, NamedTuple, Self

EMAIL, PASSWORD = "admin@obmen.local", "correct horse"
_START_S = 60.0


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: Message
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def wait_until(condition: Any, what: str, seconds: float = 30.0) -> Any:
    """The first true value of ``condition()``; fails the test where there is none."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"waited in vain for {what}")


class LiveServer:
    """A server on ``data``; with ``database_url`` on that database, else with the embedded one."""

    def __init__(self, data: Path, database_url: str = "", **environment: str) -> None:
        self.data = data
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = data.with_suffix(".log")
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("OBMEN_")},
            "OBMEN_ADMIN_EMAIL": EMAIL,
            "OBMEN_ADMIN_PASSWORD": PASSWORD,
            "OBMEN_EGRESS_ALLOW": "127.0.0.0/8",
            "OBMEN_RATE_USER_REQUESTS": "0",
            "OBMEN_RATE_ADDRESS_REQUESTS": "0",
            "LC_ALL": "C.UTF-8",
            **({"OBMEN_DATABASE_URL": database_url} if database_url else {}),
            **environment,
        }
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self, *options: str) -> Self:
        command = [sys.executable, "-m", "obmen", "serve", "--data", str(self.data), "--port", str(self.port), *options]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, env=self.environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
            )
        deadline = time.monotonic() + _START_S
        while time.monotonic() < deadline and self.process.poll() is None:
            if self.is_ready():
                return self
            time.sleep(0.05)
        self.kill()
        raise AssertionError(f"the server did not start:\n{self.log.read_text(errors='replace')[-4000:]}")

    def stop(self) -> int:
        """Ends it as Ctrl-C or a service manager does; its exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    def kill(self) -> None:
        """``kill -9`` of everything that is Obmen: server, HTTP processes, worker, sandboxes."""
        if self.process is None:
            return
        killed: set[int] = set()
        while found := self._processes() - killed:  # one may be born while another dies
            for pid in found:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            killed |= found
        self.process.wait(30)

    def parts(self) -> dict[str, int]:
        """The processes that the server has started and that live, by kind: ``http``, ``worker``, ``postgres``."""
        assert self.process is not None
        found = {}
        for folder in Path("/proc").iterdir():
            with contextlib.suppress(OSError, ValueError):
                state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
                command = (folder / "cmdline").read_bytes().split(b"\0")
                if int(parent) == self.process.pid and state != "Z":
                    marks = {
                        "postgres": command[0].endswith(b"/postgres"),
                        "worker": b"worker" in command,
                        "http": b"serve" in command,
                    }
                    found.update((kind, int(folder.name)) for kind, is_one in marks.items() if is_one)
        return found

    def kill_part(self, kind: str) -> int:
        """``kill -9`` of one of them; the number that it had."""
        pid: int = wait_until(lambda: self.parts().get(kind), kind)
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: self.parts().get(kind) != pid, f"the end of {kind}")
        return pid

    def is_ready(self) -> bool:
        """Whether it answers, and its database too."""
        with contextlib.suppress(OSError):
            return self.ask("GET", "/health/ready", auth=None).status == 200
        return False

    def _processes(self) -> set[int]:
        """The server and all it has started, also those whose parent is gone; PostgreSQL is none of them."""
        assert self.process is not None
        own = {self.process.pid}
        found = True
        while found:
            found = False
            for folder in Path("/proc").iterdir():
                with contextlib.suppress(OSError, ValueError, IndexError):
                    parent, _, session = map(int, (folder / "stat").read_text().rpartition(")")[2].split()[1:4])
                    is_postgres = b"postgres" in (folder / "cmdline").read_bytes()[:200]
                    is_own = parent in own or session == self.process.pid
                    if is_own and int(folder.name) not in own and not is_postgres:
                        own.add(int(folder.name))
                        found = True
        return own

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        auth: tuple[str, str] | None = (EMAIL, PASSWORD),
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request; ``body`` is sent as it is where it is bytes, else as JSON."""
        sent = dict(headers or {})
        if auth:
            sent.setdefault("Authorization", "Basic " + b64encode(":".join(auth).encode()).decode())
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        request = urllib.request.Request(self.url + path, data=body, headers=sent, method=method)
        try:
            with urllib.request.build_opener(_NoRedirect).open(request, timeout=90) as response:
                return Answer(response.status, response.headers, response.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.headers, error.read())

    def api(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """The JSON of a call to ``/api/v1`` that must succeed."""
        answer = self.ask(method, "/api/v1" + path, body, **options)
        assert answer.status == 200, (answer.status, answer.body[:2000])
        return answer.json


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None
