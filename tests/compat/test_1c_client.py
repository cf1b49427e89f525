"""Accounting systems such as 1C: unescaped UTF-8 in addresses, numbers and ids as text or with exponents, ids of their own."""

import json
from typing import Any

import pytest
from raw_requests import send

from company import CLIENT, DUE, NAME, SUM, Company
from live_server import Answer
from problems import assert_problem

BOM = b"\xef\xbb\xbf"


class Accounting:
    """A catalog ``newCatalog`` whose fields have ids of their own, and orders that link to it."""

    def __init__(self, company: Company) -> None:
        self.server, self.company = company.server, company
        name, total = (
            {"id": "name", "name": "Название", "type": "text"},
            {"id": "sum", "name": "Сумма", "type": "number"},
        )
        day = {"id": "day", "name": "Дата", "type": "date", "config": {"time": True}}
        assert company.make("Контрагенты", name, total, day, id="newCatalog") == "newCatalog"
        link = {"id": "client", "name": "Клиент", "type": "object", "config": {"catalogs": [{"id": "newCatalog"}]}}
        self.bills = company.make("Счета", {"id": "name", "name": "Номер", "type": "text"}, link)

    def send(self, method: str, path: str, values: Any = None, **more: Any) -> Answer:
        body = b"" if values is None else json.dumps({"values": values, **more}, ensure_ascii=False).encode()
        return send(self.server, method, f"/api/v1/catalogs/{path}", body)

    def read(self, path: str) -> Any:
        answer = self.send("GET", path)
        assert answer.status == 200, answer.body
        return answer.json


@pytest.fixture(scope="module")
def accounting(company: Company) -> Accounting:
    made = Accounting(company)
    assert made.send("POST", "newCatalog/records", {"name": "Ромашка"}, id="00-000001").json == {"id": "00-000001"}
    return made


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("searchText=Ёлка", [4]),
        ("searchText=стол+письменный", [1]),
        (f"filters[0][fieldId]={NAME}&filters[0][value]=Стол%20письменный", [1]),
        (f"filters[0][fieldId]={NAME}&filters[0][value]=ёлка", [4]),
        (f"filters={{%22{NAME}%22:%22Стул%22}}", [2]),
        (f"filters[0][fieldId]={DUE}&filters[0][value][at]=2026-03-05T00:00:00+03:00", [5, 4]),
        (f"filters[0][fieldId]={SUM}&filters[0][value]=1E4", [1]),
        (f"filters[0][fieldId]={SUM}&filters[0][value][at]=4E4", [5, 4]),
    ],
)
def test_unescaped_text_in_addresses(company: Company, query: str, expected: list[int]) -> None:
    answer = send(company.server, "GET", f"{company.records}?{query}")
    assert (answer.status, company.places(answer.json)) == (200, expected)


@pytest.mark.parametrize(
    ("sent", "answered"),
    [
        ("10000", b"10000"),
        ("1E4", b"10000"),
        ("1.0E+4", b"10000"),
        ("10000.00", b"10000.00"),
        ('"10000"', b"10000"),
        ('"1E4"', b"10000"),
        ('" 10000.50 "', b"10000.50"),
        ("-1e-3", b"-0.001"),
        ("0", b"0"),
        ("1234567890.12", b"1234567890.12"),
    ],
)
def test_numbers(accounting: Accounting, sent: str, answered: bytes) -> None:
    """They are answered without exponent: many readers know none."""
    path = "/api/v1/catalogs/newCatalog/records/00-000001"
    body = f'{{"values": {{"sum": {sent}}}}}'.encode()
    assert send(accounting.server, "PATCH", path, body).status == 200
    answer = send(accounting.server, "GET", path)
    assert float(answered) == answer.json["values"]["sum"]
    written = answer.body.partition(b'"sum":')[2].lstrip().partition(b",")[0].rstrip(b"} ")
    assert b"e" not in written.lower()
    assert float(written) == float(answered)


@pytest.mark.parametrize("sent", ['"10 000,50"', '"10\u00a0000"', '"1,5"', '"десять"', "true", "[1, 2]", '"NaN"'])
def test_what_is_no_number(accounting: Accounting, sent: str) -> None:
    path = "/api/v1/catalogs/newCatalog/records/00-000001"
    before = accounting.read("newCatalog/records/00-000001")
    answer = send(accounting.server, "PATCH", path, f'{{"values": {{"sum": {sent}}}}}'.encode())
    assert_problem(answer, 400, "invalid_value", "sum")
    assert accounting.read("newCatalog/records/00-000001") == before


@pytest.mark.parametrize(
    ("sent", "answered"),
    [
        ("2026-03-09T00:00:00+03:00", "2026-03-08T21:00:00.000Z"),
        ("2026-03-09T00:00:00+0300", "2026-03-08T21:00:00.000Z"),
        ("2026-03-09T00:00:00", "2026-03-09T00:00:00.000Z"),
        ("20260309", "2026-03-09T00:00:00.000Z"),
        ("2026-03-09", "2026-03-09T00:00:00.000Z"),
        ("2026-03-09 10:20:30", "2026-03-09T10:20:30.000Z"),
        ("", None),
        (None, None),
    ],
)
def test_dates(accounting: Accounting, sent: str | None, answered: str | None) -> None:
    assert accounting.send("PATCH", "newCatalog/records/00-000001", {"day": sent}).status == 200
    assert accounting.read("newCatalog/records/00-000001")["values"]["day"] == answered


