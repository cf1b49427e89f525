"""What is sent to, answered by, and asked of a field of each type: one sample per type, checked by ``test_field_types``."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from live_server import LiveServer

SQL = "'); drop table obmen.catalogs; -- \" $1 %s :a {0} ${x} \\ % _ <b> «ё»"
HOSTILE: Mapping[str, Any] = {
    "a number": 12,
    "a negative number": -7,
    "a huge number": 10**60,
    "a huger number": 10**300,
    "a fraction": 0.5,
    "a boolean": True,
    "a word": "word",
    "no number": "NaN",
    "infinity": "-Infinity",
    "digits with underscores": "1_0",
    "an object": {"a": {"b": 1}},
    "an empty object": {},
    "a list of lists": [[["1"]]],
    "a list of nothing": [None],
    "a list of objects": [{"x": "1"}],
    "a list of text": [SQL],
    "SQL": SQL,
    "a NUL": "a\x00b",
    "a megabyte": "я" * 500_000,
}
"""Sent to every type; a sample names those that fit it."""
ITEMS = {"items": [{"name": "One"}, {"name": "Two"}, {"name": "Three"}]}
SEVERAL_ITEMS = {**ITEMS, "multiselect": True}


@dataclass
class Sample:
    """``rows`` are values by the name of their record; a filter comes with the names of the records it finds."""

    config: Mapping[str, Any] = field(default_factory=dict)
    round_trip: Sequence[tuple[Any, Any]] = ()
    empty: Any = None
    default: tuple[Mapping[str, Any], Any] | None = None
    fits: Sequence[str] = ()
    wrong: Sequence[Any] = ()
    rows: Mapping[str, Any] = field(default_factory=dict)
    filters: Sequence[tuple[Any, str]] = ()
    wrong_filters: Sequence[Any] = ()
    ascending: str = ""
    """The names of ``rows`` in ascending order; those without a value are last."""


class Company:
    """Another catalog and employees, for values that point at something."""

    def __init__(self, server: LiveServer) -> None:
        self.section = server.api("POST", "/sections", {"name": "Types"})["id"]
        self.clients = self._catalog(server, "Clients")
        self.others = self._catalog(server, "Others")
        self.anna, self.bella = (self._record(server, self.clients, name) for name in ("Anna", "Bella"))
        self.other = self._record(server, self.others, "Other")
        self.me = server.api("GET", "/profile/me")["id"]
        values = {"$name": "Viktor", "$email": "viktor@example.com"}
        self.viktor = server.api("POST", "/catalogs/$users/records", {"values": values})["id"]
        self.my_name = server.api("GET", "/profile/me")["title"]

    def _catalog(self, server: LiveServer, name: str) -> str:
        fields = [{"id": "name", "name": "Name", "type": "text"}]
        sent = {"name": name, "icon": "users-10", "sectionId": self.section, "fields": fields}
        return str(server.api("POST", "/catalogs", sent)["id"])

    def _record(self, server: LiveServer, catalog: str, name: str) -> str:
        return str(server.api("POST", f"/catalogs/{catalog}/records", {"values": {"name": name}})["id"])

    def link(self, record: str) -> dict[str, str]:
        return {"catalogId": self.clients, "recordId": record}

    def linked(self, record: str, title: str) -> dict[str, Any]:
        head = {"sectionId": self.section, "catalogId": self.clients, "catalogTitle": "Clients"}
        return {
            **head,
            "catalogIcon": "users-10",
            "recordId": record,
            "recordTitle": title,
            "isRemoved": False,
        }


def _text(company: Company) -> Sample:
    return Sample(
        config={"type": "multiline"},
        round_trip=[
            ("Text", "Text"),
            (" two\nlines\t", " two\nlines\t"),
            (12, "12"),
            (0.5, "0.5"),
            ("😀", "😀"),
            (["Text"], "Text"),
            ([], ""),
        ],
        empty="",
        fits=[
            *("a number", "a negative number", "a huge number", "a huger number", "a fraction", "a word", "no number"),
            *("infinity", "digits with underscores", "SQL", "a list of text", "a megabyte"),
        ],
        wrong=[["a", "b"], [True], [["a"]]],
        rows={"a": "Alpha one", "b": "beta ONE", "c": "100% _x\\y", "d": None},
        filters=[
            ("one", "ab"),
            ("ALPHA", "a"),
            ("%", "c"),
            ("_", "c"),
            ("\\", "c"),
            ("0%_", ""),
            (SQL, ""),
            (100, "c"),
            (["one"], "ab"),
        ],
        wrong_filters=[{"at": 1}, ["one", "two"], True, [[]], "", []],
        ascending="cabd",
    )


def _number(company: Company) -> Sample:
    return Sample(
        round_trip=[(333, 333), ("17", 17), (" 12.50 ", 12.5), (-0.25, -0.25), (0, 0), (10**15 + 1, 10**15 + 1)],
        fits=["a number", "a negative number", "a huge number", "a fraction"],
        wrong=["12,5", "0x10", "1 000", "٣٣٣ ", "1e9999", [5]],
        rows={"a": -5, "b": 0, "c": 10.5, "d": 300, "e": None},
        filters=[
            ({"at": 0, "to": 100}, "bc"),
            ({"at": "10.5"}, "cd"),
            ({"to": 0}, "ab"),
            ({"at": "", "to": -1}, "a"),
            (300, "d"),
            ({"at": 5, "to": 1}, ""),
            (None, "e"),
        ],
        wrong_filters=[
            "many",
            {"at": "x"},
            {"from": 1},
            [1, 2],
            {"at": [1]},
            {"to": {"a": 1}},
            "NaN",
            True,
            {},
            "",
            [],
            {"at": ""},
        ],
        ascending="abcde",
    )


def _date(company: Company) -> Sample:
    return Sample(
        config={"time": True},
        round_trip=[
            ("2015-11-06T21:00:00.000Z", "2015-11-06T21:00:00.000Z"),
            ("2015-11-07T00:00:00+03:00", "2015-11-06T21:00:00.000Z"),
            ("2015-11-06T21:00:00.123456Z", "2015-11-06T21:00:00.123Z"),
            ("2015-11-06", "2015-11-06T00:00:00.000Z"),
            ("2015-11-07T00:00:00 03:00", "2015-11-06T21:00:00.000Z"),
            (1446843600000, "2015-11-06T21:00:00.000Z"),
            (1446843600, "2015-11-06T21:00:00.000Z"),
            ("1446843600", "2015-11-06T21:00:00.000Z"),
            ("1801-02-03T04:05:06Z", "1801-02-03T04:05:06.000Z"),
        ],
        wrong=[
            "06.11.2015",
            "2015-02-30",
            "2015-13-01",
            "25:00",
            "0000-01-01",
            "9999-12-31T23:59:59-15:00",
            "tomorrow",
        ],
        rows={
            "a": "2015-11-01T00:00:00.000Z",
            "b": "2015-11-19T23:59:59.500Z",
            "c": "2015-11-20T00:00:00.000Z",
            "d": None,
        },
        filters=[
            ({"at": "2015-11-01", "to": "2015-11-19"}, "ab"),
            ({"at": "2015-11-20T00:00:00+00:00"}, "c"),
            ({"to": "2015-11-01T02:59:59+03:00"}, ""),
            ({"to": "2015-11-01T03:00:00+03:00"}, "a"),
            ("2015-11-20", "c"),
            ({"at": 1447977600}, "c"),
            ({"at": "1447977600000", "to": 1447977600000}, "c"),
            ({"at": "2015-11-20T03:00:00 03:00"}, "c"),
            ("NULL_DATE", "d"),
            (None, "d"),
        ],
        wrong_filters=[
            "soon",
            {"at": "01.11.2015"},
            {"since": "2015-11-01"},
            ["2015-11-01"],
            20151101,
            SQL,
            "",
            {},
            {"to": ""},
        ],
        ascending="abcd",
    )


def _choices(company: Company, *, every: bool) -> Sample:
    return Sample(
        config=SEVERAL_ITEMS,
        round_trip=[
            (["1"], ["1"]),
            (["2", "1", "2"], ["2", "1"]),
            ("3", ["3"]),
            (3, ["3"]),
            ([], []),
        ],
        empty=[],
        default=({**SEVERAL_ITEMS, "defaultValue": True}, ["1"]),
        wrong=["4", ["1", "4"], "One", ["1", None], [1.5], "1, 2", 0],
        rows={"a": ["1"], "b": ["1", "2"], "c": ["3"], "d": None},
        filters=[
            (["1"], "ab"),
            (["1", "2"], "b" if every else "ab"),
            (["3", "2"], "" if every else "bc"),
            ("3", "c"),
            (["99"], ""),
            (None, "d"),
        ],
        wrong_filters=[{"at": 1}, [True], [["1"]], [{"id": "1"}], "", [], [""]],
        ascending="abcd",
    )


def _radiobutton(company: Company) -> Sample:
    return Sample(
        config=ITEMS,
        round_trip=[("1", ["1"]), (["2"], ["2"]), (3, ["3"])],
        default=({**ITEMS, "defaultValue": True}, ["1"]),
        wrong=["4", ["1", "2"], "One", 0],
        rows={"a": "1", "b": "2", "c": "3", "d": None},
        filters=[("1", "a"), (["1", "3"], "ac"), (["9"], ""), (None, "d")],
        wrong_filters=[{"at": 1}, [True], [["1"]], "", []],
        ascending="abcd",
    )


def _switch(company: Company) -> Sample:
    return Sample(
        round_trip=[(True, True), (False, False)],
        empty=False,
        default=({"defaultValue": True}, True),
        fits=["a boolean"],
        wrong=["true", 1, 0, "on"],
        rows={"a": True, "b": False, "c": None},
        filters=[(True, "a"), (False, "bc")],
        wrong_filters=["maybe", [True], {"at": True}, 5, "", []],
        ascending="bca",
    )


def _contact(company: Company) -> Sample:
    first, second = {"contact": "8-901-234-56-78", "comment": "main"}, {"contact": "a@example.com", "comment": ""}
    text = {"contact": "word", "comment": ""}
    return Sample(
        round_trip=[
            ([first, second], [first, second]),
            (second, [second]),
            ("word", [text]),
            ([{"contact": "word"}], [text]),
            ([{"contact": " ", "comment": "gone"}], []),
            ([{"contact": SQL, "comment": SQL}], [{"contact": SQL, "comment": SQL}]),
        ],
        empty=[],
        fits=["a word", "no number", "infinity", "digits with underscores", "SQL", "a list of text", "a megabyte"],
        wrong=[
            [{"contact": 5}],
            [{"comment": "x"}],
            [{"contact": "x", "comment": 5}],
            [{"contact": "a\x00"}],
            [{"contact": "a", "comment": "\x00"}],
        ],
        rows={
            "a": [{"contact": "8 (901) 234-56-78", "comment": "red"}],
            "b": [{"contact": "Anna@Example.com"}, {"contact": "+7 999 000 11 22"}],
            "c": None,
        },
        filters=[
            ("901 234", "a"),
            ("+7 (901) 234-56-78", "a"),
            ("89990001122", "b"),
            ("7 901 2345678", "a"),
            ("8(901)", "a"),
            ("9012345678", "a"),
            ("example", "b"),
            ("999-000", "b"),
            ("red", ""),
            (None, "c"),
            (901, "a"),
        ],
        wrong_filters=[{"contact": "x"}, ["x", "y"], True, "", []],
        ascending="abc",
    )


def _user(company: Company) -> Sample:
    me = {"id": company.me, "title": company.my_name, "isRemoved": False}
    viktor = {"id": company.viktor, "title": "Viktor", "isRemoved": False}
    return Sample(
        config={"multiselect": True},
        round_trip=[
            ([{"id": company.me}], [me]),
            ([company.viktor, {"id": company.me}], [viktor, me]),
            (company.viktor, [viktor]),
            ([int(company.viktor)], [viktor]),
            (["CURRENT_USER"], [me]),
            ([{"id": company.viktor, "title": "Somebody else"}], [viktor]),
        ],
        empty=[],
        wrong=["0", "999999", [{"id": "999999"}], [{"id": None}], [{"id": "1 or 1=1"}], "1.0", "-1"],
        rows={"a": [company.me], "b": [company.viktor], "c": [company.me, company.viktor], "d": None},
        filters=[
            ([company.viktor], "bc"),
            ([company.me, company.viktor], "abc"),
            (["CURRENT_USER"], "ac"),
            ("CURRENT_USER", "ac"),
            ([{"id": company.viktor}], "bc"),
            (["999999"], ""),
            ("nobody", ""),
            (None, "d"),
        ],
        wrong_filters=["x y", [SQL], [None], [{"name": "x"}], [["1"]], "", []],
    )


def _object(company: Company) -> Sample:
    anna, bella = company.link(company.anna), company.link(company.bella)
    by_name = [{"fieldId": "name", "value": "ann"}]
    return Sample(
        config={"multiselect": True, "catalogs": [{"id": company.clients}]},
        round_trip=[
            ([anna], [company.linked(company.anna, "Anna")]),
            ([bella, anna], [company.linked(company.bella, "Bella"), company.linked(company.anna, "Anna")]),
            (anna, [company.linked(company.anna, "Anna")]),
        ],
        empty=[],
        wrong=[
            [{"catalogId": company.clients}],
            [{"recordId": company.anna}],
            [{"catalogId": company.others, "recordId": company.other}],
            [{"catalogId": "999", "recordId": "1"}],
            [{"catalogId": company.clients, "recordId": "999999"}],
            [{"catalogId": company.clients, "recordId": "9" * 30}],
            [{"catalogId": company.clients, "recordId": "1 or 1=1"}],
            [anna, "x"],
        ],
        rows={"a": [anna], "b": [bella], "c": [anna, bella], "d": None},
        filters=[
            ([anna], "ac"),
            ([anna, bella], "abc"),
            (anna, "ac"),
            ([{"catalogId": company.clients, "filters": by_name}], "ac"),
            ([{"catalogId": company.clients, "filters": {"name": "bell"}}], "bc"),
            ([{"catalogId": company.clients, "filters": by_name}, bella], "abc"),
            ([{"catalogId": company.clients, "filters": {"name": "nobody"}}], ""),
            ([{"catalogId": company.clients, "recordId": "999999"}], ""),
            (None, "d"),
        ],
        wrong_filters=[
            "x",
            5,
            [{}],
            [{"catalogId": "999", "recordId": "1"}],
            [{"catalogId": company.clients}],
            [{"catalogId": company.clients, "filters": {"nothing": 1}}],
            [{"catalogId": company.clients, "recordId": SQL}],
            "",
            [],
        ],
    )


def _progress(company: Company) -> Sample:
    return Sample(
        round_trip=[(0, 0), (100, 100), (33.5, 33.5), ("50", 50)],
        fits=["a number", "a fraction"],
        wrong=[-1, 101, 100.001, [5]],
        rows={"a": 0, "b": 50, "c": 100, "d": None},
        filters=[({"at": 10, "to": 60}, "b"), ({"at": "50"}, "bc"), ({"to": 0}, "a"), (100, "c"), (None, "d")],
        wrong_filters=["x", [1], {"at": "x"}, {"of": 1}, "", {}],
        ascending="abcd",
    )


def _stars(company: Company) -> Sample:
    return Sample(
        round_trip=[(0, 0), (5, 5), ("3", 3), (4.0, 4)],
        wrong=[6, -1, 2.5, "many"],
        rows={"a": 0, "b": 3, "c": 5, "d": None},
        filters=[([3], "b"), (["0", "5"], "ac"), (5, "c"), ([4], ""), ([9], ""), (["3.5"], ""), (None, "d")],
        wrong_filters=["x", {"at": 1}, [[1]], [True], "", []],
        ascending="abcd",
    )


def _file(company: Company) -> Sample:
    inline = {"title": "a.txt", "src": "data:text/plain;base64,aGVsbG8="}
    remote = {"title": "Voice", "src": "https://link.example/voice.mp3", "mimeType": "audio/mp3"}
    kept = {"title": "Voice", "url": remote["src"], "size": 0, "mimeType": "audio/mp3", "metadata": None}
    sized = {**remote, "size": "8513"}
    return Sample(
        config={"multiselect": True},
        round_trip=[
            ([remote], [kept]),
            (remote, [kept]),
            ([sized], [{**kept, "size": 8513}]),
            ({"src": remote["src"]}, [{**kept, "title": "voice.mp3", "mimeType": "application/octet-stream"}]),
        ],
        empty=[],
        wrong=[
            [{"id": "999999"}],
            [{"title": "x"}],
            [{"title": "x", "src": "file:///etc/passwd"}],
            [{"title": "x", "src": "javascript:alert(1)"}],
            [{"title": "x", "src": "http://[broken"}],
            [{"title": "x", "src": "data:text/plain;base64,%%%"}],
            [{"title": "a\x00", "src": "https://link.example"}],
            [{"title": 5, "src": "https://link.example"}],
        ],
        rows={"a": [inline], "b": [remote], "c": None},
        filters=[(True, "ab"), (False, "c"), ("true", "ab"), (None, "c")],
        wrong_filters=["x", [{"id": "1"}], {"id": "1"}, "", []],
    )


SAMPLES: Mapping[str, Callable[[Company], Sample]] = {
    "checkboxes": lambda company: _choices(company, every=True),
    "contact": _contact,
    "date": _date,
    "dropdown": lambda company: _choices(company, every=False),
    "file": _file,
    "number": _number,
    "object": _object,
    "progress": _progress,
    "radiobutton": _radiobutton,
    "stars": _stars,
    "switch": _switch,
    "text": _text,
    "user": _user,
}
HEADINGS = ("group",)
"""Types that hold no value."""
