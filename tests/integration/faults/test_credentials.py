"""What signs somebody in: neither kept in the journal of processes, nor shown to scenarios, nor multiplied."""

import json
from typing import Any

import pytest
from at_work import PATIENCE_S

from live_server import EMAIL, PASSWORD, LiveServer, wait_until
from obmen import bootstrap
from obmen.settings import Settings
from scenario_files import ScenarioFile, listen

TOKEN, OWN_KEY, OTHER_COOKIE = "a-token-of-another-system", "a-key-of-another-system", "a-session-of-another-system"


def session_of(server: LiveServer) -> str:
    signed_in = server.ask("POST", "/auth/login", {"email": EMAIL, "password": PASSWORD}, auth=None)
    return str(signed_in.headers["Set-Cookie"]).partition(";")[0].partition("=")[2]


def last_process(server: LiveServer) -> dict[str, Any]:
    def ended() -> dict[str, Any] | None:
        values = server.api("GET", "/catalogs/$processes/records?limit=1")[0]["values"]
        return values if values["$status"] != ["$running"] else None

    return dict(wait_until(ended, "the end of the process", PATIENCE_S))


@pytest.mark.parametrize("mode", ["", "?async=true"])
def test_the_journal_of_processes_keeps_no_credentials(shared_server: LiveServer, mode: str) -> None:
    scenario = ScenarioFile().start("set").set("set", _body="'ok'", note="'noted'").flow("set", "end").end()
    path = listen(shared_server, f"journaled{len(mode)}", scenario.xml)
    session = session_of(shared_server)
    sent = {
        "Authorization": f"Bearer {TOKEN}",
        "X-Api-Key": OWN_KEY,
        "Cookie": f"connect.sid={session}; theirs={OTHER_COOKIE}",
        "X-Harmless": "harmless",
    }
    assert shared_server.ask("POST", path + mode, {"a": 1}, auth=None, headers=sent).status == 200

    values = last_process(shared_server)
    assert values["$status"] == ["$done"]
    for kept in ("$input", "$result"):
        assert json.loads(values[kept])["headers"]["x-harmless"] == "harmless"
        for secret in (TOKEN, OWN_KEY, OTHER_COOKIE, session):
            assert secret not in values[kept]
    assert "noted" in values["$result"]


def test_a_scenario_sees_the_cookies_of_others_but_not_the_session(shared_server: LiveServer) -> None:
    echo = ScenarioFile().start("set").set("set", _body="({headers, cookies, user})").flow("set", "end").end()
    path = listen(shared_server, "echoes", echo.xml)
    session = session_of(shared_server)
    sent = {"Authorization": f"Bearer {TOKEN}", "Cookie": f"a=1; connect.sid={session}; theirs={OTHER_COOKIE}"}
    answer = shared_server.ask("GET", path, auth=None, headers=sent)

    assert session not in answer.body.decode()
    assert answer.json["cookies"] == {"a": "1", "theirs": OTHER_COOKIE}
    assert answer.json["headers"]["cookie"] == f"a=1; theirs={OTHER_COOKIE}"
    assert answer.json["headers"]["authorization"] == f"Bearer {TOKEN}"
    assert answer.json["user"]["id"] is not None


async def test_a_client_that_signs_in_again_by_basic_keeps_its_session(
    test_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("obmen.services.accounts.remembered._REMEMBER_S", 0.0)  # a minute is always over
    header = "Basic YWRtaW5Ab2JtZW4ubG9jYWw6Y29ycmVjdCBob3JzZQ=="
    async with bootstrap.running(test_settings) as wired:
        accounts = wired.application.accounts
        signed_in = [await accounts.basic(header, "127.0.0.1") for _ in range(4)]
        rows = await wired.application.database.pool.fetchval("select count(*) from obmen.sessions")

    assert len({found.token for found in signed_in}) == 1
    assert rows == 1
