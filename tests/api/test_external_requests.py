"""External requests: any method and format in, the scenario's answer out."""

import base64
import gzip
import json
import socket
import zlib
from typing import Any
from urllib.parse import quote

import brotli
import pytest

from live_server import Answer, LiveServer, wait_until
from problems import assert_problem
from scenario_files import ScenarioFile, as_file, js, listen

ECHO = "({url, method, headers, cookies, query, body, event, script, user})"
SQL = "'); drop table obmen.catalogs; -- ${x} «ё»"


def answering(**variables: str) -> str:
    """A scenario that sets these variables and ends."""
    return ScenarioFile().start("set").set("set", **variables).flow("set", "end").end().xml


def last_process(server: LiveServer) -> dict[str, Any]:
    return dict(server.api("GET", "/catalogs/$processes/records?limit=1")[0]["values"])


@pytest.fixture(scope="module")
def echo(server: LiveServer) -> str:
    return listen(server, "echo", answering(_body=ECHO))


class Talker:
    """Makes a listener for a scenario and asks it once."""

    def __init__(self, server: LiveServer) -> None:
        self._server = server
        self._made = 0

    def path(self, xml: str) -> str:
        self._made += 1
        return listen(self._server, f"made-{self._made}", xml)

    def answer(self, **variables: str) -> Answer:
        return self._server.ask("GET", self.path(answering(**variables)), auth=None)


@pytest.fixture(scope="module")
def talker(server: LiveServer) -> Talker:
    return Talker(server)


def post(server: LiveServer, path: str, body: bytes, content_type: str = "") -> Answer:
    """As a client that says no more than this; urllib would call an unnamed body a form."""
    return server.ask("POST", path, body, auth=None, headers={"Content-Type": content_type})


# what comes in


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "PROPFIND", "OPTIONS", "REPORT", "X-OWN"])
@pytest.mark.parametrize("behind", ["", "/", "/a/b%20c", "/a/?x=1&y[]=2", "?x=1&y[]=2"])
def test_every_method_with_and_without_a_path_behind(server: LiveServer, echo: str, method: str, behind: str) -> None:
    got = server.ask(method, echo + behind, auth=None).json
    assert (got["method"], got["url"]) == (method, f"{server.url}{echo}{behind}")
    assert got["query"] == ({"x": "1", "y": ["2"]} if "?" in behind else {})
    assert got["body"] == {}
    assert got["event"] == {"id": got["event"]["id"], "type": "$webRequest", "async": False}
    assert got["user"] == {"id": None}
    assert got["script"]["id"].isdecimal()
    assert got["headers"]["host"] == server.url.removeprefix("http://")


def test_a_head_request_is_answered_without_a_body(server: LiveServer, echo: str) -> None:
    answer = server.ask("HEAD", echo, auth=None)
    assert (answer.status, answer.body) == (200, b"")


def test_headers_and_cookies(server: LiveServer, echo: str) -> None:
    sent = {"X-Own": "Value", "Cookie": "a=1; b=two", "X-Other": "\xe9"}
    got = server.ask("GET", echo, auth=None, headers=sent).json
    assert (got["headers"]["x-own"], got["headers"]["x-other"]) == ("Value", "é")
    assert got["cookies"] == {"a": "1", "b": "two"}


@pytest.mark.parametrize(
    "cookie",
    [
        *(
            "a=1; connect.sid=mine; b=2",
            "connect.sid=mine;a=1;b=2",
            "a=1;connect.sid=mine; b=2",
            "a=1; b=2; connect.sid=",
        ),
        *("a=1; b=2", "a=1;; b=2;", " a=1 ;b=2"),
    ],
)
def test_the_own_cookie_is_kept_from_scenarios(server: LiveServer, echo: str, cookie: str) -> None:
    got = server.ask("GET", echo, auth=None, headers={"Cookie": cookie}).json
    assert got["cookies"] == {"a": "1", "b": "2"}
    assert "connect.sid" not in got["headers"]["cookie"]


def test_an_employees_session_names_the_user(server: LiveServer, echo: str) -> None:
    cookie = server.ask("GET", "/api/v1/profile/me").headers["Set-Cookie"].partition(";")[0]
    got = server.ask("GET", echo, auth=None, headers={"Cookie": cookie}).json
    assert got["user"] == {"id": server.api("GET", "/profile/me")["id"]}
    journaled = last_process(server)
    assert journaled["$initiator"][0]["id"] == got["user"]["id"]
    assert cookie.partition("=")[2] not in journaled["$input"]
    false = server.ask("GET", echo, auth=None, headers={"Cookie": "connect.sid=false"}).json
    assert false["user"] == {"id": None}