@pytest.mark.parametrize("sent", ["09.03.2026", "09.03.2026 0:00:00", "0001-01-01T00:00:00", "2026-13-01", "вчера"])
def test_what_is_no_date(accounting: Accounting, sent: str) -> None:
    """The empty date of 1C is the first day of the first year."""
    answer = accounting.send("PATCH", "newCatalog/records/00-000001", {"day": sent})
    assert_problem(answer, 400, "invalid_value", "day")


def test_a_record_is_addressed_by_its_own_id(accounting: Accounting) -> None:
    made = accounting.send("POST", "newCatalog/records/", {"name": "Лютик"}, id="00-000002")
    assert (made.status, made.json) == (200, {"id": "00-000002"})
    read = accounting.read("newCatalog/records/00-000002")
    assert (read["id"], read["title"], read["catalogId"]) == ("00-000002", "Лютик", "newCatalog")
    assert accounting.read(f"newCatalog/records/{read['prevId']}") == read
    assert accounting.send("PATCH", "newCatalog/records/00-000002", {"name": "Лютик ООО"}).status == 200
    assert accounting.read("newCatalog/records?id=00-000002")[0]["title"] == "Лютик ООО"
    assert_problem(accounting.send("POST", "newCatalog/records", {"name": "x"}, id="00-000002"), 409, "conflict")
    assert accounting.send("DELETE", "newCatalog/records/00-000002").status == 200
    assert_problem(accounting.send("GET", "newCatalog/records/00-000002"), 404, "not_found")
    assert_problem(accounting.send("PATCH", "newCatalog/records/00-0003", {"name": "x"}), 404, "not_found")


def test_links_by_own_ids(accounting: Accounting) -> None:
    link = [{"catalogId": "newCatalog", "recordId": "00-000001"}]
    bill = accounting.send("POST", f"{accounting.bills}/records", {"name": "Счёт 1", "client": link}).json["id"]
    (read,) = accounting.read(f"{accounting.bills}/records/{bill}")["values"]["client"]
    assert (read["catalogId"], read["recordId"], read["recordTitle"]) == ("newCatalog", "00-000001", "Ромашка")
    query = "filters[0][fieldId]=client&filters[0][value][0][catalogId]=newCatalog&filters[0][value][0]"
    for inner in ("[recordId]=00-000001", "[filters][0][fieldId]=name&filters[0][value][0][filters][0][value]=Ромашка"):
        assert [one["id"] for one in accounting.read(f"{accounting.bills}/records?{query}{inner}")] == [bill]
    assert accounting.read(f"{accounting.bills}/records?{query}[recordId]=00-9") == []
    link = [{"catalogId": "newCatalog", "recordId": "00-9"}]
    refused = accounting.send("PATCH", f"{accounting.bills}/records/{bill}", {"client": link})
    assert_problem(refused, 400, "invalid_value", "client")


@pytest.mark.parametrize("as_text", [True, False])
def test_ids_as_text_and_as_numbers(company: Company, as_text: bool) -> None:
    catalog, record, total = (one if as_text else int(one) for one in (company.clients, company.omsk, "5"))
    values = {CLIENT: [{"catalogId": catalog, "recordId": record}], SUM: total}
    body = json.dumps({"values": values}).encode()
    assert send(company.server, "PATCH", f"{company.records}/{company.ids[0]}", body).status == 200
    read = company.read(company.ids[0])["values"]
    assert (read[CLIENT][0]["recordId"], read[SUM]) == (company.omsk, 5)
    reset = json.dumps({"values": {SUM: 10_000}}).encode()
    assert send(company.server, "PATCH", f"{company.records}/{company.ids[0]}", reset).status == 200


@pytest.mark.parametrize(
    "content_type",
    ["", "application/json", "application/json;charset=utf-8", "text/plain", "application/json; odata=verbose"],
)
@pytest.mark.parametrize("start", [b"", BOM, b"\r\n", BOM + b"\r\n"])
def test_bodies_with_and_without_a_byte_order_mark(accounting: Accounting, start: bytes, content_type: str) -> None:
    """1C begins files of UTF-8 with a byte order mark, and strings too where it is not told otherwise."""
    headers = {"Content-Type": content_type} if content_type else {}
    body = start + '{"values": {"name": "Ромашка"}}'.encode()
    answer = send(accounting.server, "PATCH", "/api/v1/catalogs/newCatalog/records/00-000001", body, headers)
    assert answer.status == 200, answer.body
    assert accounting.read("newCatalog/records/00-000001")["title"] == "Ромашка"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_bodies_in_utf_16(accounting: Accounting, encoding: str) -> None:
    """As 1C writes text files where it is told «UTF16»."""
    body = '{"values": {"name": "Ромашка"}}'.encode(encoding)
    answer = send(accounting.server, "PATCH", "/api/v1/catalogs/newCatalog/records/00-000001", body)
    assert answer.status == 200, answer.body
    assert accounting.read("newCatalog/records/00-000001")["title"] == "Ромашка"


@pytest.mark.parametrize(
    "body",
    [
        BOM,
        BOM + b"[1]",
        BOM + BOM + b"{}",
        '{"values": {"name": "Ромашка"}}'.encode("cp1251"),
        '{"values": {"name": "x"}}'.encode("utf-16")[:-1],
    ],
)
def test_other_encodings_are_refused(accounting: Accounting, body: bytes) -> None:
    before = accounting.read("newCatalog/records/00-000001")
    answer = send(accounting.server, "PATCH", "/api/v1/catalogs/newCatalog/records/00-000001", body)
    assert_problem(answer, 400, "bad_request")
    assert accounting.read("newCatalog/records/00-000001") == before
