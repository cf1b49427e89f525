"""The body of a notification (docs/how-to/receive-webhooks.md). Called by ``services/webhooks``."""

from typing import Any

import msgspec

from obmen.domain.encoding import encode
from obmen.domain.events import CREATED, UPDATED, Event


def body(
    webhook_id: int,
    sequence_id: int,
    event: Event,
    catalog_id: str,
    values: str,
    previous: str,
) -> bytes:
    """JSON. ``values`` (JSON of an object) are those that were set or changed, ``previous`` all that were before.

    Which of them are included depends on the event type.
    """
    payload: dict[str, Any] = {"catalogId": catalog_id, "recordId": event.text_id or str(event.record_id)}
    if event.type in (CREATED, UPDATED):
        payload["values"] = msgspec.Raw(values.encode())
    if event.type == UPDATED:
        payload["prevValues"] = msgspec.Raw(previous.encode())
    return encode(
        {
            "timestamp": str(int(event.at.timestamp())),
            "hook": {"id": str(webhook_id), "event": event.type, "sequenceId": sequence_id},
            "payload": payload,
            "user": {"id": None if event.actor is None else str(event.actor)},
        }
    )
