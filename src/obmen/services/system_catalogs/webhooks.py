"""``$webhooks``: subscriptions of other systems to changes of records."""

from typing import Final
from urllib.parse import urlsplit

from obmen.domain.field_types import references, shown
from obmen.domain.schema import WEBHOOKS
from obmen.domain.webhooks.matching import field_names, unknown_fields
from obmen.services.system_catalogs import ON_OFF, Effect, Surroundings, SystemCatalog, Write, notify, run_query
from obmen.storage.database import Connection

_EVENTS: Final = ("record.created", "record.updated", "record.deleted")


class Webhooks(SystemCatalog):
    """What is sent where."""

    number = 5
    text_id = WEBHOOKS
    icon = "content-11"
    fields = (
        {"number": 1, "id": "$status", "type": "dropdown", "config": {"items": ON_OFF, "defaultValue": True}},
        {"number": 2, "id": "$name", "type": "text"},
        {
            "number": 3,
            "id": "$catalog",
            "type": "object",
            "required": True,
            "config": {"catalogs": [{"id": "$catalogs"}]},
        },
        {
            "number": 4,
            "id": "$events",
            "type": "checkboxes",
            "required": True,
            "config": {"items": tuple({"id": event} for event in _EVENTS)},
        },
        {"number": 5, "id": "$fields", "type": "text", "config": {"type": "multiline"}},
        {"number": 6, "id": "$url", "type": "text", "required": True, "config": {"type": "multiline"}},
        {"number": 7, "id": "$initiator", "type": "user", "config": {"multiselect": True}},
        {"number": 8, "id": "$secret", "type": "text", "config": {"type": "secret"}},
        {"number": 9, "id": "$sequenceId", "type": "number"},
        {"number": 10, "id": "$retries", "type": "number", "config": {"min": 0}},
        {"number": 11, "id": "$incident", "type": "text", "config": {"type": "multiline"}},
    )

    async def prepare(self, write: Write, around: Surroundings) -> list[Effect]:
        """The address is http or https, ``$fields`` are fields of the catalog; workers look again at what is subscribed.

        What is paused goes on without ``$incident``.
        """
        url = write.values.get("$url")
        if isinstance(url, str) and not _is_address(url):
            raise write.refuse("$url", "field.bad_url", sent=shown(url))
        if "$fields" in write.values or "$catalog" in write.values:
            await _check_fields(write)
        effects = [notify(around.queries["notify_webhooks"])]
        if write.record is not None and "$incident" in write.values and not write.values["$incident"]:
            effects.insert(0, run_query(around.queries["resume_paused"]))
        return effects

    def removal(self, around: Surroundings) -> list[Effect]:
        """Deliveries that wait are dropped, and so is its cursor: a worker that still holds it finds out."""
        queries = around.queries

        async def drop_cursor(connection: Connection, record: int) -> None:
            await connection.execute(queries["drop_cursor"], cursor_name(record))

        return [drop_cursor, run_query(queries["drop_deliveries"]), notify(queries["notify_webhooks"])]


def cursor_name(webhook_id: int) -> str:
    """Name of a webhook's cursor on the event log."""
    return f"webhook:{webhook_id}"


async def _check_fields(write: Write) -> None:
    """Refuses ids of no field, which would never be told of; those that the record has already may be sent back."""
    held, links = await write.held("$fields"), await write.held("$catalog")
    before = int(links[0].partition(":")[2]) if links else 0
    chosen = [write.schema.find(one.record) for one in references(write.values.get("$catalog"))]
    catalog = chosen[0] if chosen else write.schema.catalogs.get(before)
    fields = write.values.get("$fields", held)
    if catalog is None or not isinstance(fields, str):
        return
    kept = field_names(held) if catalog.number == before else []
    if unknown := [name for name in unknown_fields(fields, catalog) if name not in kept]:
        known = ", ".join(field.id for field in catalog.value_fields)
        raise write.refuse("$fields", "field.no_fields", sent=", ".join(unknown), catalog=catalog.id, known=known)


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


SYSTEM_CATALOG = Webhooks()