@pytest.mark.parametrize(
    "spelled",
    [
        *("a=1;{name}={token};b=2", 'a=1; {name}="{token}"; b=2', "a=1; Connect.SID={token};b=2"),
        *('$Version="1"; a=1; {name}={token}; b=2', "a=1\r\nCookie: {name}={token}\r\ncookie: b=2"),
    ],
)
def test_the_session_is_taken_however_it_is_spelled_and_never_shown(
    server: LiveServer, echo: str, spelled: str
) -> None:
    name, _, token = session_of(server).partition("=")
    cookies = spelled.format(name=name, token=token)
    got = json.loads(raw_get(server, echo, f"Cookie: {cookies}"))
    assert got["user"]["id"] is not None
    assert {key: value for key, value in got["cookies"].items() if key in "ab"} == {"a": "1", "b": "2"}
    assert token not in json.dumps(got)
    assert token not in json.dumps(last_process(server))


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    ("headers", "is_own"),
    [
        ({}, True),
        ({"Origin": "{url}"}, True),
        ({"Sec-Fetch-Site": "same-origin", "Referer": "https://evil.example/"}, True),
        ({"Sec-Fetch-Site": "none", "Upgrade-Insecure-Requests": "1"}, True),
        ({"Referer": "{url}/a/page?x", "Upgrade-Insecure-Requests": "1"}, True),
        ({"Origin": "https://evil.example"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "http://[", "Sec-Fetch-Site": "same-origin"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Referer": "https://evil.example/{url}"}, False),
        ({"Referer": "x:y"}, False),
        ({"Upgrade-Insecure-Requests": "1"}, False),  # by a link over plain HTTP, from wherever
    ],
)
def test_another_site_does_not_lend_the_session(
    server: LiveServer, echo: str, method: str, headers: dict[str, str], is_own: bool
) -> None:
    sent = {
        "Cookie": session_of(server),
        **{name: value.replace("{url}", server.url) for name, value in headers.items()},
    }
    got = server.ask(method, echo, auth=None, headers=sent).json
    assert (got["user"]["id"] is not None) == is_own


def session_of(server: LiveServer) -> str:
    return str(server.ask("GET", "/api/v1/profile/me").headers["Set-Cookie"]).partition(";")[0]


def raw_get(server: LiveServer, path: str, headers: str) -> bytes:
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n\r\n".encode())
        answer = b"".join(iter(lambda: connection.recv(65_536), b""))
    return answer.partition(b"\r\n\r\n")[2]


DEEP = {"a": {"b": [1, {"c": None}]}, "text": SQL, "n": 1.5, "t": True}
FORM = {"a": "1", "b": ["2", "3"], "c": {"d": {"e": "а"}}, "f": ""}
MULTIPART = (
    b'--X\r\nContent-Disposition: form-data; name="a[b]"\r\n\r\n1\r\n'
    b'--X\r\nContent-Disposition: form-data; name="name"\r\n\r\n\xd0\xb0\r\n'
    b'--X\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\nhello\r\n'
    b"--X--\r\n"
)
FILE = {"title": "a.txt", "mimeType": "text/plain", "size": 5, "src": "data:text/plain;base64,aGVsbG8="}


@pytest.mark.parametrize(
    ("body", "content_type", "read"),
    [
        (json.dumps(DEEP).encode(), "application/json", DEEP),
        (json.dumps(DEEP).encode(), "application/vnd.api+json; charset=utf-8", DEEP),
        (json.dumps(DEEP).encode(), "", DEEP),
        (json.dumps(DEEP).encode(), "text/plain", DEEP),
        (json.dumps(DEEP).encode(), "application/x-www-form-urlencoded", DEEP),
        ("\ufeff[1]".encode(), "application/json", [1]),
        ('{"a": "ё"}'.encode("cp1251"), "application/json; charset=windows-1251", {"a": "ё"}),
        (b"a=1&b[]=2&b[]=3&c[d][e]=%D0%B0&f", "application/x-www-form-urlencoded", FORM),
        (b"a=%E0&b=%E1", "application/x-www-form-urlencoded; charset=windows-1251", {"a": "а", "b": "б"}),
        (f"a={quote(SQL)}".encode(), "application/x-www-form-urlencoded; charset=UTF-8", {"a": SQL}),
        (MULTIPART, "multipart/form-data; boundary=X", {"a": {"b": "1"}, "name": "а", "file": FILE}),
        (b"<a x='1'><b>2</b><b>3</b></a>", "application/xml", {"a": {"@x": "1", "b": ["2", "3"]}}),
        ("<?xml version='1.0' encoding='windows-1251'?><a>ё</a>".encode("cp1251"), "text/xml", {"a": "ё"}),
        (b"<a>1</a>", "", {"a": "1"}),
        (b"<!DOCTYPE html><p>", "", "<!DOCTYPE html><p>"),
        (b"\r\n", "application/json", {}),
        (b" \t", "application/x-www-form-urlencoded", {}),
        (b'{"a": "cut \\ud83d"}', "application/json", {"a": "cut \ufffd"}),
        (b'{"a": 1}', "application/json; charset=utf-16", {"a": 1}),
        ("ё".encode(), "text/plain; charset=klingon", "ё"),
        (b"\\ud800+2AA-", "text/plain; charset=unicode_escape", "\\ud800+2AA-"),
        (b"goods[1001]=2&goods[1002]=5", "application/x-www-form-urlencoded", {"goods": {"1001": "2", "1002": "5"}}),
        (b"&".join(b"rows[%d][n]=1" % n for n in range(1_300)), "application/x-www-form-urlencoded",
         {"rows": [{"n": "1"}] * 1_300}),
        (f"a[{'9' * 4301}]=1".encode(), "application/x-www-form-urlencoded", {"a": {"9" * 4301: "1"}}),
        (b"<a>1</a>", "application/soap+xml; charset=utf-8", {"a": "1"}),
        ("привет".encode(), "text/plain", "привет"),
        ("привет".encode("cp1251"), "text/plain; charset=windows-1251", "привет"),
        ("просто текст".encode(), "", "просто текст"),
        (b"{only looks like it", "", "{only looks like it"),
        (b"\xff\xfe\x00", "", "data:application/octet-stream;base64,//4A"),
        (b"\x89PNG", "image/png", "data:image/png;base64,iVBORw=="),
        (b"", "application/json", {}),
        (b"", "multipart/form-data; boundary=X", {}),
        (b"null", "application/json", None),
        (b'"text"', "application/json", "text"),
        (b"1", "nonsense", "1"),
    ],
)  # fmt: skip
def test_bodies_are_told_apart(server: LiveServer, echo: str, body: bytes, content_type: str, read: object) -> None:
    answer = post(server, echo, body, content_type)
    assert answer.status == 200, answer.body
    assert answer.json["body"] == read


ENCODINGS = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "GZip": gzip.compress,
    "deflate": zlib.compress,
    "Deflate": lambda content: zlib.compress(content, wbits=-zlib.MAX_WBITS),
    "br": brotli.compress,
    "identity": bytes,
    "utf-8": bytes,
    "identity, gzip": gzip.compress,
    "br, gzip": lambda content: gzip.compress(brotli.compress(content)),
}


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize(
    ("body", "content_type", "read"),
    [
        (json.dumps(DEEP).encode(), "application/json", DEEP),
        (b"a=1", "application/x-www-form-urlencoded", {"a": "1"}),
        (b"<a>1</a>", "text/xml", {"a": "1"}),
        (MULTIPART, "multipart/form-data; boundary=X", {"a": {"b": "1"}, "name": "а", "file": FILE}),
        ("привет".encode(), "text/plain", "привет"),
        ("привет".encode(), "", "привет"),
        (b"", "", {}),
    ],
)
def test_bodies_are_unpacked(
    server: LiveServer, echo: str, encoding: str, body: bytes, content_type: str, read: object
) -> None:
    headers = {"Content-Type": content_type, "Content-Encoding": encoding}
    answer = server.ask("POST", echo, ENCODINGS[encoding](body), auth=None, headers=headers)
    assert answer.status == 200, answer.body
    assert answer.json["body"] == read


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br"])
def test_what_does_not_unpack_is_refused(server: LiveServer, echo: str, encoding: str) -> None:
    packed = ENCODINGS[encoding](b"0123456789" * 2_000_000)
    assert len(packed) < 100_000
    for body, status, code in (
        (packed, 413, "too_large"),
        (ENCODINGS[encoding](json.dumps(DEEP).encode())[:-1], 400, "bad_request"),
        (b"\x01\x02\x03 no such thing", 400, "bad_request"),
    ):
        for content_type in ("application/json", "text/plain", ""):
            headers = {"Content-Type": content_type, "Content-Encoding": encoding}
            assert_problem(server.ask("POST", echo, body, auth=None, headers=headers), status, code)


