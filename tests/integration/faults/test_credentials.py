"""What signs somebody in: neither kept in the journal of processes, nor shown to scenarios, nor multiplied."""

import asyncio
import json
from typing import Any

import pytest
from at_work import PATIENCE_S, session

from live_server import EMAIL, PASSWORD, LiveServer, wait_until
from obmen import bootstrap
from obmen.settings import Settings
from scenario_files import ScenarioFile, listen

TOKEN, OWN_KEY, OTHER_COOKIE = "a-token-of-another-system", "a-key-of-another-system", "a-session-of-another-system"


def session_of(server: LiveServer) -> str:
    signed_in = server.ask("POST", "/auth/login", {"email": EMAIL, "password": PASSWORD}, auth=None)
    return str(signed_in.headers["Set-Cookie"]).partition(";")[0].partition("=")[2]


def rows(server: LiveServer, query: str) -> list[str]:
    async def fetch() -> list[str]:
        async with session(server.environment["OBMEN_DATABASE_URL"]) as connection:
            return [str(row[0]) for row in await connection.fetch(query)]

    return asyncio.run(fetch())


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


LEAKS = {
    "saved": "headers",
    "copied": "JSON.stringify([headers, query])",
    "credential": "headers.authorization.split(' ')[1]",
    "decoded": "'user:' + query.access_token",
    "escaped": "encodeURIComponent(headers['x-auth-token'])",
    "named": "({[body.user.password]: 1})",
    "parts": "[{deep: [query.access_token + '!']}]",
    "headers": "'x'",
    "cookies": "'y'",
    "raw": "rawBody",
}
SENT = {
    "Authorization": f"Bearer {TOKEN}",
    "X-Api-Key": OWN_KEY,
    "X-Auth-Token": "päss/word+?& 1".encode().decode("latin-1"),
    "Proxy-Authorization": "Basic dXNlcjpwcm94eS1wYXNzd29yZA==",
    "X-Shop-Signature": "0123456789abcdef",
    "Cookie": f"a=1;theirs={OTHER_COOKIE};b=%73econd-cookie",
}
SECRETS = (
    *(TOKEN, OWN_KEY, OTHER_COOKIE, "päss/word", "p%C3%A4ss", "proxy-password", "dXNlcjpwcm94eS1wYXNzd29yZA"),
    *("0123456789abcdef", "second-cookie", "query-token", "body-password", "body%2Dpassword", "98765432"),
)


@pytest.mark.parametrize("mode", ["", "&async=true"])
@pytest.mark.parametrize("ends", ["well", "with a failure"])
def test_secrets_are_masked_by_value_wherever_they_are_kept(shared_server: LiveServer, mode: str, ends: str) -> None:
    key = "a-constant-key-of-the-scenario"
    say = "String(cookies).length" if ends == "well" else f"sign('{key}', headers.x.y + '{TOKEN}')"
    scenario = (
        ScenarioFile()
        .start("set")
        .set("set", **LEAKS)
        .set("say", _body=say)
        .flow("set", "say")
        .flow("say", "end")
        .end()
    )
    path = listen(shared_server, f"leaks{len(mode)}{len(ends)}", scenario.xml)
    body = {"user": {"password": "body-password", "name": "Anna"}, "api_key": 98765432}
    query = f"?access_token=query-token&a=1{mode}"
    answer = shared_server.ask("POST", path + query, body, auth=None, headers=SENT)
    assert answer.status == (500 if ends != "well" and not mode else 200)

    values = last_process(shared_server)
    assert values["$status"] == (["$done"] if ends == "well" else ["$error"])
    result = json.loads(values["$result"])
    assert result["saved"]["content-type"] == "application/json"
    assert result["body"]["user"]["name"] == json.loads(values["$input"])["body"]["user"]["name"] == "Anna"
    assert result["decoded"] == "user:********"
    kept = json.dumps(values, ensure_ascii=False) + "".join(rows(shared_server, "select new::text from obmen.events"))
    for secret in (*SECRETS, key):
        assert secret not in kept, secret
    assert "Anna" in kept


def test_a_scenario_itself_sees_what_came(shared_server: LiveServer) -> None:
    scenario = ScenarioFile().start("set").set("set", _body="({headers, body, query})").flow("set", "end").end()
    path = listen(shared_server, "sees", scenario.xml)
    sent = {"password": "body-password"}
    got = shared_server.ask("POST", f"{path}?token=query-token", sent, auth=None, headers=SENT).json
    assert (got["body"], got["query"]) == (sent, {"token": "query-token"})
    assert got["headers"]["authorization"] == f"Bearer {TOKEN}"


def test_what_a_process_was_told_later_is_masked_too(shared_server: LiveServer) -> None:
    assigned = {"answer": "({access_token: 'told-by-another', n: 1})", "later": "'x' + answer.access_token"}
    scenario = ScenarioFile().start("set").set("set", **assigned).flow("set", "end").end()
    shared_server.ask("GET", listen(shared_server, "told", scenario.xml), auth=None)
    result = json.loads(last_process(shared_server)["$result"])
    assert (result["answer"], result["later"]) == ({"access_token": "********", "n": 1}, "x********")


def test_nothing_of_a_run_is_left_at_its_end(shared_server: LiveServer) -> None:
    scenario = ScenarioFile().start("set").set("set", a="1").flow("set", "end").end()
    path = listen(shared_server, "ended", scenario.xml)
    shared_server.ask("POST", f"{path}?async=true", {"password": "body-password"}, auth=None)
    last_process(shared_server)
    wait_until(lambda: rows(shared_server, "select count(*)::text from obmen.process_runs") == ["0"], "its end")
