"""The documented form of a notification."""

from datetime import UTC, datetime

import msgspec
import pytest

from obmen.domain.events import Event
from obmen.domain.webhooks.message import body


def told(kind, actor=1):
    at = datetime.fromtimestamp(1459500623.9, UTC)
    event = Event(position=9, at=at, type=kind, catalog_id=105, record_id=199, actor=actor)
    return msgspec.json.decode(body(2, 84, event, "105", '{"2":"Text"}', '{"2":"Before","3":null}'))


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        ("record.created", {"catalogId": "105", "recordId": "199", "values": {"2": "Text"}}),
        (
            "record.updated",
            {
                "catalogId": "105",
                "recordId": "199",
                "values": {"2": "Text"},
                "prevValues": {"2": "Before", "3": None},
            },
        ),
        ("record.deleted", {"catalogId": "105", "recordId": "199"}),
    ],
)
def test_form(kind, payload):
    assert told(kind) == {
        "timestamp": "1459500623",
        "hook": {"id": "2", "event": kind, "sequenceId": 84},
        "payload": payload,
        "user": {"id": "1"},
    }


def test_a_change_of_the_system_itself_has_no_user():
    assert told("record.created", actor=None)["user"] == {"id": None}
