"""Numbers, moments, ids and patterns as senders write them."""

import contextlib
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from obmen.bootstrap import registered
from obmen.domain import items
from obmen.domain.dates import day, iso, moment
from obmen.domain.field_types import WriteContext, plain_number, shown
from obmen.domain.numbers import decimal
from obmen.domain.queries.filters import HasContact
from obmen.domain.query_reading import QueryReader
from obmen.domain.record_ids import record_id, record_number
from obmen.domain.schema import Field, Schema
from obmen.errors import BadRequest, FieldProblem, InvalidCatalog, NotFound

KEYS = st.sampled_from(["id", "contact", "catalogId", "recordId", "title", "src", "x"])
EMPTY = Schema(1, (), ())
TYPES = registered().field_types.values()
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=6,
)


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (1, "1"),
        ("1", "1"),
        (" -1.50 ", "-1.50"),
        (0.1, "0.1"),
        ("1e3", "1E+3"),
        ("+5", "5"),
        (".5", "0.5"),
        ("5.", "5"),
        (10**100, str(10**100)),
    ],
)
def test_numbers(value: Any, number: str) -> None:
    assert decimal(value) == Decimal(number)


@pytest.mark.parametrize(
    "value",
    [
        "",
        " ",
        "x",
        "1,5",
        "0x1",
        "1_0",
        "١٢",
        "１２",
        "NaN",
        "sNaN",
        "Infinity",
        "-inf",
        "1e101",
        "1e-101",
        "1e999999999",
        10**101,
        float("nan"),
        float("inf"),
        True,
        None,
        [],
        {},
        b"1",
        "1 2",
    ],
)
def test_no_numbers(value: Any) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        decimal(value)


def east(minutes: int) -> timezone:
    return timezone(timedelta(minutes=minutes))


@given(st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=st.just(UTC)))  # noqa: DTZ001 (bounds are naive)
def test_a_moment_comes_back(at: datetime) -> None:
    cut = at.replace(microsecond=at.microsecond // 1000 * 1000)
    assert moment(iso(at)) == cut
    assert len(iso(at)) == 24 if at.year > 999 else True
    assert moment(at.astimezone(timezone(timedelta(hours=3))).isoformat()) == cut


@pytest.mark.parametrize(
    ("text", "offset", "is_end", "read"),
    [
        ("2026-01-31", 0, False, "2026-01-31T00:00:00.000Z"),
        ("2026-01-31", 0, True, "2026-01-31T23:59:59.999Z"),
        ("2026-01-31", 180, False, "2026-01-30T21:00:00.000Z"),
        ("2026-01-31", -180, True, "2026-02-01T02:59:59.999Z"),
        ("2026-01-31T10:00", 180, False, "2026-01-31T07:00:00.000Z"),
        ("2026-01-31T10:00Z", 180, True, "2026-01-31T10:00:00.000Z"),
        ("20260131", 0, False, "2026-01-31T00:00:00.000Z"),
        ("2026-01-31T10:00:00.1239+03:00", 0, False, "2026-01-31T07:00:00.123Z"),
        ("2026-01-31T10:00:00 03:00", 0, False, "2026-01-31T07:00:00.000Z"),
        ("2026-01-31T10:00:00 0530", 180, True, "2026-01-31T04:30:00.000Z"),
        ("2026-01-31 10:00", 180, False, "2026-01-31T07:00:00.000Z"),
        ("2026-01-31 10:00:00", 0, True, "2026-01-31T10:00:00.000Z"),
        (1769842800000, 0, False, "2026-01-31T07:00:00.000Z"),
        (1769842800, 180, True, "2026-01-31T07:00:00.000Z"),
        (1769842800.1239, 0, False, "2026-01-31T07:00:00.123Z"),
        ("1769842800000", 0, False, "2026-01-31T07:00:00.000Z"),
        ("1769842800", 0, False, "2026-01-31T07:00:00.000Z"),
        ("-1769842800", 0, False, "1913-12-01T17:00:00.000Z"),
    ],
)
def test_moments_in_zones(text: Any, offset: int, is_end: bool, read: str) -> None:
    assert iso(moment(text, east(offset), end_of_day=is_end)) == read


@pytest.mark.parametrize(
    "value",
    [
        "",
        "now",
        "2026",
        "2026-02-30",
        "31.01.2026",
        "2026-01-31T25:00",
        "0001-01-01",
        "9999-12-31",
        5,
        None,
        True,
        ["2026-01-31"],
        "2026-01-31\x00",
        10**15,
        float("nan"),
        "2026-01-31 03:00 03:00",
    ],
)
@pytest.mark.parametrize("offset", [-900, 0, 900])
@pytest.mark.parametrize("is_end", [False, True])
def test_no_moments(value: Any, offset: int, is_end: bool) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        moment(value, east(offset), end_of_day=is_end)


@given(st.text(max_size=30), st.integers(-900, 900))
def test_any_text_is_a_moment_or_a_value_error(text: str, offset: int) -> None:
    with contextlib.suppress(ValueError):
        assert moment(text, east(offset), end_of_day=True).tzinfo is UTC


@pytest.mark.parametrize(
    ("value", "number"), [(5, 5), ("5", 5), ("007", 7), ("9" * 18, 10**18 - 1), (0, 0), (5.0, 5), (Decimal("5.0"), 5)]
)
def test_numbers_of_records(value: Any, number: int) -> None:
    assert record_id(value) == record_number(value) == number


@pytest.mark.parametrize("value", ["anna", "$main", "A-1_b", "-1", "x" * 64, "5a"])
def test_own_ids_of_records(value: str) -> None:
    assert record_id(value) == value
    assert record_number(value) is None


@pytest.mark.parametrize(
    "value",
    [
        True,
        None,
        -1,
        "",
        "5.0",
        5.5,
        Decimal("5.5"),
        Decimal("1e300"),
        float("nan"),
        "9" * 19,
        10**18,
        "٣",
        "²",
        " 5",
        "5\n",
        [5],
        {"id": 5},
        "a b",
        "é",
        "x" * 65,
    ],
)
def test_no_ids(value: Any) -> None:
    assert record_id(value) is None


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (10000, "10000"),
        (1e4, "10000.0"),
        (Decimal("1E+4"), "10000"),
        (1e21, "1000000000000000000000"),
        (1e-7, "0.0000001"),
        (Decimal("-0.50"), "-0.50"),
    ],
)
def test_numbers_are_written_without_exponent(number: Any, text: str) -> None:
    assert plain_number(number) == text


