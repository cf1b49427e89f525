"""``$webRequests``: external requests. A record is an address that starts a scenario."""

from obmen.domain.field_types import shown
from obmen.domain.requests.url_ids import is_url_id
from obmen.domain.schema import WEB_REQUESTS
from obmen.services.system_catalogs import ON_OFF, Effect, Surroundings, SystemCatalog, Write


class WebRequests(SystemCatalog):
    """Listens at ``/api/webrequest/{$urlId}`` (docs/reference/external-requests.md)."""

    number = 10
    text_id = WEB_REQUESTS
    icon = "content-34"
    fields = (
        {"number": 1, "id": "$status", "type": "dropdown", "config": {"items": ON_OFF, "defaultValue": True}},
        {"number": 2, "id": "$name", "type": "text", "required": True},
        {"number": 3, "id": "$description", "type": "text", "config": {"type": "multiline"}},
        {"number": 4, "id": "$urlId", "type": "text"},
        {"number": 5, "id": "$script", "type": "object", "config": {"catalogs": [{"id": "$scripts"}]}},
    )
    unique = ("$urlId",)

    async def prepare(self, write: Write, around: Surroundings) -> list[Effect]:
        """The address is made of characters that need no escaping; slashes at its ends do not count."""
        url_id = write.values.get("$urlId")
        if isinstance(url_id, str):
            url_id = write.values["$urlId"] = url_id.strip("/")
            if not is_url_id(url_id):
                raise write.refuse("$urlId", "field.bad_url_id", sent=shown(url_id))
        return [around.listeners_change()]

    def removal(self, around: Surroundings) -> list[Effect]:
        """Nothing listens there any more."""
        return [around.listeners_change()]


SYSTEM_CATALOG = WebRequests()
