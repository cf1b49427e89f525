"""Who may come in, how, and when they are out again."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from employees import add_employee
from live_server import EMAIL, PASSWORD, Answer, LiveServer, wait_until
from obmen import settings
from problems import assert_problem

ME = "/api/v1/profile/me"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module")
def server(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server that never has enough of wrong passwords."""
    with LiveServer(tmp_path_factory.mktemp("signs") / "data", new_database(), OBMEN_RATE_SIGN_IN_ATTEMPTS="0") as live:
        yield live


def cookie_of(answer: Answer) -> str:
    cookie: SimpleCookie = SimpleCookie(answer.headers["Set-Cookie"])
    return f"connect.sid={cookie['connect.sid'].value}"


def sign_in(server: LiveServer, email: str = EMAIL, password: str = PASSWORD) -> str:
    answer = server.ask("POST", "/auth/login", {"email": email, "password": password}, auth=None)
    assert answer.status == 200
    return cookie_of(answer)


def me(server: LiveServer, cookie: str) -> Answer:
    return server.ask("GET", ME, auth=None, headers={"Cookie": cookie})


def test_basic_answers_with_a_session(server: LiveServer) -> None:
    answer = server.ask("GET", ME)
    assert answer.json["email"] == EMAIL
    assert set(answer.json) == {"id", "email", "title", "subjects"}
    cookie: SimpleCookie = SimpleCookie(answer.headers["Set-Cookie"])
    morsel = cookie["connect.sid"]
    assert (morsel["httponly"], morsel["samesite"], morsel["path"], morsel["secure"]) == (True, "Lax", "/", "")
    assert int(morsel["max-age"]) > 0
    assert len(morsel.value) > 30
    assert me(server, cookie_of(answer)).json == answer.json


def test_the_scheme_is_read_whatever_the_case(server: LiveServer) -> None:
    for scheme in ("basic", "BASIC"):
        answer = server.ask(
            "GET", ME, auth=None, headers={"Authorization": f"{scheme} YWRtaW5Ab2JtZW4ubG9jYWw6Y29ycmVjdCBob3JzZQ=="}
        )
        assert answer.status == 200


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (json.dumps({"email": EMAIL, "password": PASSWORD}).encode(), {"Content-Type": "application/json"}),
        (urlencode({"email": EMAIL, "password": PASSWORD}).encode(), FORM),
        (
            json.dumps({"email": EMAIL.upper(), "password": PASSWORD}).encode(),
            {"Content-Type": "application/json; charset=utf-8"},
        ),
        (json.dumps({"email": EMAIL, "password": PASSWORD}).encode(), FORM),
    ],
)
def test_sign_in_by_post(server: LiveServer, slash: str, body: bytes, headers: dict[str, str]) -> None:
    answer = server.ask("POST", f"/auth/login{slash}", body, auth=None, headers=headers)
    assert answer.status == 200
    assert answer.json["email"] == EMAIL
    assert me(server, cookie_of(answer)).status == 200


@pytest.mark.parametrize(
    "sent",
    [
        {"login": EMAIL, "password": PASSWORD},
        {"login": EMAIL.upper(), "password": PASSWORD, "email": ""},
        {"email": EMAIL, "login": "somebody else", "password": PASSWORD},
    ],
)
def test_the_sign_in_is_called_email_or_login(server: LiveServer, sent: dict[str, str]) -> None:
    form = server.ask("POST", "/auth/login", urlencode(sent).encode(), auth=None, headers=FORM)
    for answer in (form, server.ask("POST", "/auth/login", sent, auth=None)):
        assert (answer.status, answer.json["email"]) == (200, EMAIL)
        assert me(server, cookie_of(answer)).status == 200


@pytest.mark.parametrize("slash", ["", "/"])
def test_nobody_signs_in_by_an_address_unless_it_is_allowed(server: LiveServer, slash: str) -> None:
    path = f"/auth/login{slash}?{urlencode({'login': EMAIL, 'password': PASSWORD})}"
    answer = server.ask("GET", path, auth=None)
    assert_problem(answer, 405, "method_not_allowed")
    assert answer.headers["Allow"] == server.ask("OPTIONS", path, auth=None).headers["Allow"] == "OPTIONS, POST"
    assert "Set-Cookie" not in answer.headers


