"""``$processes``: the journal of processes. The engine writes it; removing a running one stops it."""

from obmen.domain.schema import PROCESSES
from obmen.services.system_catalogs import Effect, Surroundings, SystemCatalog, run_query


class Processes(SystemCatalog):
    """What ran, with what, and what came of it."""

    number = 8
    text_id = PROCESSES
    icon = "business-23"
    fields = (
        {"number": 1, "id": "$startedAt", "type": "date", "config": {"time": True}},
        {"number": 2, "id": "$finishedAt", "type": "date", "config": {"time": True}},
        {"number": 3, "id": "$duration", "type": "number", "filterable": False},
        {"number": 4, "id": "$script", "type": "object", "config": {"catalogs": [{"id": "$scripts"}]}},
        {"number": 5, "id": "$mode", "type": "dropdown", "config": {"items": ({"id": "$sync"}, {"id": "$async"})}},
        {"number": 6, "id": "$code", "type": "text", "filterable": False},
        {"number": 7, "id": "$event", "type": "object", "config": {"catalogs": [{"id": "$webRequests"}]}},
        {"number": 8, "id": "$input", "type": "text", "config": {"type": "multiline"}, "filterable": False},
        {"number": 9, "id": "$initiator", "type": "user"},
        {
            "number": 10,
            "id": "$status",
            "type": "dropdown",
            "config": {"items": ({"id": "$running"}, {"id": "$done"}, {"id": "$error"}, {"id": "$aborted"})},
        },
        {"number": 11, "id": "$result", "type": "text", "config": {"type": "multiline"}, "filterable": False},
    )
    read_only = True

    def removal(self, around: Surroundings) -> list[Effect]:
        """A run without its row stops at its next step."""
        return [run_query(around.queries["remove_process_run"])]


SYSTEM_CATALOG = Processes()
