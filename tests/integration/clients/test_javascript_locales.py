"""Formats, order and plurals of Russian and English in the sandbox. What is expected is what Node 20 with ICU 78 gives."""

from collections.abc import AsyncIterator

import pytest
from script_sandboxes import started, value

from obmen.clients.javascript import JavaScriptSandbox
from obmen.errors import ScriptFailed

DATE = "new Date(Date.UTC(2026, 0, 31, 21, 5, 9))"
MARCH = "new Date(Date.UTC(2026, 2, 1))"


@pytest.fixture
async def js() -> AsyncIterator[JavaScriptSandbox]:
    async with started() as sandbox:
        yield sandbox


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("(1234.5).toLocaleString('ru-RU')", "1\u00a0234,5"),
        ("(1234.5).toLocaleString()", "1,234.5"),
        ("(-0.005).toLocaleString('ru', {style: 'percent', maximumFractionDigits: 1})", "-0,5\u00a0%"),
        ("12345678901234567890n.toLocaleString('ru')", "12\u00a0345\u00a0678\u00a0901\u00a0234\u00a0567\u00a0890"),
        ("[1234.5, null, 'x'].toLocaleString('ru')", "1\u00a0234,5,,x"),
        ("(1234).toLocaleString('ru', {useGrouping: false, minimumFractionDigits: 2})", "1234,00"),
        ("NaN.toLocaleString('ru')", "не\u00a0число"),
        (
            "new Intl.NumberFormat('ru-RU', {style: 'currency', currency: 'RUB'}).format(1234567.891)",
            "1\u00a0234\u00a0567,89\u00a0₽",
        ),
        ("new Intl.NumberFormat('ru', {style: 'currency', currency: 'RUB', currencyDisplay: 'name'}).format(5)",
         "5,00 российского рубля"),
        ("new Intl.NumberFormat('en', {style: 'currency', currency: 'USD'}).format(-5)", "-$5.00"),
        ("new Intl.NumberFormat('ru', {style: 'unit', unit: 'kilogram', unitDisplay: 'long'}).format(2)", "2 килограмма"),
        ("new Intl.NumberFormat('ru', {notation: 'compact'}).format(1234567)", "1,2\u00a0млн"),
        ("[1e-6, 1e-7, -1.25e-7, 9.96e-7, 4e-12, 0].map(new Intl.NumberFormat('en', {notation: 'compact'}).format)",
         ["0.000001", "0.0000001", "-0.00000013", "0.000001", "0.000000000004", "0"]),
        ("new Intl.NumberFormat('ru', {notation: 'compact', compactDisplay: 'long', maximumFractionDigits: 8}).format(12.3456e-7)",
         "0,00000123"),
        ("new Intl.NumberFormat('ru', {notation: 'compact', style: 'currency', currency: 'RUB'}).formatToParts(2e-9).length", 5),
        ("new Intl.NumberFormat('ru').formatToParts(1234.5).map(p => p.type)",
         ["integer", "group", "integer", "decimal", "fraction"]),
        ("[1234.5, 7].map(new Intl.NumberFormat('en-GB').format)", ["1,234.5", "7"]),
        ("Intl.NumberFormat('ru-RU').resolvedOptions().locale", "ru-RU"),
        (f"{DATE}.toLocaleDateString('ru-RU')", "31.01.2026"),
        (f"{DATE}.toLocaleTimeString('ru-RU')", "21:05:09"),
        (f"{DATE}.toLocaleString('ru-RU')", "31.01.2026, 21:05:09"),
        (f"{DATE}.toLocaleString()", "1/31/2026, 9:05:09 PM"),
        (f"{DATE}.toLocaleDateString('en-GB')", "31/01/2026"),
        (f"{DATE}.toLocaleDateString('ru', {{year: 'numeric', month: 'long', day: 'numeric'}})", "31 января 2026 г."),
        (f"{DATE}.toLocaleDateString('ru', {{month: 'long', year: 'numeric'}})", "январь 2026 г."),
        (f"{DATE}.toLocaleDateString('ru', {{month: 'long'}})", "январь"),
        (f"{MARCH}.toLocaleDateString('ru', {{month: 'short', year: 'numeric'}})", "март 2026 г."),
        (f"{MARCH}.toLocaleDateString('ru', {{day: 'numeric', month: 'short'}})", "1 мар."),
        (f"{DATE}.toLocaleDateString('ru', {{weekday: 'long'}})", "суббота"),
        (f"{DATE}.toLocaleString('ru', {{dateStyle: 'long', timeStyle: 'short'}})", "31 января 2026 г. в 21:05"),
        (f"{DATE}.toLocaleString('ru', {{dateStyle: 'short', timeStyle: 'medium', timeZone: 'Europe/Moscow'}})",
         "01.02.2026, 00:05:09"),
        (f"{DATE}.toLocaleTimeString('ru', {{hour: '2-digit', minute: '2-digit'}})", "21:05"),
        (f"{DATE}.toLocaleTimeString('en-US', {{hour: '2-digit', minute: '2-digit', hourCycle: 'h23'}})", "21:05"),
        (f"{DATE}.toLocaleTimeString('ru', {{timeStyle: 'long', timeZone: 'Asia/Yekaterinburg'}})", "02:05:09 GMT+5"),
        (f"{DATE}.toLocaleString('en', {{timeZone: 'America/New_York', timeZoneName: 'longOffset'}})",
         "1/31/2026, 4:05:09 PM GMT-05:00"),
        (f"new Intl.DateTimeFormat('ru', {{dateStyle: 'long'}}).formatToParts({DATE}).map(p => p.type + '=' + p.value)",
         ["day=31", "literal= ", "month=января", "literal= ", "year=2026", "literal= г."]),
        ("new Date(NaN).toLocaleDateString('ru')", "Invalid Date"),
        ("Intl.DateTimeFormat().resolvedOptions().timeZone", "UTC"),
        ("[0, 1, 2, 5, 11, 21, 1.5].map(n => new Intl.PluralRules('ru').select(n))",
         ["many", "one", "few", "many", "many", "one", "other"]),
        ("[1, 2, 3, 11, 21].map(n => new Intl.PluralRules('en', {type: 'ordinal'}).select(n))",
         ["one", "two", "few", "other", "one"]),
        ("new Intl.RelativeTimeFormat('ru').format(-5, 'days')", "5 дней назад"),
        ("new Intl.RelativeTimeFormat('ru', {numeric: 'auto'}).format(1, 'day')", "завтра"),
        ("new Intl.RelativeTimeFormat('en-GB').format(2, 'hour')", "in 2 hours"),
        ("new Intl.ListFormat('ru').format(['а', 'б', 'в'])", "а, б и в"),
        ("['b', 'я', 'Ёж', 'а', 'еж', 'ель', '1', 'Банк'].sort(new Intl.Collator('ru').compare)",
         ["1", "а", "Банк", "еж", "Ёж", "ель", "я", "b"]),
        ("['b', 'я', 'a'].sort((x, y) => x.localeCompare(y))", ["a", "b", "я"]),
        ("'ё'.localeCompare('Е', 'ru', {sensitivity: 'base'})", 0),
        ("'и\u0306'.localeCompare('й', 'ru') + 'й'.localeCompare('и', 'ru', {sensitivity: 'base'})", 1),
        ("['к 10', 'к 9', 'К 9'].sort(new Intl.Collator('ru', {numeric: true}).compare)", ["к 9", "К 9", "к 10"]),
        ("'ИЮНЬ'.toLocaleLowerCase('ru-RU') + 'a'.toLocaleUpperCase()", "июньA"),
        ("Intl.NumberFormat.supportedLocalesOf(['ru', 'de'])", ["ru"]),
        ("new Intl.NumberFormat(['xx', 'ru']).resolvedOptions().locale", "ru"),
        ("typeof Intl.DisplayNames + String(Intl)", "undefined[object Intl]"),
    ],
)  # fmt: skip
async def test_formats(js: JavaScriptSandbox, source: str, expected: object) -> None:
    assert await value(js, source) == expected


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        (
            "(1).toLocaleString('de')",
            "RangeError: locale 'de' is not available; available: en, en-US, en-GB, ru, ru-RU",
        ),
        ("new Date().toLocaleDateString('ru_RU')", "locale 'ru_RU'"),
        ("new Intl.Collator(['de', 'kk'])", "locale 'de, kk'"),
        ("'a'.localeCompare('b', 'tr')", "locale 'tr'"),
        ("'I'.toLocaleLowerCase('tr')", "locale 'tr'"),
        ("new Intl.PluralRules(5)", "a locale is a text"),
        ("(1).toLocaleString('ru', {style: 'colour'})", "RangeError"),
        ("(1).toLocaleString('ru', {style: 'currency'})", "TypeError"),
        (
            "(1).toLocaleString('ru', {numberingSystem: 'arab'})",
            "numberingSystem 'arab' is not available; available: latn",
        ),
        ("new Date().toLocaleDateString('ru', {calendar: 'islamic'})", "calendar 'islamic' is not available"),
        (
            "new Date().toLocaleDateString('ru', {timeZone: 'Mars/Olympus'})",
            "time zone 'Mars/Olympus' is not available",
        ),
        ("new Date().toLocaleDateString('ru', {timeStyle: 'short'})", "TypeError"),
        ("new Date().toLocaleDateString('ru', {month: 'wide'})", "RangeError"),
        ("new Intl.Collator('ru', {sensitivity: 'none'})", "sensitivity 'none' is not available"),
        ("new Intl.DateTimeFormat('ru').format(NaN)", "RangeError: Invalid time value"),
        ("new Intl.RelativeTimeFormat('ru').format(1, 'aeon')", "RangeError"),
        ("new Intl.NumberFormat('ru', {notation: 'compact', style: 'percent'})", "compact notation of percents"),
        ("Intl.PluralRules('ru')", "needs 'new'"),
        ("Intl.NumberFormat.prototype.resolvedOptions.call({})", "TypeError"),
    ],
)
async def test_what_is_not_there_is_refused(js: JavaScriptSandbox, source: str, problem: str) -> None:
    with pytest.raises(ScriptFailed) as failed:
        await value(js, source)
    assert problem in str(failed.value)