@pytest.mark.parametrize("encoding", ["foo", "compress", "gzip, foo", "gzip" + ", gzip" * 4, "\xff", "x" * 5_000])
def test_an_unknown_encoding_is_refused(server: LiveServer, echo: str, encoding: str) -> None:
    for path in (echo, "/auth/login", "/api/v1/sections"):
        answer = server.ask("POST", path, b"{}", headers={"Content-Encoding": encoding, "Content-Type": "text/plain"})
        problem = assert_problem(answer, 415, "unsupported_media_type")
        assert "gzip" in problem["detail"]


def test_a_file_of_a_form_becomes_a_value(server: LiveServer) -> None:
    section = server.api("POST", "/sections", {"name": "Uploads"})["id"]
    fields = [{"id": "file", "name": "File", "type": "file"}]
    catalog = server.api("POST", "/catalogs", {"name": "Uploads", "sectionId": section, "fields": fields})["id"]
    scenario = ScenarioFile().start("add").flow("add", "end").end()
    scenario.call("add", "bpiumAdd", {"catalogId": catalog, "values1": {"file": js("body.file")}})
    path = listen(server, "upload", scenario.xml)

    assert post(server, path, MULTIPART, "multipart/form-data; boundary=X").status == 200

    ((file,),) = [record["values"]["file"] for record in server.api("GET", f"/catalogs/{catalog}/records")]
    assert (file["title"], file["mimeType"], file["size"]) == ("a.txt", "text/plain", 5)
    assert server.ask("GET", file["url"].removeprefix(server.url), auth=None).body == b"hello"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b'{"a": ', "application/json"),
        (b'{"a": "\xff"}', "application/json"),
        (b"<a>", "application/xml"),
        (b"<a>&x;</a>", "application/xml"),
        (b"<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", "application/xml"),
        (b"<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>", "text/xml"),
        (b"a=%FF", "application/x-www-form-urlencoded"),
        (b"x", "multipart/form-data; boundary=X"),
        (b"--X\r\n\r\nx", "multipart/form-data; boundary=X"),
        (b"--X--", "multipart/form-data"),
        (b"<!DOCTYPE a [<!ATTLIST a b CDATA 'x'>]><a/>", "text/xml"),
        (b"<!DOCTYPE a><a/>", "a/b+xml"),
    ],
)
def test_a_body_that_is_not_what_it_says_is_refused(
    server: LiveServer, echo: str, body: bytes, content_type: str
) -> None:
    before = server.api("GET", "/catalogs/$processes/records?limit=1")
    assert_problem(post(server, echo, body, content_type), 400, "bad_request")
    assert server.api("GET", "/catalogs/$processes/records?limit=1") == before


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"[" * 101 + b"]" * 101, "application/json"),
        (b"[" * 100_000, "application/json"),
        (b"<a>" * 101 + b"</a>" * 101, "application/xml"),
        (b"<a>" * 100_000, "text/xml"),
        (b"a" + b"[b]" * 101 + b"=1", "application/x-www-form-urlencoded"),
        (b"&".join(b"a%d=1" % number for number in range(100_001)), "application/x-www-form-urlencoded"),
        (b"[" + b"{}," * 1_000_000 + b"{}]", "application/json"),
        (b"<a>" + b"<b/>" * 1_000_000 + b"</a>", "text/xml"),
        (b"x" * 20_000_000, "text/plain"),
        (b"x" * 20_000_000, "application/octet-stream"),
    ],
    ids=range(10),
)
def test_a_body_past_a_limit_is_refused(server: LiveServer, echo: str, body: bytes, content_type: str) -> None:
    problem = assert_problem(post(server, echo, body, content_type), 413, "too_large")
    if len(body) > 16_777_216:
        assert "limits.body_bytes" in problem["detail"]