@given(ANYTHING)
def test_what_is_shown_is_short(value: Any) -> None:
    try:
        assert len(shown(value)) <= 80
    except UnicodeEncodeError:  # half of a surrogate pair: readers of JSON let none in
        assert any(0xD800 <= ord(letter) <= 0xDFFF for letter in str(value))


@given(ANYTHING)
def test_a_field_type_reads_a_value_or_names_the_field(value: Any) -> None:
    context = WriteContext(schema=EMPTY, now=datetime(2026, 1, 31, tzinfo=UTC), user_id=1)
    for kind in TYPES:
        if kind.column is None or value is None or _has_surrogate(value):
            continue
        config = kind.configure({"items": [{"name": "One"}]}, None, EMPTY)
        field = Field(number=1, text_id="own", name="Own", type=kind, config=config)
        try:
            kind.parse(field, value, context)
        except NotFound:  # the schema of this test has no $users
            assert kind.name == "user"
        except FieldProblem as problem:
            assert problem.field == "own"  # noqa: PT017
            assert "Own" in problem.text("en")  # noqa: PT017
            assert problem.text("ru")  # noqa: PT017


def _has_surrogate(value: Any) -> bool:
    return any(0xD800 <= ord(letter) <= 0xDFFF or letter == "\\" for letter in repr(value))


@given(ANYTHING)
def test_a_field_type_is_configured_or_refused(value: Any) -> None:
    for kind in TYPES:
        for key in ("items", "catalogs", "fields", "min", "max", "type", "mask", "multiselect"):
            try:
                assert isinstance(kind.configure({key: value}, None, EMPTY), dict)
            except (InvalidCatalog, NotFound) as problem:
                assert isinstance(problem, BadRequest) or key == "catalogs"  # noqa: PT017


def test_items_get_ids_that_are_never_used_again() -> None:
    first = items.configure({"items": [{"name": "a"}, {"name": "b"}]}, None)
    assert [item["id"] for item in first["items"]] == ["1", "2"]
    without = items.configure({"items": [{"name": "a", "id": "1"}]}, first)
    again = items.configure({"items": [{"name": "a", "id": "1"}, {"name": "c"}]}, without)
    assert [item["id"] for item in again["items"]] == ["1", "3"]
    given_number = items.configure({"items": [{"name": "x", "id": 7}, {"name": "y"}]}, None)
    assert [item["id"] for item in given_number["items"]] == ["7", "8"]


