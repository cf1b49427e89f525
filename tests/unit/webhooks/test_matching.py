"""Which events a subscription is told of."""

from datetime import UTC, datetime

import msgspec
import pytest

from obmen.bootstrap import registered
from obmen.domain.events import Event, changed_columns
from obmen.domain.schema import Catalog, Field
from obmen.domain.webhooks.matching import Subscription, matches, watched_columns

TEXT = registered().field_types["text"]
SUBSCRIPTION = Subscription(
    id=1,
    active=True,
    catalog_id=105,
    events=frozenset({"record.created", "record.updated"}),
    columns=None,
    initiators=frozenset(),
    url="http://x.test/",
    secret=None,
)
CATALOG = Catalog(
    number=105,
    section=10,
    name="Orders",
    fields=(
        Field(number=1, name="Name", type=TEXT),
        Field(number=2, text_id="email", name="E-mail", type=TEXT),
    ),
)


def event(kind="record.updated", *, catalog=105, actor=3, new='{"id":1,"f1":"b"}', old='{"id":1,"f1":"a","f2":"x"}'):
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return Event(position=1, at=at, type=kind, catalog_id=catalog, record_id=1, actor=actor, new=new, old=old)


def told(change, happened):
    return matches(msgspec.structs.replace(SUBSCRIPTION, **change), happened, changed_columns(happened))


@pytest.mark.parametrize(
    ("change", "happened", "expected"),
    [
        ({}, event(), True),
        ({}, event("record.created"), True),
        ({}, event("record.deleted"), False),
        ({}, event(catalog=106), False),
        ({"columns": frozenset({"f1"})}, event(), True),
        ({"columns": frozenset({"f2"})}, event(), False),
        ({"columns": frozenset()}, event(), False),
        ({"columns": frozenset({"f2"})}, event("record.created"), True),
        ({"initiators": frozenset({3, 4})}, event(), True),
        ({"initiators": frozenset({4})}, event(), False),
        ({"initiators": frozenset({4})}, event(actor=None), False),
        ({}, event(actor=None), True),
    ],
)
def test_matching(change, happened, expected):
    assert told(change, happened) is expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (None, None),
        ("", None),
        (" , ", None),
        ("1", {"f1"}),
        ("1,email", {"f1", "f2"}),
        ("2", {"f2"}),
        ("1 email", {"f1", "f2"}),
        (" 1 ,  email ", {"f1", "f2"}),
        ("1, gone", {"f1"}),
        ("gone", set()),
    ],
)
def test_watched_columns(fields, expected):
    assert watched_columns(fields, CATALOG) == expected


def test_numbers_that_differ_far_behind_the_point_differ():
    happened = event(new='{"f1":12345678901234567890.1}', old='{"f1":12345678901234567890.2}')
    assert changed_columns(happened) == {"f1"}


def test_a_value_that_was_set_to_what_it_was_has_not_changed():
    assert changed_columns(event(new='{"id":1,"f1":1.50,"f2":null}', old='{"id":1,"f1":1.5}')) == set()