def test_a_bad_query_is_refused(server: LiveServer, echo: str) -> None:
    assert_problem(server.ask("GET", echo + "?a=%FF", auth=None), 400, "bad_request")
    assert_problem(server.ask("GET", f"{echo}?a{'[b]' * 101}=1", auth=None), 413, "too_large")


def test_nobody_listens(server: LiveServer, echo: str) -> None:
    for path in ("nothing", "", "/", "%00", "$users", "1", quote(SQL), "echo2", "..%2Fecho", "a" * 300):
        for method in ("GET", "POST"):
            assert_problem(server.ask(method, f"/api/webrequest/{path}", auth=None), 404, "not_found")
    assert server.ask("GET", echo.upper().replace("/API/WEBREQUEST", "/api/webrequest"), auth=None).status == 200


def test_a_listener_is_switched_off_and_on(server: LiveServer) -> None:
    path = listen(server, "switched", answering(_body="'on'"))
    listener = server.api("GET", "/catalogs/$webRequests/records?limit=1")[0]["id"]
    record = f"/catalogs/$webRequests/records/{listener}"
    server.api("PATCH", record, {"values": {"$status": ["$off"]}})
    assert_problem(server.ask("POST", path, auth=None), 404, "not_found")
    server.api("PATCH", record, {"values": {"$status": None}})
    assert_problem(server.ask("POST", path, auth=None), 404, "not_found")
    server.api("PATCH", record, {"values": {"$status": "$on", "$urlId": "moved"}})
    assert_problem(server.ask("POST", path, auth=None), 404, "not_found")
    assert server.ask("POST", "/api/webrequest/moved", auth=None).body == b"on"
    script = server.api("GET", record)["values"]["$script"][0]["recordId"]
    server.api("DELETE", f"/catalogs/$scripts/records/{script}")
    assert_problem(server.ask("POST", "/api/webrequest/moved", auth=None), 404, "not_found")
    server.api("DELETE", record)
    assert_problem(server.ask("POST", "/api/webrequest/moved", auth=None), 404, "not_found")


