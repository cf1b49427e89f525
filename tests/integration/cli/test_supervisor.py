"""When a process that has ended is started again, and what is told of it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from obmen.cli import supervisor
from obmen.cli.supervisor import Forked, Kept, Process
from obmen.errors import SetupError
from obmen.storage import process_states
from obmen.storage.data_folder import is_locked, locked
from obmen.storage.embedded import EmbeddedPostgres


class Ended:
    """A process that has ended as soon as it is looked at."""

    pid = 0

    def __init__(self, code: int | None) -> None:
        self.code = code

    def poll(self) -> int | None:
        return self.code

    def send_signal(self, sig: int, /) -> None:
        raise AssertionError(sig)


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Moves the clock on."""
    now = 0.0
    monkeypatch.setattr(supervisor.time, "monotonic", lambda: now)

    def move(seconds: float) -> None:
        nonlocal now
        now += seconds

    return move


def test_pauses_grow_while_it_ends_at_once(later: Callable[[float], None]) -> None:
    kept = Kept("x", lambda: Ended(-9), drain_s=None)
    with capture_logs() as logs:
        for _ in range(20):
            kept.look()
            later(0 if kept.state().running else kept.due_s() or 0)

    pauses = [entry["pause_s"] for entry in logs]
    assert len(pauses) > 6
    assert pauses[:3] == [0, 1, 2]
    assert pauses == sorted(pauses)
    assert max(pauses) == 10
    assert {entry["ended"] for entry in logs} == {"signal 9"}
    assert not kept.state().is_well


def test_who_was_well_is_started_again_at_once(later: Callable[[float], None]) -> None:
    process: Process = Ended(None)
    kept = Kept("x", lambda: Ended(None), drain_s=None, running=process)
    later(60)
    kept.look()
    process.code = 1  # type: ignore[attr-defined]
    kept.look()

    assert kept.state().running
    assert kept.state().ended == "exit code 1"
    assert not kept.state().is_well
    later(11)
    kept.look()
    assert kept.state().is_well


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left"), SetupError("setup.data_not_writable", data="/x", problem="?")]
)
def test_what_cannot_be_started_is_tried_again(later: Callable[[float], None], error: Exception) -> None:
    tries = []

    def spawn() -> Process:
        tries.append(error)
        if len(tries) < 3:
            raise error
        return Ended(None)

    kept = Kept("x", spawn, drain_s=None)
    for _ in range(4):
        kept.look()
        later(kept.due_s() or 0)

    assert len(tries) == 3
    assert kept.state().running


@pytest.mark.parametrize(
    ("work", "code"),
    [
        (lambda: None, 0),
        (lambda: sys.exit(3), 3),
        (lambda: 1 / 0, 1),
        (lambda: os.kill(os.getpid(), signal.SIGKILL), -9),
    ],
    ids=["returns", "exits", "raises", "is killed"],
)
def test_a_forked_process_says_how_it_ended(work: Callable[[], None], code: int) -> None:
    process = Forked(work)
    os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)

    assert process.poll() == code
    process.send_signal(signal.SIGTERM)  # it is gone: nobody else gets it
    assert process.poll() == code


def test_a_forked_process_does_not_keep_the_data_folder(tmp_path: Path) -> None:
    with locked(tmp_path):
        process = Forked(lambda: time.sleep(60))
        assert is_locked(tmp_path)
    deadline = time.monotonic() + 20
    try:
        while is_locked(tmp_path):  # until the child has begun
            assert time.monotonic() < deadline
            time.sleep(0.01)
    finally:
        process.send_signal(signal.SIGKILL)
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)

    assert process.poll() == -signal.SIGKILL


def test_a_child_whose_parent_is_gone_already_ends_at_once() -> None:
    code = "import signal, sys; from obmen.children import end_with; end_with(int(sys.argv[1]), signal.SIGKILL)"
    ended = [subprocess.run([sys.executable, "-c", code, pid], check=False) for pid in (str(os.getpid()), "4194305")]

    assert [process.returncode for process in ended] == [0, -signal.SIGKILL]


def test_states_that_cannot_be_read_are_none(tmp_path: Path) -> None:
    (tmp_path / "processes.json").write_text('[{"name": 1}]')
    assert process_states.read(tmp_path) == ()
    assert process_states.read(tmp_path / "nowhere") == ()


def test_the_log_of_postgresql_stays_bounded(tmp_path: Path) -> None:
    log, old = tmp_path / "postgres.log", tmp_path / "postgres.log.1"
    server = EmbeddedPostgres(tmp_path)
    server.trim_log()  # there is none yet
    with log.open("ab") as writing:  # as PostgreSQL has it open
        for letter in (b"a", b"b", b"c"):
            writing.write(letter * 15_000_000)
            writing.flush()
            server.trim_log()
            assert log.stat().st_size == 0
            assert old.read_bytes()[:1] == letter
        writing.write(b"small")
        writing.flush()
        server.trim_log()

    assert log.read_bytes() == b"small"
    assert old.stat().st_size == 15_000_000
    assert old.stat().st_mode & 0o077 == 0


def test_the_doctor_names_a_process_that_ends_again_and_again(tmp_path: Path) -> None:
    state = process_states.ProcessState(name="worker", running=False, failures=5, restarts=5, ended="signal 9")
    well = process_states.ProcessState(name="http 1", running=True, failures=0, restarts=2, ended="exit code 1")
    environment = {**os.environ, "OBMEN_DATA": str(tmp_path), "OBMEN_DATABASE_URL": "postgresql://x@127.0.0.1:1/x"}

    def doctor() -> str:
        command = [sys.executable, "-m", "obmen", "doctor"]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False).stdout

    with locked(tmp_path):
        process_states.write(tmp_path, (well, state))
        assert "worker of the server ended 5 times in a row" in doctor()
        process_states.write(tmp_path, (well,))
        assert "The process http 1 has been started again" in doctor()
    assert "http 1" not in doctor()  # nothing runs: what is written there is old
