"""A web request of a process to Obmen's own API is signed in as the process; nothing else is, and no token goes elsewhere."""

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from live_server import LiveServer, free_port
from scenario_files import ScenarioFile, js, listen


class Elsewhere:
    """Another system: keeps the headers it gets."""

    def __init__(self) -> None:
        self.seen: list[dict[str, str]] = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        elsewhere = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                elsewhere.seen.append({name.lower(): value for name, value in self.headers.items()})
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            do_POST = do_GET  # noqa: N815 (a name of http.server)

            def log_message(self, *_: Any) -> None:
                """Says nothing."""

        return Handler


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Elsewhere]:
    found = Elsewhere()
    thread = Thread(target=found.server.serve_forever)
    thread.start()
    yield found
    found.server.shutdown()
    thread.join()
    found.server.server_close()


@pytest.fixture(scope="module")
def server(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server that may not connect to loopback: it does to itself all the same."""
    with LiveServer(
        tmp_path_factory.mktemp("own") / "data",
        new_database(),
        OBMEN_EGRESS_ALLOW="",
        OBMEN_HTTP_URL="http://obmen.localhost:1",
    ) as live:
        yield live


class Asker:
    """Sends a web request by a process; ``{status, body, code}`` of what came of it."""

    def __init__(self, server: LiveServer) -> None:
        self.server = server
        self._made = 0

    def __call__(self, url: str, headers: dict[str, str] | None = None, **inputs: Any) -> dict[str, Any]:
        self._made += 1
        given = {"query": url, "output_format": "text", **inputs}
        if headers:
            given["headers"] = js(json.dumps(headers))
        slots = {"status": ("output_code", ""), "body": ("output_body", ""), "h": ("output_headers", "")}
        scenario = ScenarioFile().start("ask").call("ask", "webRequest", given, slots).flow("ask", "tell")
        scenario.set("tell", _body="({status, body})").flow("tell", "end").end()
        scenario.on_error("caught", "ask").set("refused", _body="({code})").flow("caught", "refused")
        path = listen(self.server, f"own-{self._made}", scenario.flow("refused", "end").xml)
        answer = self.server.ask("GET", path, auth=None)
        assert answer.status == 200, answer.body
        found: dict[str, Any] = answer.json
        return found


@pytest.fixture(scope="module")
def ask(server: LiveServer) -> Asker:
    return Asker(server)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST"])
def test_the_own_api_is_asked_as_the_process(ask: Asker, host: str) -> None:
    found = ask(f"http://{host}:{ask.server.port}/api/v1/catalogs/$users/records?limit=1")
    assert (found["status"], json.loads(found["body"])[0]["id"]) == (200, "1")


def test_a_change_by_the_own_api_bears_the_name_of_who_started_the_process(server: LiveServer, ask: Asker) -> None:
    section = server.api("POST", "/sections", {"name": "Own"})["id"]
    fields = [
        {"id": "name", "name": "Name", "type": "text"},
        {"id": "who", "name": "Who", "type": "user", "config": {"defaultValue": True}},
    ]
    catalog = server.api("POST", "/catalogs", {"name": "Own", "sectionId": section, "fields": fields})["id"]
    url = f"http://127.0.0.1:{server.port}/api/v1/catalogs/{catalog}/records"
    found = ask(url, method="POST", format="json", body='{"values": {"name": "made"}}')
    assert found["status"] == 200
    assert [record["values"]["name"] for record in server.api("GET", f"/catalogs/{catalog}/records")] == ["made"]


def test_what_a_process_signs_in_with_itself_is_left(ask: Asker) -> None:
    url = f"http://127.0.0.1:{ask.server.port}/api/v1/profile/me"
    assert ask(url, {"authorization": "Basic bm9ib2R5Om5vdGhpbmc="}) == {"code": "egress_refused"}
    assert ask(url, auth="basic", login="nobody", password="nothing") == {"code": "egress_refused"}
    assert ask(url, {"Cookie": "connect.sid=x"}) == {"code": "egress_refused"}


@pytest.mark.parametrize(
    "path",
    [
        "/health/live",
        "/api/webrequest/x",
        "/api/v1",
        "/api/v1/../webrequest/x",
        "/api/v1/%2e%2E/webrequest/x",
        "/api/v1/./catalogs",
        "/api/v1/a\\b",
        "/x/api/v1/catalogs",
        "/API/V2/catalogs",
    ],
)
def test_whatever_else_is_at_the_own_address_stays_closed(ask: Asker, path: str) -> None:
    assert ask(f"http://127.0.0.1:{ask.server.port}{path}")["code"] in ("egress_refused", "step_failed")


def test_other_addresses_stay_closed(ask: Asker, elsewhere: Elsewhere) -> None:
    port = ask.server.port
    for url in (
        f"{elsewhere.url}/api/v1/catalogs",
        f"http://127.0.0.1:{port}@{elsewhere.url.removeprefix('http://')}/api/v1/catalogs",
        f"http://127.0.0.1:{port}0/api/v1/catalogs",
        f"http://127.0.0.2:{port}/api/v1/catalogs",
        f"http://2130706433:{port}/api/v1/catalogs",
        f"http://127.0.0.1:{free_port()}/api/v1/catalogs",
        f"http://user:x@127.0.0.1:{port}/api/v1/catalogs",
    ):
        assert ask(url)["code"] in ("egress_refused", "step_failed"), url
    assert elsewhere.seen == []


def test_the_token_is_seen_by_nobody(ask: Asker) -> None:
    """Neither what the API answers, nor the variables, nor the journal show it."""
    found = ask(f"http://127.0.0.1:{ask.server.port}/api/v1/nothing-there")
    assert found["status"] == 404
    process = ask.server.api("GET", "/catalogs/$processes/records?limit=1")[0]["values"]
    assert "Bearer" not in json.dumps([found, process])
    assert "process." not in process["$result"] + process["$input"]


@pytest.mark.parametrize(
    "token", ["", "x", "process.1.9999999999.AAAA", "process..9999999999.", "a.b.c.d.e", "process.1.2", "é"]
)
def test_a_made_up_token_is_refused(server: LiveServer, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}".strip()}
    answer = server.ask("GET", "/api/v1/profile/me", auth=None, headers=headers)
    assert (answer.status, answer.json["code"]) == (401, "not_authenticated")