def test_a_refusal_does_not_say_whether_the_account_exists(server: LiveServer) -> None:
    known = server.ask("POST", "/auth/login", {"email": EMAIL, "password": "wrong"}, auth=None)
    unknown = server.ask("POST", "/auth/login", {"email": "nobody@example.com", "password": "wrong"}, auth=None)
    assert_problem(known, 401, "not_authenticated")
    assert known.body == unknown.body
    assert "Set-Cookie" not in known.headers
    basic = [server.ask("GET", ME, auth=auth) for auth in ((EMAIL, "wrong"), ("nobody@example.com", "wrong"))]
    assert basic[0].body == basic[1].body == known.body
    assert "WWW-Authenticate" not in basic[0].headers  # a browser would ask by itself (contract: Basic)


@pytest.mark.parametrize(
    "body",
    [
        *({}, {"email": EMAIL}, {"password": PASSWORD}, {"email": [EMAIL], "password": [PASSWORD, "x"]}),
        *(
            {"email": {"a": EMAIL}, "password": PASSWORD},
            {"email": EMAIL, "password": None},
            {"email": True, "password": 1},
        ),
        *({"email": "' or 1=1 --", "password": "' or 1=1 --"}, {"email": "a\x00", "password": "a\x00"}),
        *({"email": EMAIL + "\x00", "password": PASSWORD}, {"email": EMAIL, "password": PASSWORD + "\x00"}),
        {"email": "x" * 1_000, "password": "y" * 10_000},
        {"email": "%", "password": PASSWORD},
    ],
)
def test_a_bad_sign_in(server: LiveServer, body: object) -> None:
    assert_problem(server.ask("POST", "/auth/login", body, auth=None), 401, "not_authenticated")


def test_sign_out(server: LiveServer) -> None:
    cookie = sign_in(server)
    other = sign_in(server)
    answer = server.ask("POST", "/auth/logout", auth=None, headers={"Cookie": cookie})
    assert answer.status == 200
    assert SimpleCookie(answer.headers["Set-Cookie"])["connect.sid"]["max-age"] == "0"
    assert_problem(me(server, cookie), 401, "not_authenticated")
    assert me(server, other).status == 200
    assert server.ask("POST", "/auth/logout", auth=None, headers={"Cookie": "connect.sid=x"}).status == 200
    assert server.ask("POST", "/auth/logout", auth=None).status == 200
    assert server.ask("GET", ME).status == 200  # Basic opens a new one


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": "{url}"}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": ""}, 403),
        ({"Origin": "{url}.evil.example"}, 403),
        ({"Origin": "http://evil.example/{url}"}, 403),
        ({"Origin": "http://localhost"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
    ],
)
def test_a_cookie_does_not_act_for_pages_of_other_sites(
    server: LiveServer, headers: dict[str, str], status: int
) -> None:
    sent = {"Cookie": sign_in(server), **{name: value.replace("{url}", server.url) for name, value in headers.items()}}
    for method, path, body in (
        ("POST", "/api/v1/sections", {"name": "By a page"}),
        ("PATCH", "/api/v1/sections/1", {}),
        ("DELETE", "/api/v1/sections/999", None),
    ):
        before = server.api("GET", "/sections")
        answer = server.ask(method, path, body, auth=None, headers=sent)
        if status == 403:
            assert_problem(answer, 403, "forbidden")
            assert server.api("GET", "/sections") == before
        else:
            assert answer.status in (200, 404)
    assert server.ask("GET", ME, auth=None, headers=sent).status == 200  # reading is the browser's business
    assert "Access-Control-Allow-Origin" not in server.ask("GET", ME, auth=None, headers=sent).headers


def test_a_removed_employee_is_out_at_once(server: LiveServer) -> None:
    add_employee(server, "short@example.com", "short of time")
    auth = ("short@example.com", "short of time")
    cookie = sign_in(server, *auth)
    assert me(server, cookie).status == 200
    assert server.ask("GET", ME, auth=auth).status == 200
    user = me(server, cookie).json["id"]

    server.api("DELETE", f"/catalogs/$users/records/{user}")

    wait_until(lambda: me(server, cookie).status == 401, "the end of the session", 5)
    assert_problem(server.ask("GET", ME, auth=auth), 401, "not_authenticated")
    body = {"email": auth[0], "password": auth[1]}
    assert_problem(server.ask("POST", "/auth/login", body, auth=None), 401, "not_authenticated")


