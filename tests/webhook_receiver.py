"""Another system that receives webhooks: a process of its own, which writes down what it gets."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from live_server import free_port, wait_until


class Receiver:
    """Answers 500 to the first ``failures`` requests, then 200."""

    def __init__(self, folder: Path, port: int = 0, failures: int = 0) -> None:
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}/hook"
        self._log = folder / f"received-{self.port}.jsonl"
        self._log.touch()
        command = [sys.executable, __file__, str(self.port), str(failures), str(self._log)]
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL)

    def received(self) -> list[dict[str, Any]]:
        """All requests so far: ``{status, headers, body}``, header names in lower case."""
        return [json.loads(line) for line in self._log.read_text().splitlines()]

    def wait_for(self, count: int, status: int = 200) -> list[dict[str, Any]]:
        """The requests answered with ``status``, once there are ``count``."""

        def found() -> list[dict[str, Any]]:
            matching = [request for request in self.received() if request["status"] == status]
            return matching if len(matching) >= count else []

        return wait_until(found, f"{count} deliveries", 60.0)

    def settle(self) -> list[dict[str, Any]]:
        """All requests, after time enough for one too many to arrive."""
        time.sleep(1.5)
        return self.received()

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()


@contextmanager
def receiving(folder: Path, port: int = 0, failures: int = 0) -> Iterator[Receiver]:
    receiver = Receiver(folder, port, failures)
    try:
        yield receiver
    finally:
        receiver.stop()


def _serve(port: int, failures: int, log: Path) -> None:
    left = [failures]

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            status = 500 if left[0] > 0 else 200
            left[0] -= 1
            headers = {name.lower(): value for name, value in self.headers.items()}
            with log.open("a") as file:
                file.write(json.dumps({"status": status, "headers": headers, "body": body}) + "\n")
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()


if __name__ == "__main__":
    _serve(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
