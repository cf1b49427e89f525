"""Values that would have come out where they should not: a secret as a title, a header in a media type, a foreign site's cookie."""

import pytest

from live_server import EMAIL, PASSWORD, LiveServer
from scenario_files import ScenarioFile, as_file, listen

WHOAMI = ScenarioFile().start("say").set("say", _body="user").flow("say", "end").end().xml


def test_a_secret_names_no_record(server: LiveServer) -> None:
    section = server.api("POST", "/sections", {"name": "Keys"})["id"]
    fields = [
        {"id": "key", "name": "Key", "type": "text", "config": {"type": "secret"}},
        {"id": "name", "name": "Name", "type": "text"},
    ]
    catalog = server.api("POST", "/catalogs", {"name": "Keys", "sectionId": section, "fields": fields})["id"]
    record = server.api("POST", f"/catalogs/{catalog}/records", {"values": {"key": "hidden", "name": "Shown"}})["id"]

    found = server.api("GET", f"/catalogs/{catalog}/records/{record}")

    assert found["title"] == "Shown"
    assert "sealed" not in str(found)
    assert "hidden" not in str(found)


@pytest.mark.parametrize("mime_type", ["text/html\r\nX-Injected: 1", "текст/plain", "text", "a/b c", "\x00/x"])
def test_a_media_type_that_is_none_is_refused(server: LiveServer, mime_type: str) -> None:
    file = [{**as_file(WHOAMI)[0], "mimeType": mime_type}]

    answer = server.ask("POST", "/api/v1/catalogs/$scripts/records", {"values": {"$name": "x", "$file": file}})

    assert answer.status == 400
    assert [problem["field"] for problem in answer.json["errors"]] == ["$file"]


def test_another_sites_page_does_not_lend_its_visitors_name(server: LiveServer) -> None:
    path = listen(server, "whoami", WHOAMI)
    signed_in = server.ask("POST", "/auth/login", {"email": EMAIL, "password": PASSWORD}, auth=None)
    cookie = signed_in.headers["Set-Cookie"].partition(";")[0]

    own = server.ask("POST", path, {}, auth=None, headers={"Cookie": cookie})
    foreign = server.ask("POST", path, {}, auth=None, headers={"Cookie": cookie, "Origin": "https://evil.example"})

    assert own.json == {"id": signed_in.json["id"]}
    assert foreign.json == {"id": None}


def test_another_site_signs_nobody_in_or_out(server: LiveServer) -> None:
    for path, body in (("/auth/login", {"email": EMAIL, "password": PASSWORD}), ("/auth/logout", {})):
        answer = server.ask("POST", path, body, auth=None, headers={"Origin": "https://evil.example"})

        assert answer.status == 403
        assert "Set-Cookie" not in answer.headers