def test_a_new_password_ends_sessions(server: LiveServer) -> None:
    add_employee(server, "careful@example.com", "first password")
    cookie = sign_in(server, "careful@example.com", "first password")
    assert server.ask("GET", ME, auth=("careful@example.com", "first password")).status == 200

    add_employee(server, "careful@example.com", "second password")

    wait_until(lambda: me(server, cookie).status == 401, "the end of the session", 5)
    assert server.ask("GET", ME, auth=("careful@example.com", "first password")).status == 401
    assert server.ask("GET", ME, auth=("careful@example.com", "second password")).status == 200


def test_a_new_address_ends_the_old_sign_in(server: LiveServer) -> None:
    add_employee(server, "old@example.com", "same password")
    cookie = sign_in(server, "old@example.com", "same password")
    user = me(server, cookie).json["id"]
    server.api("PATCH", f"/catalogs/$users/records/{user}", {"values": {"$name": "Renamed"}})
    assert me(server, cookie).json["title"] == "Renamed"

    server.api("PATCH", f"/catalogs/$users/records/{user}", {"values": {"$email": "new@example.com"}})

    wait_until(lambda: me(server, cookie).status == 401, "the end of the session", 5)
    for email in ("old@example.com", "new@example.com"):
        body = {"email": email, "password": "same password"}
        assert_problem(server.ask("POST", "/auth/login", body, auth=None), 401, "not_authenticated")


def test_employees_are_told_apart(server: LiveServer) -> None:
    values = {"$name": "Twin", "$email": "twin@example.com"}
    server.api("POST", "/catalogs/$users/records", {"values": values})
    before = server.api("GET", "/catalogs/$users/records")
    for email in (
        "twin@example.com",
        "TWIN@example.com",
        "no address",
        "a@b@c",
        "a\x00@b",
        "@",
        "x" * 9_000 + "@b",
    ):
        answer = server.ask("POST", "/api/v1/catalogs/$users/records", {"values": {**values, "$email": email}})
        assert_problem(answer, 400, "invalid_value", "$email")
    assert server.api("GET", "/catalogs/$users/records") == before


def test_the_last_administrator_stays(server: LiveServer) -> None:
    my_id = server.api("GET", "/profile/me")["id"]
    path = f"/api/v1/catalogs/$users/records/{my_id}"
    assert_problem(server.ask("DELETE", path), 409, "conflict")
    for lost in (
        {"$role": ["$user"]},
        {"$role": []},
        {"$role": "$extuser", "$name": "x"},
        {"$email": None},
        {"$email": ""},
    ):
        assert_problem(server.ask("PATCH", path, {"values": lost}), 409, "conflict")
    read = server.api("GET", f"/catalogs/$users/records/{my_id}")["values"]
    assert read["$role"] == ["$admin"]
    server.api("PATCH", f"/catalogs/$users/records/{my_id}", {"values": read})  # as it was read
    assert server.ask("GET", ME).status == 200
    assert server.api("GET", f"/catalogs/$users/records/{my_id}")["id"] == my_id


