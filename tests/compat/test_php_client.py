"""Sites written in PHP: libcurl, ``http_build_query``, dates with a bare ``+03:00``, Basic with every request."""

import json
import shutil
import subprocess
from email import message_from_bytes
from typing import Any

import pytest

from company import CLIENT, DUE, NAME, PAID, PAYMENT, PHONE, SERVICES, STATUS, SUM, Company
from live_server import EMAIL, PASSWORD, Answer, LiveServer
from php_queries import http_build_query
from problems import assert_problem
from programs import required


def curl(server: LiveServer, method: str, path: str, *options: str, body: str | None = None) -> Answer:
    """As the documented PHP example asks: libcurl with a custom method, Basic and a body."""
    program = shutil.which("curl")
    required(program is not None, "curl")
    data = [] if body is None else ["--data-binary", "@-"]
    command = [str(program), "-sS", "-i", "-g", "--noproxy", "*", "-X", method, "-u", f"{EMAIL}:{PASSWORD}"]
    done = subprocess.run(
        [*command, *options, *data, server.url + path], input=(body or "").encode(), capture_output=True, check=True
    )
    head, _, content = done.stdout.partition(b"\r\n\r\n")
    status, _, headers = head.partition(b"\r\n")
    return Answer(int(status.split()[1]), message_from_bytes(headers + b"\r\n\r\n"), content)


def one(field: str, value: Any) -> dict[str, Any]:
    return {"filters": [{"fieldId": field, "value": value}]}


def places(company: Company, query: str) -> list[int]:
    answer = curl(company.server, "GET", f"{company.records}?{query}")
    assert answer.status == 200, answer.body
    return company.places(answer.json)


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        (one(NAME, "Стол письменный"), [1]),
        (one(NAME, "50% + доставка"), [3]),
        (one(NAME, "Ёлка & шар"), [4]),
        (one(SUM, {"at": 20000, "to": "40000"}), [4, 3, 2]),
        (one(SUM, {"at": 20000, "to": None}), [5, 4, 3, 2]),
        (one(SUM, 30000), [3]),
        (one(STATUS, ["2"]), [5, 3, 1]),
        (one(STATUS, "[2, 3]"), [5, 3, 1]),
        (one(PAYMENT, [1]), [5, 4, 3, 2, 1]),
        (one(SERVICES, {"0": "1", "1": "2"}), [2, 1]),
        (one(PAID, "true"), [1]),
        (one(PHONE, "8 900 000-00-02"), [2]),
        (one(DUE, {"at": "2026-03-02T00:00:00+03:00", "to": "2026-03-03T23:59:59+03:00"}), [2, 1]),
        (one(DUE, {"at": "2026-03-02", "to": "2026-03-03"}) | {"timezoneOffset": 180}, [2, 1]),
        ({"filters": {"1": {"fieldId": NAME, "value": "ст"}, "3": {"fieldId": SUM, "value": {"at": 15000}}}}, [3, 2]),
        ({"limit": 2, "offset": 1, "sortField": SUM, "sortType": 1}, [2, 3]),
        ({"limit": 2, "searchText": "стол письменный"}, [1]),
        ({"limit": None, "viewId": None, "searchText": "", "sortField": NAME, "fields": [NAME]}, [3, 4, 1, 2, 5]),
    ],
)
def test_built_queries(company: Company, parameters: dict[str, Any], expected: list[int]) -> None:
    assert places(company, http_build_query(parameters)) == expected


def test_filters_by_links(company: Company) -> None:
    link = {"catalogId": company.clients, "recordId": company.perm}
    assert places(company, http_build_query(one(CLIENT, [link]))) == [4, 2]
    inner = {"catalogId": company.clients, "filters": [{"fieldId": "1", "value": "Омск & Ко"}]}
    assert places(company, http_build_query(one(CLIENT, [inner]))) == [5, 3, 1]


@pytest.mark.parametrize(
    "query",
    [
        f"filters[0][fieldId]={DUE}&filters[0][value][at]=2026-03-02T00:00:00+03:00"
        "&filters[0][value][to]=2026-03-03T23:59:59+03:00",
        f"filters[][fieldId]={DUE}&filters[0][value][at]=2026-03-02T00:00:00+0300"
        "&filters[0][value][to]=2026-03-03T23:59:59+0300",
        f"filters[0][fieldId]={DUE}&filters[0][value][at]=2026-03-02+00:00:00&filters[0][value][to]=2026-03-03+23:59:59"
        "&timezoneOffset=180",
        f"filters={{%22{DUE}%22:{{%22at%22:%222026-03-02T00:00:00+03:00%22,%22to%22:%222026-03-03T23:59:59+03:00%22}}}}",
    ],
)
def test_queries_put_together_by_hand(company: Company, query: str) -> None:
    assert places(company, query) == [2, 1]


