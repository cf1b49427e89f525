"""What stands in the log, on a terminal and elsewhere: neither the values of variables nor secrets."""

import json
import os
import pty
import subprocess
import sys

import pytest

from live_server import EMAIL, LiveServer

SECRET = "TTYSECRET77"
SAYS = """
import asyncio, gc, logging, warnings
import structlog
from obmen.clients import logs

def fail(password):
    raise RuntimeError("no token=abc")

async def forgotten():
    fail(secret)

async def main():
    asyncio.create_task(forgotten())
    await asyncio.sleep(0.01)

logs.log_to_stderr()
log, secret = structlog.get_logger(), "TTY" + "SECRET" + "77"
logs.begin(lambda: ["something else"])
logs.know(lambda: [secret])
try:
    fail(secret)
except RuntimeError as error:
    log.error("first", exc_info=error, path="/x?token=abc", shown=["a", secret], password=12)
    log.exception("second")
    logging.getLogger("a library").exception("third %s", secret)
warnings.warn(f"fourth {secret}")
asyncio.run(main())
gc.collect()
logging.getLogger("_granian").error("fifth %s", secret)
"""


def said(*, on_terminal: bool) -> str:
    ours, theirs = pty.openpty() if on_terminal else os.pipe()
    with subprocess.Popen([sys.executable, "-c", SAYS], stderr=theirs) as process:
        os.close(theirs)
        found = b""
        try:
            while part := os.read(ours, 65_536):
                found += part
        except OSError:  # what a terminal says at its end
            pass
        assert process.wait(60) == 0
    os.close(ours)
    return found.decode()


@pytest.mark.parametrize("on_terminal", [True, False])
def test_the_log_shows_no_secrets(on_terminal: bool) -> None:
    log = said(on_terminal=on_terminal)
    for word in (
        "first",
        "second",
        "third",
        "fourth",
        "fifth",
        "never retrieved",
        "in fail",
        "RuntimeError: no token=",
    ):
        assert word in log
    assert SECRET not in log
    assert "abc" not in log
    assert "password = " not in log
    if not on_terminal:
        lines = [json.loads(line) for line in log.splitlines()]
        assert {line["level"] for line in lines} == {"error", "warning"}
        assert lines[0]["password"] == "********"


def test_a_refused_sign_in_is_logged_without_what_was_sent(server: LiveServer) -> None:
    def refused() -> list[dict[str, object]]:
        lines = [json.loads(line) for line in server.log.read_text().splitlines() if line.startswith("{")]
        return [line for line in lines if line["event"] == "sign_in_refused"]

    sent = {"email": EMAIL, "password": "a wrong password"}
    server.ask("POST", "/auth/login", sent, auth=None)
    server.ask("POST", "/auth/login", {**sent, "email": "my password by mistake"}, auth=None)
    server.ask("GET", "/api/v1/profile/me", auth=(EMAIL, "a wrong password"))
    assert [(line["login"], line["address"]) for line in refused()] == [
        (EMAIL, "127.0.0.1"),
        (None, "127.0.0.1"),
        (EMAIL, "127.0.0.1"),
    ]
    server.ask("POST", "/auth/login", {"email": EMAIL, "password": EMAIL}, auth=None)
    server.ask("GET", "/api/v1/profile/me", auth=(EMAIL, EMAIL))
    assert [line["login"] for line in refused()[3:]] == ["********", "********"]  # it is what was sent as a password
    assert "a wrong password" not in server.log.read_text()
    assert "by mistake" not in server.log.read_text()
