"""``$processes``: the journal of processes. The engine writes it; removing a running one aborts it."""

from obmen.services.system_catalogs import SystemCatalog, Write


class Processes(SystemCatalog):
    """What ran, with what, and what came of it (contract: ``$processes``)."""

    text_id = "$processes"
    order = 5
    icon = "business-23"
    fields = (
        {"id": "$startedAt", "type": "date", "config": {"time": True}},
        {"id": "$finishedAt", "type": "date", "config": {"time": True}},
        {"id": "$duration", "type": "number"},
        {
            "id": "$script",
            "type": "object",
            "config": {"multiselect": False, "catalogs": [{"id": "$scripts"}]},
        },
        {"id": "$mode", "type": "dropdown", "config": {"items": ("$sync", "$async"), "multiselect": False}},
        {"id": "$code", "type": "text"},
        {
            "id": "$event",
            "type": "object",
            "config": {"multiselect": False, "catalogs": [{"id": "$weblisteners"}]},
        },
        {"id": "$input", "type": "text", "config": {"type": "multiline"}},
        {"id": "$initiator", "type": "user", "config": {"multiselect": False}},
        {
            "id": "$status",
            "type": "dropdown",
            "config": {"items": ("$running", "$done", "$error", "$aborted"), "multiselect": False},
        },
        {"id": "$result", "type": "text", "config": {"type": "multiline"}},
    )

    async def removed(self, write: Write) -> None:
        """A run without its row stops at its next step."""
        await write.connection.execute(write.database.queries["remove_process_run"], write.record_id)


SYSTEM_CATALOG = Processes()
