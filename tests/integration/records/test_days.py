"""A date without a time is one day for everybody: written, found, sorted, read by a process and sent, whatever the time zones."""

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
from orders import Orders

from live_server import LiveServer
from scenario_files import ScenarioFile, js, listen

ZONE = "America/New_York"
MARCH_11 = "2024-03-11T00:00:00.000Z"
OFFSETS = (-720, -300, 0, 180, 330, 840)


@pytest.fixture(scope="module")
def server(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server whose scenarios live west of Greenwich."""
    data = tmp_path_factory.mktemp("days") / "data"
    with LiveServer(data, new_database(), OBMEN_SCRIPT_TIMEZONE=ZONE) as live:
        yield live


@pytest.fixture(scope="module")
def days(orders: Orders) -> str:
    moment = {"id": "at", "name": "At", "type": "date", "config": {"time": True}}
    return orders.make("Days", {"id": "day", "name": "Day", "type": "date"}, moment)


def written(orders: Orders, days: str, value: Any, offset: int | None = None) -> Any:
    """What the value is answered as."""
    query = "" if offset is None else f"?timezoneOffset={offset}"
    made = orders.server.api("POST", f"/catalogs/{days}/records{query}", {"values": {"day": value}})["id"]
    orders.server.api("PATCH", f"/catalogs/{days}/records/{made}{query}", {"values": {"day": value}})
    answer = orders.values(made, days)["day"]
    orders.remove(days, made)
    return answer


@pytest.mark.parametrize("offset", [None, *OFFSETS])
@pytest.mark.parametrize(
    "value",
    [
        "2024-03-11",
        "20240311",
        "2024-03-11T00:00:00",
        "2024-03-11 23:59",
        "2024-03-11T00:00:00+03:00",
        "2024-03-11T23:30:00-11:00",
        "2024-03-11T00:00:00 14:00",
        MARCH_11,
        1710115200000,
    ],
)
def test_a_day_is_that_of_the_senders_calendar(orders: Orders, days: str, value: Any, offset: int | None) -> None:
    assert written(orders, days, value, offset) == MARCH_11


@pytest.mark.parametrize(
    ("value", "offset"),
    [
        ("2024-03-10T21:00:00Z", 180),
        ("2024-03-11T20:59:59.999Z", 180),
        ("2024-03-12T04:00:00Z", -300),
        (1710104400000, 180),
    ],
)
def test_a_moment_falls_on_a_day_of_the_caller(orders: Orders, days: str, value: Any, offset: int) -> None:
    assert written(orders, days, value, offset) == MARCH_11


@pytest.fixture(scope="module")
def week(orders: Orders, days: str) -> dict[int, str]:
    """A record for each day from the 9th to the 13th."""
    return {number: orders.add(days, {"day": f"2024-03-{number:02}"}) for number in (11, 9, 13, 10, 12)}


@pytest.mark.parametrize("offset", [None, *OFFSETS])
@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("2024-03-11", [11]),
        (MARCH_11, [11]),
        ("2024-03-11T00:00:00+05:00", [11]),
        ({"at": "2024-03-11"}, [11, 12, 13]),
        ({"to": "2024-03-11"}, [9, 10, 11]),
        ({"at": "2024-03-10", "to": "2024-03-11"}, [10, 11]),
        ({"at": "2024-03-11", "to": "2024-03-11"}, [11]),
        ({"at": "2024-03-12", "to": "2024-03-11"}, []),
        ({"at": "2024-03-11T00:00:00-08:00", "to": "2024-03-12T23:59:59+14:00"}, [11, 12]),
    ],
)
def test_filters_find_the_same_days_everywhere(
    orders: Orders, days: str, week: dict[int, str], wanted: Any, found: list[int], offset: int | None
) -> None:
    zone = "" if offset is None else f"&timezoneOffset={offset}"
    filters = quote(json.dumps({"day": wanted}))
    answered = orders.find(f"filters={filters}&sortField=day{zone}", days)
    assert [record["id"] for record in answered] == [week[number] for number in found]


def test_the_bounds_of_a_page_in_local_time(orders: Orders, days: str, week: dict[int, str]) -> None:
    # a browser in Moscow sends the beginning and the end of its 11th and 12th of March
    wanted = json.dumps({"day": {"at": "2024-03-10T21:00:00.000Z", "to": "2024-03-12T20:59:59.999Z"}})
    answered = orders.find(f"filters={quote(wanted)}&sortField=day&timezoneOffset=180", days)
    assert [record["id"] for record in answered] == [week[11], week[12]]


def test_the_default_is_a_day(orders: Orders) -> None:
    field = {"id": "day", "name": "Day", "type": "date", "config": {"defaultValue": True}}
    catalog = orders.make("Today", field)
    for offset in (-720, 840):
        path = f"/catalogs/{catalog}/records?timezoneOffset={offset}"
        made = orders.server.api("POST", path, {"values": {}})["id"]
        assert orders.values(made, catalog)["day"].endswith("T00:00:00.000Z")


@pytest.mark.parametrize(
    "expression",
    [
        "moment('11.03.2024', 'DD.MM.YYYY')",
        "new Date(2024, 2, 11)",
        "new Date(2024, 2, 11, 23, 59)",
        "moment('2024-03-11').format()",
        "'2024-03-11'",
        "read.values.day",
        "new Date(read.values.day)",
        "moment.utc(read.values.day)",
    ],
)
def test_a_process_writes_and_finds_the_day_of_its_zone(
    orders: Orders, days: str, week: dict[int, str], expression: str
) -> None:
    values = {"day": js(expression)}
    scenario = (
        ScenarioFile()
        .start("read")
        .call("read", "bpiumGetRecord", {"catalogId": days, "recordId": week[11]}, {"read": ("output", "")})
        .flow("read", "find")
        .call("find", "bpiumFindRecords", {"catalogId": days, "filters": values}, {"found": ("output", "")})
        .flow("find", "add")
        .call("add", "bpiumAdd", {"catalogId": days, "values1": values}, {"made": ("output", "")})
        .flow("add", "tell")
        .set("tell", _body="[found.map(one => one.id), made, moment.utc(read.values.day).format('DD.MM.YYYY')]")
        .flow("tell", "end")
        .end()
    )
    path = listen(orders.server, f"day-{expression.encode().hex()[:60]}", scenario.xml)
    answer = orders.server.ask("GET", path, auth=None)
    found, made, told = answer.json
    assert found == [week[11]]
    assert told == "11.03.2024"
    assert orders.values(made, days)["day"] == MARCH_11
    orders.remove(days, made)


def test_moments_keep_their_time(orders: Orders, days: str) -> None:
    made = orders.add(days, {"at": "2024-03-11T00:00:00+03:00"})
    assert orders.values(made, days)["at"] == "2024-03-10T21:00:00.000Z"
    for offset, day, is_found in ((0, "2024-03-10", True), (180, "2024-03-11", True), (180, "2024-03-10", False)):
        filters = quote(json.dumps({"at": day}))
        found = [record["id"] for record in orders.find(f"filters={filters}&timezoneOffset={offset}", days)]
        assert (made in found) == is_found
    orders.remove(days, made)