def test_a_scenario_is_replaced(server: LiveServer) -> None:
    path = listen(server, "replaced", answering(_body="'first'"))
    script = server.api("GET", "/catalogs/$scripts/records?limit=1")[0]
    assert server.ask("GET", path, auth=None).body == b"first"
    record = f"/catalogs/$scripts/records/{script['id']}"
    server.api("PATCH", record, {"values": {"$file": as_file(answering(_body="'second'"))}})
    assert server.ask("GET", path, auth=None).body == b"second"
    server.api("PATCH", record, {"values": {"$name": "Renamed"}})
    assert server.ask("GET", path, auth=None).body == b"second"


@pytest.mark.parametrize("url_id", ["a b", "a//b", "ё", "a" * 201, "../x", "a?b", "echo", "ECHO", "x\n", "%41"])
def test_an_address_that_cannot_be(server: LiveServer, echo: str, url_id: str) -> None:
    script = server.api("GET", "/catalogs/$scripts/records?limit=1")[0]["id"]
    values = {"$name": "x", "$urlId": url_id, "$script": [{"catalogId": "$scripts", "recordId": script}]}
    before = server.api("GET", "/catalogs/$webRequests/records")
    answer = server.ask("POST", "/api/v1/catalogs/$webRequests/records", {"values": values})
    assert_problem(answer, 400, "invalid_value", "$urlId")
    assert server.api("GET", "/catalogs/$webRequests/records") == before


# what comes out


def test_the_answer_is_empty_where_nothing_is_set(talker: Talker) -> None:
    answer = talker.answer(x="1")
    assert (answer.status, answer.body) == (200, b"")


@pytest.mark.parametrize(
    ("body", "content_type", "sent"),
    [
        ("'text ё'", "text/html; charset=utf-8", "text ё".encode()),
        ("'<b>x</b>'", "text/html; charset=utf-8", b"<b>x</b>"),
        ("({a: [1, 'ё', null, 0.5]})", "application/json", '{"a":[1,"ё",null,0.5]}'.encode()),
        ("[1, 2]", "application/json", b"[1,2]"),
        ("5", "application/json", b"5"),
        ("true", "application/json", b"true"),
        ("''", "", b""),
        ("null", "", b""),
        ("undefined", "", b""),
        ("'a\\u0000b'", "text/html; charset=utf-8", b"a\x00b"),
    ],
)
def test_bodies_of_answers(talker: Talker, body: str, content_type: str, sent: bytes) -> None:
    answer = talker.answer(_body=body)
    assert (answer.status, answer.body) == (200, sent)
    assert answer.headers.get_all("Content-Type", []) == ([content_type] if content_type else [])


