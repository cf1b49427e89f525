"""A company of clients and orders, asked by the API."""

import json
from typing import Any
from urllib.parse import quote

from live_server import Answer, LiveServer

ITEMS = {"items": [{"name": "New"}, {"name": "Paid"}, {"name": "Sent"}], "multiselect": True}


class Orders:
    """The catalogs, and short ways to ask for their records."""

    def __init__(self, server: LiveServer) -> None:
        self.server = server
        self.section = server.api("POST", "/sections", {"name": "Sales"})["id"]
        self.clients = self.make("Clients", {"id": "name", "name": "Name", "type": "text"})
        link = {"catalogs": [{"id": self.clients}], "multiselect": True}
        self.fields = [
            {"id": "amount", "name": "Amount", "type": "number"},
            {"id": "title", "name": "Title", "type": "text"},
            {"id": "note", "name": "Note", "type": "text", "config": {"type": "multiline"}},
            {"id": "about", "name": "About it", "type": "group"},
            {"id": "client", "name": "Client", "type": "object", "config": link},
            {"id": "who", "name": "Who", "type": "user", "config": {"multiselect": True}},
            {"id": "phone", "name": "Phone", "type": "contact"},
            {"id": "state", "name": "State", "type": "dropdown", "config": ITEMS},
        ]
        self.orders = self.make("Orders", *self.fields)

    def make(self, name: str, *fields: dict[str, Any]) -> str:
        sent = {"name": name, "sectionId": self.section, "fields": fields}
        return str(self.server.api("POST", "/catalogs", sent)["id"])

    def add(self, catalog: str, values: dict[str, Any]) -> str:
        return str(self.server.api("POST", f"/catalogs/{catalog}/records", {"values": values})["id"])

    def order(self, **values: Any) -> str:
        return self.add(self.orders, values)

    def client(self, name: str) -> str:
        return self.add(self.clients, {"name": name})

    def employee(self, name: str) -> str:
        return self.add("$users", {"$name": name, "$email": f"{name.lower()}@sales.example"})

    def read(self, record: str, catalog: str = "") -> dict[str, Any]:
        found: dict[str, Any] = self.server.api("GET", f"/catalogs/{catalog or self.orders}/records/{record}")
        return found

    def values(self, record: str, catalog: str = "") -> dict[str, Any]:
        found: dict[str, Any] = self.read(record, catalog)["values"]
        return found

    def patch(self, record: str, values: dict[str, Any], catalog: str = "") -> Answer:
        path = f"/api/v1/catalogs/{catalog or self.orders}/records/{record}"
        return self.server.ask("PATCH", path, {"values": values})

    def post(self, values: dict[str, Any], catalog: str = "") -> Answer:
        return self.server.ask("POST", f"/api/v1/catalogs/{catalog or self.orders}/records", {"values": values})

    def remove(self, catalog: str, record: str) -> None:
        self.server.api("DELETE", f"/catalogs/{catalog}/records/{record}")

    def find(self, query: str, catalog: str = "") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.server.api("GET", f"/catalogs/{catalog or self.orders}/records?{query}")
        return found

    def filtered(self, filters: Any, catalog: str = "") -> list[str]:
        return [found["id"] for found in self.find(f"filters={quote(json.dumps(filters))}", catalog)]

    def link(self, client: str) -> dict[str, str]:
        return {"catalogId": self.clients, "recordId": client}


def refused(answer: Answer) -> list[str]:
    """The fields that a refusal names."""
    assert (answer.status, answer.json["code"]) == (400, "invalid_value"), answer.body
    return [error["field"] for error in answer.json["errors"]]