async def test_the_time_zone_of_the_sandbox_is_the_default() -> None:
    async with started(timezone="Europe/Moscow") as js:
        assert await value(js, f"[{DATE}.toLocaleString('ru'), Intl.DateTimeFormat().resolvedOptions().timeZone]") == [
            "01.02.2026, 00:05:09",
            "Europe/Moscow",
        ]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("moment('2026-01-31').locale('ru').format('D MMMM YYYY')", "31 января 2026"),
        ("moment('2026-01-31').locale('ru-RU').format('dddd, LL')", "суббота, 31 января 2026 г."),
        ("moment().subtract(2, 'days').locale('ru').fromNow()", "2 дня назад"),
        ("moment().locale('ru').startOf('day').hour(9).calendar()", "Сегодня, в 9:00"),
        ("moment('31 января 2026', 'D MMMM YYYY', 'ru').format('YYYY-MM-DD')", "2026-01-31"),
        ("moment('5 мар. 2026', 'D MMM YYYY', 'ru', true).isValid()", True),
        ("moment.duration(3, 'hours').locale('ru').humanize()", "3 часа"),
        ("(moment.locale('ru'), [moment(0).format('MMMM'), moment.months()[1], moment.weekdays(true)[0]])",
         ["январь", "февраль", "понедельник"]),
        ("[moment.locale('ru'), moment.locale()]", ["ru", "ru"]),
        ("moment.locale()", "en"),
        ("moment.locale(['xx', 'uk'])", "uk"),
        ("moment.locales()", ["en", "be", "en-gb", "kk", "ru", "uk"]),
        ("moment('2026-01-31').locale('en-gb').format('L')", "31/01/2026"),
        ("moment('2026-01-31').locale('en-US').format('L')", "01/31/2026"),
        ("['uk', 'kk', 'be'].map(l => moment('2026-01-31').locale(l).format('MMMM'))", ["січень", "қаңтар", "студзень"]),
        ("moment.localeData('ru').months(moment(0))", "январь"),
        ("(moment.updateLocale('ru', {months: _.times(12, String)}), moment(0).locale('ru').format('MMMM'))", "0"),
        ("(moment.defineLocale('mine', {parentLocale: 'ru'}), moment.locale('mine'), moment(0).format('MMMM'))", "январь"),
        ("(moment.relativeTimeThreshold('s', 5), moment.duration(6, 'seconds').humanize())", "a minute"),
        ("(moment.fn.twice = function () { return this.year() * 2 }, moment.utc(0).twice())", 3940),
        ("(moment.prototype.year2 = moment.fn.year, moment.utc(0).year2())", 1970),
        ("(moment.defaultFormat = 'YYYY', moment(0).format())", "1970"),
        ("(moment.now = () => 0, moment().year())", 1970),
        ("(moment.custom = 1, moment.custom)", 1),
        ("(moment.duration.fn.x = 7, moment.duration(1).x)", 7),
        ("(moment().__proto__.x = 8, moment().x)", 8),
        ("(Object.getPrototypeOf(moment()).x = 9, moment().x)", 9),
        ("(moment.localeData()._months = _.times(12, () => 'M'), moment(0).format('MMMM'))", "M"),
        ("Object.defineProperty(moment, 'x', {value: 1}).x", 1),
        ("(delete moment.utc, typeof moment.utc)", "undefined"),
        ("[moment() instanceof moment, moment.isMoment(moment()), moment.name !== '', moment.HTML5_FMT.DATE]",
         [True, True, True, "YYYY-MM-DD"]),
    ],
)  # fmt: skip
async def test_moment(js: JavaScriptSandbox, source: str, expected: object) -> None:
    for _ in range(
        2
    ):  # a run leaves nothing to the next, and is not reporting_errors of the change otherwise than it made it
        assert await value(js, source) == expected
    assert await value(js, "[moment.locale(), moment.utc(0).format('MMMM LL'), typeof moment.fn.twice]") == [
        "en",
        "January January 1, 1970",
        "undefined",
    ]