@pytest.fixture(scope="module")
def linked(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server where a link may sign in, behind a proxy on this machine; five requests of an address are allowed."""
    with LiveServer(
        tmp_path_factory.mktemp("linked") / "data",
        new_database(),
        OBMEN_HTTP_SIGN_IN_BY_GET="true",
        OBMEN_HTTP_TRUSTED_PROXIES="127.0.0.0/8, 10.0.0.0/8",
        OBMEN_RATE_ADDRESS_REQUESTS="5",
        OBMEN_RATE_WINDOW_S="600",
    ) as live:
        yield live


@pytest.mark.parametrize("name", ["login", "email"])
def test_a_link_signs_in_where_it_is_allowed(linked: LiveServer, name: str) -> None:
    def ask(**sent: str) -> Answer:
        headers = {"X-Forwarded-For": f"203.0.113.{ord(name[0])}"}
        return linked.ask("GET", f"/auth/login?{urlencode(sent)}", auth=None, headers=headers)

    answer = ask(**{name: EMAIL, "password": PASSWORD})
    assert (answer.status, answer.json["email"]) == (200, EMAIL)
    assert me(linked, cookie_of(answer)).status == 200
    for wrong in ({name: EMAIL, "password": "wrong"}, {name: EMAIL}, {}):
        assert_problem(ask(**wrong), 401, "not_authenticated")
    assert linked.ask("OPTIONS", "/auth/login", auth=None).headers["Allow"] == "GET, HEAD, OPTIONS, POST"


@pytest.fixture(scope="module")
def guarded(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server that has had enough after three wrong passwords, and counts requests."""
    with LiveServer(
        tmp_path_factory.mktemp("guarded") / "data",
        new_database(),
        OBMEN_RATE_SIGN_IN_ATTEMPTS="3",
        OBMEN_RATE_USER_REQUESTS="20",
        OBMEN_RATE_ADDRESS_REQUESTS="60",
        OBMEN_RATE_WINDOW_S="600",
    ) as live:
        yield live


def test_requests_of_one_employee_are_limited(guarded: LiveServer) -> None:
    cookie = sign_in(guarded)
    answers = [me(guarded, cookie) for _ in range(21)]
    assert [answer.status for answer in answers] == [200] * 20 + [429]
    problem = assert_problem(answers[-1], 429, "too_many_requests")
    assert "20" in problem["detail"]
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 601
    assert [int(answer.headers["RateLimit-Remaining"]) for answer in answers] == [*range(19, -1, -1), 0]
    for answer in answers:
        assert (answer.headers["RateLimit-Limit"], answer.headers["RateLimit-Policy"]) == ("20", "20;w=600")
        assert 0 < int(answer.headers["RateLimit-Reset"]) <= 601


def test_limits_are_on_by_default(tmp_path: Path) -> None:
    rate = settings.load(tmp_path, {}).rate
    assert (rate.user_requests, rate.address_requests, rate.window_s) == (100, 1_000, 30)


def guess(server: LiveServer, login: str, password: str, address: str = "127.0.0.1") -> Answer:
    body, headers = {"email": login, "password": password}, {"X-Forwarded-For": address}
    return server.ask("POST", "/auth/login", body, auth=None, headers=headers)


def test_many_wrong_passwords_at_once_are_counted(guarded: LiveServer) -> None:
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda number: guess(guarded, "target@example.com", f"guess {number}"), range(12)))
    assert sorted(answer.status for answer in answers) == [401] * 3 + [429] * 9
    refused = next(answer for answer in answers if answer.status == 429)
    assert_problem(refused, 429, "too_many_requests")
    assert 0 < int(refused.headers["Retry-After"]) <= 901