@pytest.mark.parametrize(
    ("status", "answered"), [("201", 201), ("'404'", 404), ("503.0", 503), ("302", 302), ("599", 599), ("null", 200)]
)
def test_statuses(talker: Talker, status: str, answered: int) -> None:
    answer = talker.answer(_status=status, _body="'x'", _headers="({Location: '/x'})")
    assert (answer.status, answer.body) == (answered, b"x")


@pytest.mark.parametrize(
    "status", ["100", "600", "0", "-1", "'many'", "true", "({})", "[200]", "200.5", "1e300", "'９９９'"]
)
def test_a_status_that_is_none(talker: Talker, server: LiveServer, status: str) -> None:
    assert_problem(talker.answer(_status=status, _body="'x'"), 500, "process_failed")


@pytest.mark.parametrize("status", [204, 205, 304])
def test_answers_that_have_no_body(talker: Talker, status: int) -> None:
    answer = talker.answer(_status=str(status), _body="'x'")
    assert (answer.status, answer.body) == (status, b"")


def test_headers_of_answers(talker: Talker) -> None:
    headers = """({
        'Content-Type': 'application/xml; charset=utf-8', 'X-Text': 'a b', 'X-Number': 5, 'X-True': true, 'X-Ё': 'x',
        'Access-Control-Allow-Origin': 'https://site.example', 'Connection': 'close', 'Transfer-Encoding': 'chunked',
        'Content-Length': '1', 'Set-Cookie': 'a=b; Path=/'
    })"""
    answer = talker.answer(_headers=headers.replace("'X-Ё': 'x',", ""), _body="'<a/>'")
    assert (answer.status, answer.body) == (200, b"<a/>")
    assert answer.headers["Content-Type"] == "application/xml; charset=utf-8"
    assert (answer.headers["X-Text"], answer.headers["X-Number"], answer.headers["X-True"]) == ("a b", "5", "true")
    assert answer.headers["Access-Control-Allow-Origin"] == "https://site.example"
    assert answer.headers["Set-Cookie"] == "a=b; Path=/"
    assert answer.headers.get_all("Content-Length") == ["4"]


def test_a_page_of_a_process_acts_in_an_origin_of_its_own(talker: Talker) -> None:
    answer = talker.answer(_body="'<script>fetch(\"/api/v1/catalogs\")</script>'")
    assert answer.headers["Content-Security-Policy"].startswith("sandbox")
    assert "allow-same-origin" not in answer.headers["Content-Security-Policy"]
    own = talker.answer(_body="'x'", _headers="({'content-security-policy': \"default-src 'none'\"})")
    assert own.headers["Content-Security-Policy"] == "default-src 'none'"
    for kind in ("image/svg+xml", "application/xhtml+xml", "text/xml", "x/y", "TEXT/HTML"):
        answer = talker.answer(_body="'x'", _headers=f"({{'Content-Type': '{kind}'}})")
        assert answer.headers["Content-Security-Policy"].startswith("sandbox")


@pytest.mark.parametrize(
    "variables",
    [
        {"_body": "({a: 1})"},
        {"_body": "'x'", "_headers": "({'content-type': 'text/plain; charset=utf-8'})"},
        {"_body": "'a;b'", "_headers": "({'Content-Type': 'text/csv'})"},
        {"_body": "'{}'", "_headers": "({'Content-Type': 'application/problem+json'})"},
        {"_status": "302", "_headers": "({Location: 'https://example.com'})"},
    ],
)
def test_nothing_is_added_to_what_is_no_page(talker: Talker, variables: dict[str, str]) -> None:
    assert "Content-Security-Policy" not in talker.answer(**variables).headers


@pytest.mark.parametrize(
    "content_type",
    [
        "text/html;",
        "text/html",
        "text/plain; charset=windows-1251",
        "text/html; charset=utf-8",
        "image/png",
        "nonsense",
    ],
)
@pytest.mark.parametrize("name", ["Content-type", "content-type", "CONTENT-TYPE"])
def test_the_content_type_goes_out_as_it_was_written(talker: Talker, name: str, content_type: str) -> None:
    answer = talker.answer(_body="'x'", _headers=f"({{'{name}': '{content_type}'}})")
    assert answer.headers.get_all("Content-Type") == [content_type]


