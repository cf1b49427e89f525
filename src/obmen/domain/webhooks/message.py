"""The body of a notification (contract: webhook requests). Called by ``services/webhook_bodies``."""

from collections.abc import Mapping
from typing import Any

from obmen.domain.encoding import encode
from obmen.domain.events import CREATED, UPDATED, Event


def body(
    webhook_id: int,
    sequence_id: int,
    event: Event,
    catalog_key: str,
    values: Mapping[str, Any],
    previous: Mapping[str, Any],
) -> bytes:
    """JSON. ``values`` are those that were set or changed, ``previous`` all that were before.

    An event takes of them what it tells of.
    """
    payload: dict[str, Any] = {"catalogId": catalog_key, "recordId": str(event.record_id)}
    if event.type in (CREATED, UPDATED):
        payload["values"] = values
    if event.type == UPDATED:
        payload["prevValues"] = previous
    return encode(
        {
            "timestamp": str(int(event.at.timestamp())),
            "hook": {"id": str(webhook_id), "event": event.type, "sequenceId": sequence_id},
            "payload": payload,
            "user": {"id": None if event.actor is None else str(event.actor)},
        }
    )
