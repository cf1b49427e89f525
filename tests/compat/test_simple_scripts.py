"""Small scripts of people: sign-in by ``login``, a text as a list of one, a group in ``fields``, files without title."""

import http.client
import json
from typing import Any
from urllib.parse import urlencode

import pytest

from company import COMMENT, DISCOUNT, FILES, GROUP, NAME, PAYMENT, STATUS, SUM, Company
from live_server import EMAIL, PASSWORD, LiveServer
from problems import assert_problem

FORM, JSON = "application/x-www-form-urlencoded", "application/json"


@pytest.mark.parametrize("name", ["login", "email"])
@pytest.mark.parametrize("content_type", [FORM, JSON])
def test_signing_in_and_keeping_the_cookie(company: Company, name: str, content_type: str) -> None:
    sent = {name: EMAIL, "password": PASSWORD}
    body = urlencode(sent) if content_type == FORM else json.dumps(sent)
    connection = http.client.HTTPConnection("127.0.0.1", company.server.port, timeout=30)
    try:
        connection.request("POST", "/auth/login", body, {"Content-Type": content_type})
        with connection.getresponse() as answer:
            assert answer.status == 200, answer.read()
            cookie = (answer.getheader("Set-Cookie") or "").partition(";")[0]
            answer.read()
        assert cookie.startswith("connect.sid=")
        connection.request("GET", f"{company.records}?limit=1", headers={"Cookie": cookie})
        with connection.getresponse() as answer:
            assert (answer.status, len(json.loads(answer.read()))) == (200, 1)
    finally:
        connection.close()


@pytest.mark.parametrize(
    "sent", [{"login": EMAIL}, {"login": EMAIL, "password": "x"}, {"user": EMAIL, "password": PASSWORD}]
)
def test_a_failed_sign_in(server: LiveServer, sent: dict[str, str]) -> None:
    answer = server.ask("POST", "/auth/login", sent, auth=None)
    assert answer.status == 401
    assert answer.json["message"]
    assert answer.headers["Set-Cookie"] is None


@pytest.fixture(scope="module")
def order(company: Company) -> str:
    return company.add(company.orders, {NAME: "Заказ", COMMENT: "Срочно", DISCOUNT: 5})


@pytest.mark.parametrize(
    ("values", "answered"),
    [
        ({NAME: ["Из списка"]}, {NAME: "Из списка"}),
        ({NAME: []}, {NAME: ""}),
        ({NAME: 10_000}, {NAME: "10000"}),
        ({NAME: "Заказ", SUM: "10000"}, {NAME: "Заказ", SUM: 10_000}),
        ({STATUS: "2", PAYMENT: 1}, {STATUS: ["2"], PAYMENT: ["1"]}),
        ({PAYMENT: ["2"]}, {PAYMENT: ["2"]}),
        ({PAYMENT: [], STATUS: None}, {PAYMENT: None, STATUS: []}),
    ],
)
def test_values_in_other_shapes(company: Company, order: str, values: Any, answered: Any) -> None:
    company.server.api("PATCH", f"/catalogs/{company.orders}/records/{order}", {"values": values})
    read = company.read(order)["values"]
    assert {key: read[key] for key in answered} == answered


@pytest.mark.parametrize(
    "values", [{NAME: ["a", "b"]}, {NAME: [["a"]]}, {NAME: {"0": "a"}}, {PAYMENT: ["1", "2"]}, {NAME: True}]
)
def test_values_that_do_not_fit(company: Company, order: str, values: dict[str, Any]) -> None:
    before = company.read(order)
    answer = company.server.ask("PATCH", f"{company.records}/{order}", {"values": values})
    assert_problem(answer, 400, "invalid_value", next(iter(values)))
    assert company.read(order) == before


@pytest.mark.parametrize(
    "fields", [f'["{GROUP}"]', f"[{GROUP}]", GROUP, f"fields[]={GROUP}", f'[{{"fieldId":{GROUP}}}]']
)
def test_a_group_stands_for_its_fields(company: Company, order: str, fields: str) -> None:
    query = urlencode({"fields": fields}) if not fields.startswith("fields") else fields
    for path in (f"/records/{order}?", f"/records?id={order}&"):
        read = company.server.api("GET", f"/catalogs/{company.orders}{path}{query}")
        (record,) = read if isinstance(read, list) else [read]
        assert record["values"] == {COMMENT: "Срочно", DISCOUNT: 5}


@pytest.mark.parametrize(
    ("sent", "title"),
    [
        ({"src": "https://example.com/files/price.pdf"}, "price.pdf"),
        ({"src": "https://example.com/a/%D0%BF%D1%80%D0%B0%D0%B9%D1%81.xlsx?v=2"}, "прайс.xlsx"),
        ({"url": "https://example.com/photo.jpg"}, "photo.jpg"),
        ({"src": "https://example.com/", "title": ""}, "example.com"),
        ({"src": "https://example.com/a.txt", "title": "Имя", "size": "8513"}, "Имя"),
        ({"src": "data:text/plain;base64,YQ=="}, "file"),
    ],
)
def test_files_without_title(company: Company, order: str, sent: dict[str, str], title: str) -> None:
    company.server.api("PATCH", f"/catalogs/{company.orders}/records/{order}", {"values": {FILES: [sent]}})
    (file,) = company.read(order)["values"][FILES]
    assert file["title"] == title


@pytest.mark.parametrize(
    "sent", [{"title": "x"}, {"src": "price.pdf"}, {"src": "ftp://example.com/x"}, {"src": 5}, {}, "x"]
)
def test_what_is_no_file(company: Company, order: str, sent: Any) -> None:
    answer = company.server.ask("PATCH", f"{company.records}/{order}", {"values": {FILES: [sent]}})
    assert_problem(answer, 400, "invalid_value", FILES)


@pytest.mark.parametrize("body", [None, b"", {}, {NAME: "x"}, {"value": {NAME: "x"}}, {"Values": {NAME: "x"}}, []])
def test_a_record_without_values_is_refused(company: Company, order: str, body: Any) -> None:
    count = len(company.server.api("GET", f"/catalogs/{company.orders}/records"))
    for method, path in (("POST", company.records), ("PATCH", f"{company.records}/{order}")):
        problem = assert_problem(company.server.ask(method, path, body), 400, "bad_request")
        assert problem["message"]
    assert len(company.server.api("GET", f"/catalogs/{company.orders}/records")) == count


@pytest.mark.parametrize("values", [None, "x", [1], 5])
def test_values_must_be_an_object(company: Company, values: Any) -> None:
    answer = company.server.ask("POST", company.records, {"values": values})
    assert (answer.status, bool(answer.json["message"])) == (400, True)