def test_a_list_makes_a_header_several_times(talker: Talker) -> None:
    answer = talker.answer(_headers="({'Set-Cookie': ['a=1; Path=/', 'b=2'], 'X-A': []})")
    assert answer.headers.get_all("Set-Cookie") == ["a=1; Path=/", "b=2"]
    assert "X-A" not in answer.headers


@pytest.mark.parametrize(
    "headers",
    [
        "({'X-A': 'a\\r\\nX-Injected: 1'})",
        "({'X-A\\r\\nX-Injected': '1'})",
        "({'X-A': 'a\\nX-Injected: 1'})",
        "({'X-A': 'a\\u0000b'})",
        "({'X A': '1', 'X-Ё': '1', '': '1', 'X:A': '1', 'X(A)': '1'})",
        "({'X-A': 'ёлка 😀'})",
        "({'X-A': '\\u0007\\u007f'})",
        "({'Content-Type': 'text/html\\r\\nX-Injected: 1'})",
        "({'X-A': ['a', 'b'], 'X-B': {a: 1}, 'X-C': null})",
    ],
)
def test_a_header_cannot_begin_another(talker: Talker, headers: str) -> None:
    answer = talker.answer(_headers=headers, _body="'x'")
    assert (answer.status, answer.body) == (200, b"x")
    assert "X-Injected" not in answer.headers


@pytest.mark.parametrize("headers", ["'text'", "[1]", "5", "true"])
def test_headers_that_are_none(talker: Talker, headers: str) -> None:
    assert_problem(talker.answer(_headers=headers), 500, "process_failed")


def test_a_preflight_is_answered_without_a_process(server: LiveServer, echo: str) -> None:
    before = server.api("GET", "/catalogs/$processes/records?limit=1")
    headers = {
        "Origin": "https://site.example",
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "X-Own, Content-Type",
    }
    answer = server.ask("OPTIONS", echo, auth=None, headers=headers)
    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers["Access-Control-Allow-Origin"] in ("*", "https://site.example")
    assert answer.headers["Access-Control-Allow-Methods"] == "PUT"
    assert answer.headers["Access-Control-Allow-Headers"] == "X-Own, Content-Type"
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert server.api("GET", "/catalogs/$processes/records?limit=1") == before
    plain = server.ask("GET", echo, auth=None, headers={"Origin": "https://site.example"})
    assert "Access-Control-Allow-Origin" not in plain.headers  # whether a page may read it, the process says


# asynchronous


@pytest.mark.parametrize("query", ["?async=true", "/?async=true", "/behind?x=1&async=TRUE"])
def test_an_asynchronous_request_is_answered_at_once(server: LiveServer, query: str) -> None:
    url_id = f"later-{sum(map(ord, query))}"
    path = listen(server, url_id, answering(_body="'never seen'", _status="500", out="event.async + ':' + body.a"))
    answer = server.ask("POST", path + query, {"a": SQL}, auth=None)
    assert (answer.status, answer.body) == (200, b"")

    def done() -> dict[str, Any] | None:
        process = last_process(server)
        return (
            process
            if process["$status"] == ["$done"] and SQL in json.loads(process["$result"]).get("out", "")
            else None
        )

    process = wait_until(done, "the end of the process")
    assert process["$mode"] == ["$async"]
    assert json.loads(process["$result"])["out"] == f"true:{SQL}"
    assert process["$event"][0]["recordTitle"] == url_id


def test_what_the_journal_says_of_a_process(server: LiveServer, echo: str) -> None:
    token = base64.b64encode(b"someone:secret").decode()
    server.ask(
        "POST", f"{echo}?x=1", {"a": SQL}, auth=None, headers={"Authorization": f"Basic {token}", "X-Api-Key": "k"}
    )
    process = last_process(server)
    assert (process["$status"], process["$mode"]) == (["$done"], ["$sync"])
    assert process["$startedAt"] <= process["$finishedAt"]
    assert process["$duration"] >= 0
    given = json.loads(process["$input"])
    assert (given["body"], given["query"], given["method"]) == ({"a": SQL}, {"x": "1"}, "POST")
    assert token not in process["$input"]
    assert given["headers"]["x-api-key"] == "********"
    assert process["$script"][0]["catalogId"] == "$scripts"