@pytest.fixture(scope="module")
def pair(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """Two processes behind a proxy, which have had enough after four wrong passwords."""
    with LiveServer(
        tmp_path_factory.mktemp("pair") / "data",
        new_database(),
        OBMEN_HTTP_WORKERS="2",
        OBMEN_HTTP_TRUSTED_PROXIES="127.0.0.0/8",
        OBMEN_RATE_SIGN_IN_ATTEMPTS="4",
    ) as live:
        add_employee(live, "bob@example.com", "bob's password")
        yield live


@pytest.mark.parametrize("login", ["bob@example.com", "nobody@example.com"])
def test_failed_sign_ins_count_in_all_processes(pair: LiveServer, login: str) -> None:
    answers = [guess(pair, login, f"guess {number}", "203.0.113.10") for number in range(12)]
    assert [answer.status for answer in answers] == [401] * 4 + [429] * 8
    assert guess(pair, login.upper(), "guess", "203.0.113.10").status == 429
    log = pair.log.read_text()
    assert '"event": "sign_in_refused"' in log
    assert "guess 0" not in log


def test_guesses_of_strangers_lock_nobody_out(pair: LiveServer) -> None:
    bob = ("bob@example.com", "bob's password")
    basic = {"X-Forwarded-For": "198.51.100.2"}
    assert guess(pair, *bob, "198.51.100.1").status == 200
    assert pair.ask("GET", ME, auth=bob, headers=basic).status == 200
    for network in range(8):
        for number in range(5):
            guess(pair, bob[0], f"guess {number}", f"203.0.113.{100 + network}")
    assert guess(pair, *bob, "198.51.100.1").status == 200
    assert guess(pair, *bob, "198.51.100.77").status == 200  # from where he never was
    for _ in range(4):
        assert pair.ask("GET", ME, auth=bob, headers=basic).status == 200


def test_a_right_password_is_right_after_guesses_from_the_same_address(pair: LiveServer) -> None:
    address, bob = "198.51.100.3", ("bob@example.com", "bob's password")
    assert guess(pair, *bob, address).status == 200
    assert [guess(pair, bob[0], f"guess {number}", address).status for number in range(5)] == [401] * 5
    assert guess(pair, *bob, address).status == 200


def test_many_made_up_names_slow_an_address_and_lock_nobody_out(pair: LiveServer) -> None:
    address = "198.51.100.4"
    add_employee(pair, "eve@example.com", "eve's password")
    assert guess(pair, "bob@example.com", "bob's password", address).status == 200
    for number in range(21):
        assert guess(pair, f"nobody{number}@example.com", "guess", address).status == 401
    assert guess(pair, "bob@example.com", "bob's password", address).status == 200
    assert guess(pair, "eve@example.com", "eve's password", address).status == 200  # she was never there before


def test_basic_sign_ins_share_a_session(pair: LiveServer) -> None:
    add_employee(pair, "often@example.com", "often's password")
    auth = ("often@example.com", "often's password")
    answers = [pair.ask("GET", ME, auth=auth, headers={"X-Forwarded-For": f"192.0.2.{n}"}) for n in range(6)]
    assert len({cookie_of(answer) for answer in answers}) == 1
    assert me(pair, cookie_of(answers[0])).json["email"] == auth[0]


def test_an_administrators_right_is_taken_away(pair: LiveServer) -> None:
    def sections(**options: Any) -> int:
        return pair.ask("POST", "/api/v1/sections", {"name": "New"}, **options).status

    auth = ("second@example.com", "second's password")
    add_employee(pair, *auth, "--admin")
    cookie = sign_in(pair, *auth)
    user = me(pair, cookie).json["id"]
    path = f"/catalogs/$users/records/{user}"
    assert pair.api("GET", path)["values"]["$role"] == ["$admin"]
    for _ in range(6):  # both processes remember them
        assert sections(auth=auth) == sections(auth=None, headers={"Cookie": cookie}) == 200

    pair.api("PATCH", path, {"values": {"$role": ["$user"]}})

    wait_until(lambda: sections(auth=auth) == 403, "the end of the right", 5)
    wait_until(lambda: all(sections(auth=auth) == 403 for _ in range(6)), "the end of the right everywhere", 5)
    assert {sections(auth=None, headers={"Cookie": cookie}) for _ in range(6)} == {403}
    assert me(pair, cookie).json["id"] == user  # the employee stays, and so does the session
    pair.api("PATCH", path, {"values": {"$role": "$admin"}})
    wait_until(lambda: all(sections(auth=auth) == 200 for _ in range(6)), "the right", 5)
    pair.api("PATCH", path, {"values": {"$role": None}})
    wait_until(lambda: all(sections(auth=auth) == 403 for _ in range(6)), "the end of the right", 5)


def test_a_large_sign_in_is_not_read(server: LiveServer) -> None:
    body = {"email": "x" * 100_000, "password": "y" * 100_000}
    assert_problem(server.ask("POST", "/auth/login", body, auth=None), 413, "too_large")


def test_requests_of_one_address_are_limited(guarded: LiveServer) -> None:
    answers = [guarded.ask("GET", ME, auth=None) for _ in range(60)]
    assert answers[-1].status == 429
    assert_problem(answers[-1], 429, "too_many_requests")
    assert guarded.ask("GET", "/api/webrequest/x", auth=None).status == 429
    assert guarded.ask("GET", "/health/live", auth=None).status == 200


def test_a_proxy_tells_whose_request_it_is(linked: LiveServer, guarded: LiveServer) -> None:
    def ask(server: LiveServer, forwarded: str) -> int:
        return server.ask("GET", ME, auth=None, headers={"X-Forwarded-For": forwarded}).status

    for address in ("198.51.100.1", "198.51.100.2", "2001:db8::1"):
        # whatever the client itself has written stands before what the proxies have added
        assert [ask(linked, f"1.2.3.4, {address}, 10.0.0.7") for _ in range(6)] == [401] * 5 + [429]
    statuses = {ask(guarded, f"198.51.100.{number}") for number in range(3)}
    assert statuses == {429}  # nobody is trusted there: it is all the address that has had enough


def test_a_proxy_tells_the_scheme(linked: LiveServer) -> None:
    cookie = {"Cookie": sign_in_by(linked, "192.0.2.1"), "X-Forwarded-For": "192.0.2.1", "Host": "obmen.example"}
    for scheme in ("https", "http"):
        answer = linked.ask(
            "GET", "/api/v1/catalogs/1/records?limit=1", auth=None, headers={**cookie, "X-Forwarded-Proto": scheme}
        )
        assert answer.headers["Link"].startswith(f"<{scheme}://obmen.example/api/v1/catalogs/1/records?limit=1&after=")


def sign_in_by(server: LiveServer, address: str) -> str:
    body = {"email": EMAIL, "password": PASSWORD}
    return cookie_of(server.ask("POST", "/auth/login", body, auth=None, headers={"X-Forwarded-For": address}))