def test_an_item_keeps_its_number_when_its_id_changes() -> None:
    first = items.configure({"items": [{"name": "a"}, {"name": "b", "id": "own"}]}, None)
    numbers = {item["id"]: item["number"] for item in first["items"]}
    assert numbers == {"1": 1, "own": 2}
    renamed = items.configure({"items": [{"name": "a", "id": "new", "prevId": "1"}, {"name": "b", "id": "2"}]}, first)
    assert [(item["id"], item["number"]) for item in renamed["items"]] == [("new", 1), ("2", 2)]
    without = items.configure({"items": [{"name": "b", "id": "2"}]}, renamed)
    back = items.configure({"items": [{"name": "again", "id": "new"}, {"name": "b", "id": "2"}]}, without)
    assert [(item["id"], item["number"]) for item in back["items"]] == [("new", 1), ("2", 2)]


@pytest.mark.parametrize(
    "sent",
    [
        [{"name": "a", "id": "x"}, {"name": "b", "id": "x"}],
        [{"name": "a", "id": "1"}, {"name": "b", "id": 1}],
        [{"name": "a", "id": "a b"}],
        [{"name": "a", "id": True}],
        [{"name": ""}],
        ["a"],
        {"name": "a"},
    ],
)
def test_items_that_are_none(sent: Any) -> None:
    with pytest.raises(InvalidCatalog):
        items.configure({"items": sent}, None)


DAYS = st.dates(date(2, 1, 3), date(9998, 12, 29))
OFFSETS = st.integers(-12 * 60, 14 * 60).map(east)
ZONES = st.one_of(OFFSETS, st.timezones())
TIMES = st.times().map(lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000, fold=0))


def begin(of: date) -> datetime:
    return datetime(of.year, of.month, of.day, tzinfo=UTC)


@given(DAYS, ZONES)
def test_a_day_is_the_same_in_every_zone(on: date, zone: tzinfo) -> None:
    for written in (on.isoformat(), on.isoformat().replace("-", ""), iso(begin(on)), begin(on)):
        assert day(written, zone) == begin(on)
        assert day(written, zone, end_of_day=True) == begin(on) + timedelta(days=1, milliseconds=-1)


@given(DAYS, TIMES, OFFSETS, ZONES)
def test_a_text_with_an_offset_names_its_own_day(on: date, at: time, offset: timezone, zone: tzinfo) -> None:
    text = datetime.combine(on, at, offset).isoformat()
    assert day(text, zone) == begin(on)
    assert day(text.replace("+", " "), zone) == begin(on)
    assert day(datetime.combine(on, at).isoformat(), zone) == begin(on)


@given(DAYS, TIMES, ZONES)
def test_a_moment_names_the_day_that_it_falls_on(on: date, at: time, zone: tzinfo) -> None:
    local = datetime.combine(on, at, zone)
    instant = local.astimezone(UTC)
    assume(instant.time() != time() and instant.astimezone(zone).date() == on)  # a change of offset may skip a day
    for written in (instant, iso(instant)):
        assert day(written, zone) == begin(on)
    milliseconds = (instant - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    if 10**11 <= abs(milliseconds) < 10**14:  # what an epoch number means
        assert day(milliseconds, zone) == day(str(milliseconds), zone) == begin(on)


@given(DAYS, st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia"]))
def test_a_bare_day_of_moments_is_whole_in_a_zone_with_summer_time(on: date, name: str) -> None:
    zone = ZoneInfo(name)
    low, high = (moment(on.isoformat(), zone, end_of_day=is_end) for is_end in (False, True))
    assert low == datetime.combine(on, time(), zone).astimezone(UTC)
    assert high == datetime.combine(on, time(23, 59, 59, 999000), zone).astimezone(UTC)


@pytest.mark.parametrize("own", ["1" + "0" * 4_400, "0000000001" + "9" * 4_400, 10**300, "2147483648", "0", "٣" * 11])
def test_ids_that_no_item_has(own: Any) -> None:
    with pytest.raises(InvalidCatalog):
        items.configure({"items": [{"id": own, "name": "x"}]}, None)


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        *(("8 (900) 12-34.5", "890012345"), ("+7", "7"), ("1" * 300_000 + "x", ""), ("(" * 300_000, "")),
        *(("1 " * 150_000 + "x", ""), ("٣", ""), ("7 доб. 1", "")),
    ],
)
def test_what_looks_like_a_phone(text: str, digits: str) -> None:
    kind = registered().field_types["contact"]
    field = Field(number=1, name="Phone", type=kind)
    assert kind.read_filter(field, text, QueryReader(EMPTY, user_id=None)) == HasContact(text, digits)
