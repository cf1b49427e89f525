"""What Obmen is filled with: catalogs of twelve fields of all types, listeners with their scenarios."""

import asyncio
import base64
from typing import Any

import msgspec

from bench.load import CONNECTIONS
from bench.stage import Stage

ITEMS = {"items": [{"id": "1", "name": "New"}, {"id": "2", "name": "Paid"}, {"id": "3", "name": "Sent"}]}
FIELDS: list[dict[str, Any]] = [
    {"id": "name", "name": "Name", "type": "text"},
    {"id": "amount", "name": "Amount", "type": "number"},
    {"id": "due", "name": "Due", "type": "date", "config": {"time": True}},
    {"id": "status", "name": "Status", "type": "dropdown", "config": ITEMS},
    {"id": "tags", "name": "Tags", "type": "checkboxes", "config": ITEMS},
    {"id": "paid", "name": "Paid", "type": "switch"},
    {"id": "phone", "name": "Phone", "type": "contact"},
    {"id": "client", "name": "Client", "type": "object"},
    {"id": "done", "name": "Done", "type": "progress"},
    {"id": "owner", "name": "Owner", "type": "user"},
    {"id": "rating", "name": "Rating", "type": "stars"},
    {"id": "papers", "name": "Papers", "type": "file"},
]


class Orders(msgspec.Struct, frozen=True):
    """A catalog; ``body`` is that of a request for one more record."""

    catalog_id: str
    record_ids: list[str]
    body: bytes

    @property
    def table(self) -> str:
        """The name of its table."""
        return f"c{self.catalog_id}"


async def orders(stage: Stage, records: int) -> Orders:
    """A catalog with so many records, and a client whom all of them link to."""
    section = (await stage.api("POST", "/sections", {"name": "Sales"}))["id"]
    clients = await catalog(stage, section, "Clients", [{"id": "name", "name": "Name", "type": "text"}])
    client = await create(stage, clients, {"name": "A client"})
    fields = [
        {**field, "config": {"catalogs": [{"id": clients}]}} if field["type"] == "object" else field for field in FIELDS
    ]
    made = await catalog(stage, section, "Orders", fields)
    link = [{"catalogId": clients, "recordId": client}]
    values = {**_values(0), "client": link, "owner": [stage.user_id]}
    paper = {"title": "order.txt", "src": "data:text/plain;base64," + base64.b64encode(b"An order").decode()}
    first = await create(stage, made, {**values, "papers": [paper]})
    stored = (await stage.api("GET", f"/catalogs/{made}/records/{first}"))["values"]["papers"][0]["id"]
    values["papers"] = [{"id": stored}]
    numbers = iter(range(1, records))
    ids = [first]

    async def fill() -> None:
        ids.extend([await create(stage, made, {**values, **_values(number)}) for number in numbers])

    await asyncio.gather(*(fill() for _ in range(CONNECTIONS)))
    await stage.database.execute(f"analyze obmen.c{made}")  # as PostgreSQL does by itself within a minute
    return Orders(made, ids, msgspec.json.encode({"values": values}))


async def filled(stage: Stage, records: int) -> Orders:
    """The same, and as many of the same records on the baseline, numbered from 1."""
    made = await orders(stage, records)
    json = {"Content-Type": "application/json"}
    for _ in range(records):
        await stage.call("POST", f"{stage.baseline_url}/records", data=made.body, headers=json)
    return made


def _values(number: int) -> dict[str, Any]:
    return {
        "name": f"Order {number}",
        "amount": 100 + number % 900 + 0.5,
        "due": f"2026-01-{number % 28 + 1:02d}T10:00:00.000Z",
        "status": [str(number % 3 + 1)],
        "tags": ["1", "3"],
        "paid": number % 2 == 0,
        "phone": [{"contact": "+7 900 000-00-00", "comment": "in the evening"}],
        "done": number % 101,
        "rating": number % 6,
    }


async def catalog(stage: Stage, section: str, name: str, fields: list[dict[str, Any]]) -> str:
    """The id of a new catalog."""
    sent = {"name": name, "sectionId": section, "fields": fields}
    return str((await stage.api("POST", "/catalogs", sent))["id"])


async def create(stage: Stage, catalog_id: str, values: dict[str, Any]) -> str:
    """The id of a new record."""
    return str((await stage.api("POST", f"/catalogs/{catalog_id}/records", {"values": values}))["id"])


async def listener(stage: Stage, url_id: str, scenario: str) -> str:
    """The path of an external request that starts the scenario (BPMN)."""
    source = "data:application/bpmn+xml;base64," + base64.b64encode(scenario.encode()).decode()
    script = await create(stage, "$scripts", {"$name": url_id, "$file": [{"title": f"{url_id}.bpmn", "src": source}]})
    link = [{"catalogId": "$scripts", "recordId": script}]
    await create(stage, "$webRequests", {"$status": "$on", "$name": url_id, "$urlId": url_id, "$script": link})
    return f"/api/webrequest/{url_id}"


async def system_table(stage: Stage, catalog_id: str) -> str:
    """The name of the table of a system catalog."""
    return f"c{await stage.database.fetchval('select id from obmen.catalogs where text_id = $1', catalog_id)}"
