"""``$weblisteners``: external requests. A record is an address that starts a scenario."""

from obmen.domain.field_types import shown
from obmen.domain.requests.url_ids import is_url_id
from obmen.errors import FieldProblem, InvalidValue
from obmen.services.system_catalogs import SystemCatalog, Write


class WebListeners(SystemCatalog):
    """Listens at ``/api/webrequest/{$urlId}`` (docs/reference/external-requests.md)."""

    text_id = "$weblisteners"
    order = 4
    icon = "content-34"
    fields = (
        {
            "id": "$status",
            "type": "dropdown",
            "config": {"items": ("$active", "$inactive"), "multiselect": False, "defaultValue": True},
        },
        {"id": "$name", "type": "text", "required": True},
        {"id": "$description", "type": "text", "config": {"type": "multiline"}},
        {"id": "$urlId", "type": "text", "required": True},
        {
            "id": "$script",
            "type": "object",
            "required": True,
            "config": {"multiselect": False, "catalogs": [{"id": "$scripts"}]},
        },
    )
    unique = ("$urlId",)

    async def writing(self, write: Write) -> None:
        """The address is made of letters that need no escaping."""
        url_id = write.values.get("$urlId")
        if url_id is not None and not is_url_id(url_id):
            problem = FieldProblem(
                "field.bad_url_id", field="$urlId", name=write.catalog.by_id["$urlId"].name, sent=shown(url_id)
            )
            raise InvalidValue("field.invalid", problems=(problem,), count=1)


SYSTEM_CATALOG = WebListeners()