@pytest.mark.parametrize(
    "source",
    [
        "moment.locale('de')",
        "moment().locale('de')",
        "moment().locale('en-au')",
        "moment.lang('xx')",
        "moment.duration(1).locale('de')",
        "moment.localeData('de')",
        "moment('1', 'D', 'de')",
        "moment.utc('1', 'D', 'de', true)",
        "(moment.x = 1, moment('1', 'D', 'de'))",
        "moment.locale(['de', 'fr'])",
    ],
)
async def test_a_locale_that_moment_lacks_is_refused(js: JavaScriptSandbox, source: str) -> None:
    with pytest.raises(ScriptFailed, match=r"moment has no locale '.*'; it has: en, be, en-gb, kk, ru, uk"):
        await value(js, source)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("(_.mixin({twice: n => n * 2}), _.twice(2))", 4),
        ("(_.templateSettings.interpolate = /{{(.+?)}}/g, _.template('{{a}}')({a: 1}))", "1"),
        ("(_.own = 1, _.own)", 1),
        ("(_.prototype.own = function () { return this.size() }, _([1]).own())", 1),
        ("(_.memoize.Cache = WeakMap, _.memoize(x => x).cache instanceof WeakMap)", True),
        ("_.partial((a, b) => a + b, _, 'x')('y')", "yx"),
        ("_.curry((a, b) => [a, b])(_, 2)(1)", [1, 2]),
        ("_.map(['1', '2'], _.unary(parseInt))", [1, 2]),
        ("_.flow(_.trim, _.upperFirst)(' a')", "A"),
        ("[_.isFunction(_), _.isFunction(_.map), _([]) instanceof _, typeof _.VERSION]", [True, True, True, "string"]),
        ("_.chain([3, 1]).sortBy().map(String).value()", ["1", "3"]),
        ("(_ => _.size([1]))(_)", 1),
        ("_.includes(_.functions(_), 'map')", True),
    ],
)
async def test_lodash(js: JavaScriptSandbox, source: str, expected: object) -> None:
    for _ in range(2):
        assert await value(js, source) == expected
    assert await value(js, "[_.own, _.twice, _.template('<%= a %>')({a: 1})]") == [None, None, "1"]


async def test_the_shared_moment_reads_and_writes_as_one_of_its_own(js: JavaScriptSandbox) -> None:
    code = """
    const found = [];
    const formats = ['D MMMM YYYY', 'D MMM YYYY', 'dddd, D MMMM YYYY', 'ddd D.MM.YYYY', 'dd D.MM.YYYY', 'LLLL', 'll', 'MMM', 'y N'];
    for (const locale of ['en', 'be', 'en-gb', 'kk', 'ru', 'uk'])
        for (const strict of [true, false])
            for (const format of formats)
                for (let month = 0; month < 12; month++) {
                    const text = moment.utc([2026, month, 15, 10]).locale(locale).format(format);
                    found.push(text, moment.utc(text, format, locale, strict).toJSON());
                }
    return found;"""
    shared = await js.run(code, {})
    assert "15 января 2026" in shared
    assert await js.run(f"moment.own = 1;{code}", {}) == shared
