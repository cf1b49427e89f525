"""Dates in the sandbox: local time in zones with daylight saving, and dates that pass from one expression to the next."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from script_sandboxes import started, value

from obmen.clients.javascript import JavaScriptSandbox
from obmen.ports import Expression

ZONES = ["Europe/Berlin", "America/New_York", "Europe/Moscow", "Asia/Yekaterinburg", "Australia/Lord_Howe"]
LOCAL = """
return times.map(([year, month, ...rest]) => {
    const iso = moment.utc([year, month - 1, ...rest]).format('YYYY-MM-DD[T]HH:mm:ss');
    const direct = new Date(year, month - 1, ...rest);
    const [day, hour, minute, second] = rest;
    const set = new Date(year, month - 1, day, 12);
    set.setHours(hour, minute, second, 0);
    const stepwise = new Date(2000, 5, 1);
    stepwise.setFullYear(year, month - 1, day);
    stepwise.setHours(hour, minute, second, 0);
    const instants = [direct, new Date(iso), new Date(Date.parse(iso.replace('T', ' '))), moment([year, month - 1, ...rest]),
        moment(iso), moment(iso, 'YYYY-MM-DD[T]HH:mm:ss'), set, stepwise].map(Number);
    return {instants, back: moment(direct).format('YYYY-MM-DD HH:mm:ss'), offset: -direct.getTimezoneOffset()};
});"""


@pytest.fixture
async def js() -> AsyncIterator[JavaScriptSandbox]:
    async with started() as sandbox:
        yield sandbox


class Zoned:
    """A sandbox of one time zone for tests that are no coroutines: Hypothesis runs none."""

    def __init__(self, name: str) -> None:
        self.zone = ZoneInfo(name)
        self.loop = asyncio.new_event_loop()
        self.entered = started(timezone=name, time_s=60)
        self.js = self.loop.run_until_complete(self.entered.__aenter__())

    def run(self, code: str, variables: dict[str, object]) -> list[dict[str, object]]:
        return self.loop.run_until_complete(self.js.run(code, variables))

    def close(self) -> None:
        self.loop.run_until_complete(self.entered.__aexit__(None, None, None))
        self.loop.close()


@pytest.fixture(scope="module", params=ZONES)
def zoned(request: pytest.FixtureRequest) -> Iterator[Zoned]:
    made = Zoned(request.param)
    yield made
    made.close()


def changes(zone: ZoneInfo) -> list[datetime]:
    """The hours in which the offset of ``zone`` changes, from 1970 to 2037."""
    found = []
    at = datetime(1970, 1, 1, tzinfo=UTC)
    while at.year < 2038:
        following = at + timedelta(days=1)
        if at.astimezone(zone).utcoffset() != following.astimezone(zone).utcoffset():
            hours = (at + timedelta(hours=hour) for hour in range(24))
            found += [hour for hour in hours if hour.astimezone(zone).utcoffset() == at.astimezone(zone).utcoffset()][
                -1:
            ]
        at = following
    return found


def check(zoned: Zoned, local: list[datetime]) -> None:
    times = [[at.year, at.month, at.day, at.hour, at.minute, at.second] for at in local]
    for at, found in zip(local, zoned.run(LOCAL, {"times": times}), strict=True):
        instant = at.replace(tzinfo=zoned.zone, fold=0)  # a gap: the offset before it; a repeated time: the first
        there = instant.astimezone(UTC).astimezone(zoned.zone)
        assert found == {
            "instants": [instant.timestamp() * 1000] * 8,
            "back": f"{there:%Y-%m-%d %H:%M:%S}",
            "offset": there.utcoffset() / timedelta(minutes=1),
        }, at


def test_local_time_around_each_change(zoned: Zoned) -> None:
    shifts = [timedelta(minutes=minutes) for minutes in range(-150, 180, 15)]
    check(
        zoned,
        [(at + shift).astimezone(zoned.zone).replace(tzinfo=None) for at in changes(zoned.zone) for shift in shifts],
    )


@settings(deadline=None, max_examples=30)
@given(st.lists(st.datetimes(*map(datetime.fromisoformat, ["1970-01-02", "2037-12-30"])), min_size=1, max_size=200))
def test_local_time_at_any_time(zoned: Zoned, local: list[datetime]) -> None:
    check(zoned, [at.replace(microsecond=0) for at in local])


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("moment('2024-03-31T01:30:00').hour()", 1),
        ("new Date(2024, 2, 31, 1, 30).toISOString()", "2024-03-31T00:30:00.000Z"),
        ("new Date(2024, 2, 31, 2, 30).toString().slice(0, 33)", "Sun Mar 31 2024 03:30:00 GMT+0200"),
        ("new Date(2024, 9, 27, 2, 30).toISOString()", "2024-10-27T00:30:00.000Z"),
        ("new Date('2024-03-31').toISOString()", "2024-03-31T00:00:00.000Z"),
        ("new Date('2024-03-31T01:30:00Z').toISOString()", "2024-03-31T01:30:00.000Z"),
        ("new Date('2024-03-31T01:30:00+03:00').toISOString()", "2024-03-30T22:30:00.000Z"),
        ("new Date('2024-03-31T01:30-03:00').toISOString()", "2024-03-31T04:30:00.000Z"),
        ("new Date('Mar 31, 2024 01:30').toISOString()", "2024-03-31T00:30:00.000Z"),
        ("new Date('31 Mar 2024 1:30 AM').toISOString()", "2024-03-31T00:30:00.000Z"),
        ("new Date('Sun, 31 Mar 2024 01:30:00 GMT').toISOString()", "2024-03-31T01:30:00.000Z"),
        ("new Date('Sun Mar 31 2024 01:30:00 GMT+0100 (CET)').toISOString()", "2024-03-31T00:30:00.000Z"),
        ("new Date('Sun Mar 31 2024 01:30:00 +0300').toISOString()", "2024-03-30T22:30:00.000Z"),
        ("new Date(new Date(2024, 2, 31, 1, 30)).getHours()", 1),
        ("new Date(moment('2024-03-31T01:30')).getHours()", 1),
        ("new Date(new String('2024-03-31T01:30')).getHours()", 1),
        ("new Date({valueOf: () => 5}).getTime() + new Date(true).getTime()", 6),
        ("new Date(99, 0).getFullYear()", 1999),
        ("[new Date(NaN), new Date('x'), new Date(2024, NaN), new Date(undefined)].map(String)", ["Invalid Date"] * 4),
        ("new Date(new Date(NaN).setFullYear(2024)).toISOString()", "2023-12-31T23:00:00.000Z"),
        ("new Date(NaN).setHours(5)", None),
        ("new Date(new Date(2024, 2, 30, 2, 30).setDate(31)).getHours()", 3),
        ("new Date(new Date(2024, 9, 27, 1).setHours(2.9, '30')).toISOString()", "2024-10-27T00:30:00.000Z"),
        ("moment('2024-03-30T02:30').add(1, 'day').format()", "2024-03-31T03:30:00+02:00"),
        ("moment('2024-03-31').endOf('day').diff(moment('2024-03-31').startOf('day'), 'hours')", 22),
        ("moment.duration(moment('2024-11-01').diff('2024-10-01')).asHours()", 745),
        ("new Date(2024, 2, 31, 1, 30).toLocaleTimeString('ru')", "01:30:00"),
        ("(() => { class D extends Date { x() { return this.getHours() } } return new D(2024, 2, 31, 1).x() })()", 1),
        ("[new Date() instanceof Date, typeof Date(), Date.length, Date.name, new Date().constructor === Date]",
         [True, "string", 7, "Date", True]),
        ("[Date.UTC(2024, 2), Date.now() > 1e12, _.isDate(new Date(0)), Date.prototype.setHours.length]",
         [1709251200000, True, True, 4]),
        ("(() => { try { Date.prototype.setHours.call({}, 1) } catch (e) { return e.name } })()", "TypeError"),
    ],
)  # fmt: skip
async def test_local_time_in_berlin(source: str, expected: object) -> None:
    async with started(timezone="Europe/Berlin") as js:
        assert await value(js, source) == expected


async def test_intl_and_date_agree_on_a_zone(js: JavaScriptSandbox) -> None:
    parts = "{year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', timeZone: zone}"
    code = f"const f = new Intl.DateTimeFormat('ru', {parts}); return instants.map(t => f.format(t))"
    for name in ZONES:
        zone = ZoneInfo(name)
        instants = [at + timedelta(hours=hours) for at in changes(zone) for hours in (-2, 2)]
        found = await js.run(code, {"zone": name, "instants": [at.timestamp() * 1000 for at in instants]})
        assert found == [f"{at.astimezone(zone):%d.%m.%Y, %H:%M}" for at in instants], name


# ---- Dates that pass


def at(milliseconds: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("new Date(5)", at(5)),
        ("moment(5)", at(5)),
        ("moment.parseZone('1970-01-01T03:00:00+03:00')", at(0)),
        ("{a: [{b: new Date(-1)}], '__m': moment(7), text: '1970-01-01T00:00:00.000Z'}",
         {"a": [{"b": at(-1)}], "__m": at(7), "text": "1970-01-01T00:00:00.000Z"}),
        ("[new Date(NaN), moment.invalid(), new Date(1)]", [None, None, at(1)]),
        ("new Date(253402300799999)", datetime(9999, 12, 31, 23, 59, 59, 999000, tzinfo=UTC)),
        ("[new Date(253402300800000), new Date(-62167219200001)]",
         ["+010000-01-01T00:00:00.000Z", "-000001-12-31T23:59:59.999Z"]),
        ("[new Date(0).toJSON(), JSON.stringify({d: new Date(0)})]",
         ["1970-01-01T00:00:00.000Z", '{"d":"1970-01-01T00:00:00.000Z"}']),
        ("{toJSON() { return new Date(0).toJSON().slice(0, 10) }, unused: new Date(1)}", "1970-01-01"),
        ("{toJSON() { return {day: new Date(0)} }}", {"day": at(0)}),
        ("[{toJSON() { return new Date(0).toISOString() }}, new Date(1)]", ["1970-01-01T00:00:00.000Z", at(1)]),
        ("Object.assign(new Date(0), {toJSON: () => 'mine'})", "mine"),
        ("(class D extends Date {}, new (class D extends Date {})(3))", at(3)),
        ("new Map([[1, new Date()]])", {}),
        ("_.mapValues({a: new Date(1)}, _.identity)", {"a": at(1)}),
    ],
)  # fmt: skip
async def test_a_date_comes_back_as_a_date(js: JavaScriptSandbox, source: str, expected: object) -> None:
    assert await value(js, source) == expected
    assert await js.run(f"return ({source})", {}) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("d.getTime()", 5),
        ("d instanceof Date && moment(d).isSame(deep.rows[1].at)", True),
        ("d", at(5)),
        ("deep.rows[1].at", at(5)),
        ("deep['__proto__'].x.getTime()", 5),
        ("typeof text", "string"),
        ("[text, d, deep.rows]", ["1970-01-01T00:00:00.005Z", at(5), [{}, {"at": at(5)}]]),
        ("zoned.toISOString()", "1970-01-01T00:00:00.005Z"),
        ("old.toISOString()", "0001-01-01T00:00:00.000Z"),
        ("eval('d.getTime()')", 5),
        ("({d}).d.getTime()", 5),
    ],
)
async def test_a_date_goes_in_as_a_date(js: JavaScriptSandbox, source: str, expected: object) -> None:
    variables = {
        "d": at(5),
        "deep": {"rows": [{}, {"at": at(5)}], "__proto__": {"x": at(5)}},
        "text": "1970-01-01T00:00:00.005Z",
        "zoned": at(5).astimezone(timezone(timedelta(hours=3))) + timedelta(microseconds=900),
        "old": datetime(1, 1, 1, tzinfo=UTC),
    }
    assert await value(js, source, **variables) == expected


async def test_a_date_stays_a_date_for_the_next_expression(js: JavaScriptSandbox) -> None:
    answers = await js.evaluate(
        [
            Expression("new Date(Date.UTC(2026, 0, 31))", "d"),
            Expression("d.getUTCFullYear()", "year"),
            Expression("[{at: moment(d).add(1, 'day')}]", "data.list"),
            Expression("data.list[0].at.getUTCDate() + year"),
            Expression("d"),
        ],
        {"data": {}},
    )
    first = datetime(2026, 1, 31, tzinfo=UTC)
    assert answers == [first, 2026, [{"at": datetime(2026, 2, 1, tzinfo=UTC)}], 2027, first]


@settings(deadline=None, max_examples=100)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(st.characters(exclude_categories=["Cs"]))
        | st.datetimes(timezones=st.just(UTC)),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4),
        max_leaves=20,
    )
)  # fmt: skip
def test_values_with_dates_pass_unharmed(berlin: Zoned, given_value: object) -> None:
    (found,) = berlin.run("return [_.cloneDeep(v)]", {"v": given_value})
    assert found == in_milliseconds(given_value)


@pytest.fixture(scope="module")
def berlin() -> Iterator[Zoned]:
    made = Zoned("Europe/Berlin")
    yield made
    made.close()


def in_milliseconds(given_value: object) -> object:
    if isinstance(given_value, datetime):
        return given_value.replace(microsecond=given_value.microsecond // 1000 * 1000)
    if isinstance(given_value, dict):
        return {key: in_milliseconds(item) for key, item in given_value.items()}
    if isinstance(given_value, list):
        return [in_milliseconds(item) for item in given_value]
    return given_value
