"""``$webhooks``: subscriptions of other systems to changes of records."""

from urllib.parse import urlsplit

from obmen.domain.field_types import shown
from obmen.errors import FieldProblem, InvalidValue
from obmen.services.system_catalogs import SystemCatalog, Write


class Webhooks(SystemCatalog):
    """What is sent where (contract: ``$webhooks``)."""

    text_id = "$webhooks"
    order = 6
    icon = "content-11"
    fields = (
        {
            "id": "$status",
            "type": "dropdown",
            "config": {"items": ("$active", "$inactive"), "multiselect": False, "defaultValue": True},
        },
        {"id": "$name", "type": "text"},
        {
            "id": "$catalog",
            "type": "object",
            "required": True,
            "config": {"multiselect": False, "catalogs": [{"id": "$catalogs"}]},
        },
        {
            "id": "$events",
            "type": "checkboxes",
            "required": True,
            "config": {"items": ("record.created", "record.updated", "record.deleted")},
        },
        {"id": "$fields", "type": "text"},
        {"id": "$url", "type": "text", "required": True},
        {"id": "$initiator", "type": "user", "config": {"multiselect": True}},
        {"id": "$secret", "type": "text", "config": {"type": "secret"}},
        {"id": "$sequenceId", "type": "number"},
    )

    async def writing(self, write: Write) -> None:
        """The address is http or https."""
        url = write.values.get("$url")
        if url is not None and not _is_address(url):
            problem = FieldProblem(
                "field.bad_url", field="$url", name=write.catalog.by_id["$url"].name, sent=shown(url)
            )
            raise InvalidValue("field.invalid", problems=(problem,), count=1)

    async def written(self, write: Write) -> None:
        """Workers look again at what is subscribed."""
        await write.connection.execute(write.database.queries["notify_webhooks"])

    async def removed(self, write: Write) -> None:
        """Deliveries that wait are dropped with it, and its cursor: a worker that still holds it finds out."""
        queries = write.database.queries
        await write.connection.execute(queries["drop_cursor"], cursor_name(write.record_id))
        await write.connection.execute(queries["drop_deliveries"], write.record_id)
        await write.connection.execute(queries["notify_webhooks"])


def cursor_name(webhook_id: int) -> str:
    """Name of a webhook's cursor on the event log."""
    return f"webhook:{webhook_id}"


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


SYSTEM_CATALOG = Webhooks()