def test_the_documented_example_makes_a_record(company: Company) -> None:
    values = {NAME: "", PAYMENT: ["1"], SUM: 17, DUE: "2026-03-09T10:00:00+04:00"}
    answer = curl(
        company.server,
        "POST",
        company.records,
        "-H",
        "Content-Type: application/json",
        body=json.dumps({"values": values}),
    )
    assert (answer.status, set(answer.json)) == (200, {"id"})
    assert answer.headers["Set-Cookie"].startswith("connect.sid=")
    read = company.read(answer.json["id"])
    assert (read["title"], read["values"][PAYMENT], read["values"][SUM]) == (f"#{read['id']}", ["1"], 17)
    assert read["values"][DUE] == "2026-03-09T06:00:00.000Z"
    company.server.api("DELETE", f"/catalogs/{company.orders}/records/{read['id']}")


def test_values_and_links_in_a_body(company: Company) -> None:
    """PHP writes ``/`` as ``\\/`` and Russian letters as ``\\uXXXX``."""
    values = {NAME: "Лампа/шнур", SUM: 1500.5, STATUS: {"0": "1"}, CLIENT: company.link(company.perm)}
    contact = {PHONE: [{"contact": "+7 900 111", "comment": "a & b"}], DUE: "2026-03-09T10:00:00+03:00"}
    sent = json.dumps({"values": {**values, STATUS: ["1", "2"], **contact}}).replace("/", "\\/")
    made = curl(company.server, "POST", company.records, body=sent)
    assert made.status == 200, made.body
    read = company.read(made.json["id"])["values"]
    assert (read[NAME], read[SUM], read[STATUS]) == ("Лампа/шнур", 1500.5, ["1", "2"])
    assert (read[CLIENT][0]["recordTitle"], read[DUE]) == ("Пермь", "2026-03-09T07:00:00.000Z")
    assert read[PHONE] == [{"contact": "+7 900 111", "comment": "a & b"}]
    path = f"{company.records}/{made.json['id']}"
    refused = curl(company.server, "PATCH", path, body=json.dumps({"values": values}))
    assert_problem(refused, 400, "invalid_value", STATUS)
    assert curl(company.server, "DELETE", path).status == 200


def test_a_form_is_no_record(company: Company) -> None:
    """``CURLOPT_POSTFIELDS => http_build_query(...)``: curl names it a form; its numbered brackets could be a list as well."""
    form = http_build_query({"values": {NAME: "Лампа", STATUS: ["1", "2"]}})
    problem = assert_problem(curl(company.server, "POST", company.records, body=form), 400, "bad_request")
    assert "JSON" in problem["message"]


@pytest.mark.parametrize("body", ["", "{}", "[]", '{"1": "x"}', '{"values": ', "null"])
def test_an_empty_or_broken_body_makes_nothing(company: Company, body: str) -> None:
    """``json_encode`` of an empty array is a list, of invalid UTF-8 nothing at all."""
    options = ("-H", "Content-Type: application/json")
    assert_problem(curl(company.server, "POST", company.records, *options, body=body), 400, "bad_request")
    assert places(company, "") == [5, 4, 3, 2, 1]


def test_an_empty_array_of_values_changes_nothing(company: Company) -> None:
    before = company.read(company.ids[0])
    answer = curl(company.server, "PATCH", f"{company.records}/{company.ids[0]}", body='{"values": []}')
    assert answer.status in (200, 400), answer.body
    assert company.read(company.ids[0]) == before


@pytest.mark.parametrize(
    "parameters",
    [
        one(NAME, ""),
        one(SUM, {"at": ""}),
        one("99", "x"),
        {"filters": [{"fieldId": NAME}]},
        {"filter": [{"fieldId": NAME, "value": "x"}]},
        one(DUE, {"at": "02.03.2026"}),
        one(STATUS, ""),
    ],
)
def test_a_filter_that_says_nothing_is_refused(company: Company, parameters: dict[str, Any]) -> None:
    assert_problem(
        curl(company.server, "GET", f"{company.records}?{http_build_query(parameters)}"), 400, "invalid_filter"
    )


def test_a_wrong_password(company: Company) -> None:
    assert_problem(curl(company.server, "GET", company.records, "-u", f"{EMAIL}:x"), 401, "not_authenticated")
