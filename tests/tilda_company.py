"""A company that takes forms of a Tilda site with the scenario file that Bpium publishes for it."""

import base64
import hashlib
import hmac
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from live_server import Answer, LiveServer

SCENARIO = Path(__file__).parent / "data" / "scenarios" / "GetRequest.bpmn"
SECRET = "receiver's secret"
FORM = {
    "name": "Анна О'Нил; drop table c7; -- ${x} «ёлка»",
    "email": "anna@example.com",
    "phone": "+7 (901) 234-56-78",
    "date": "25-12-2026",
    "choice": "Да",
    "agree": "yes",
    "interests": "Мебель; Свет",
    "tranid": "1:2",
    "formid": "form47",
}
VALUES = {
    "name": FORM["name"],
    "email": [{"contact": "anna@example.com", "comment": ""}],
    "phone": [{"contact": "+7 (901) 234-56-78", "comment": ""}],
    "date": "2026-12-25T11:00:00.000Z",
    "choice": ["1"],
    "agree": True,
    "interests": ["1", "2"],
}
FIELDS = [
    {"id": "name", "name": "Имя", "type": "text"},
    {"id": "email", "name": "Почта", "type": "contact"},
    {"id": "phone", "name": "Телефон", "type": "contact"},
    {"id": "date", "name": "Дата", "type": "date", "config": {"time": True}},
    {"id": "choice", "name": "Выбор", "type": "radiobutton", "config": {"items": [{"name": "Да"}, {"name": "Нет"}]}},
    {"id": "agree", "name": "Согласие", "type": "switch"},
    {
        "id": "interests",
        "name": "Интересы",
        "type": "checkboxes",
        "config": {"items": [{"name": "Мебель"}, {"name": "Свет"}]},
    },
]


class TildaCompany:
    """The catalog, the listener at ``/api/webrequest/tilda`` and, with a receiver, a webhook."""

    def __init__(self, server: LiveServer, receiver_url: str = "", *, broken_catalog_id: str = "") -> None:
        self.server = server
        section = server.api("POST", "/sections", {"name": "Сайт"})["id"]
        sent = {"name": "Заявки", "sectionId": section, "fields": FIELDS}
        self.catalog = server.api("POST", "/catalogs", sent)["id"]
        source = SCENARIO.read_text("utf-8").replace("\"'48'\"", f"\"'{broken_catalog_id or self.catalog}'\"")
        file = {
            "title": "GetRequest.bpmn",
            "src": "data:application/bpmn+xml;base64," + base64.b64encode(source.encode()).decode(),
        }
        script = self.create("$scripts", {"$name": "Tilda", "$file": [file]})
        link = [{"catalogId": "$scripts", "recordId": script}]
        url_id = f"tilda-{self.catalog}"
        self.address = f"/api/webrequest/{url_id}"
        self.create("$webRequests", {"$status": "$on", "$name": "Tilda", "$urlId": url_id, "$script": link})
        if receiver_url:
            self.webhook = self.create(
                "$webhooks",
                {
                    "$name": "CRM",
                    "$catalog": [{"catalogId": "$catalogs", "recordId": self.catalog}],
                    "$events": ["record.created", "record.updated", "record.deleted"],
                    "$url": receiver_url,
                    "$secret": SECRET,
                },
            )

    def create(self, catalog: str, values: dict[str, Any]) -> str:
        return str(self.server.api("POST", f"/catalogs/{catalog}/records", {"values": values})["id"])

    def post_form(self, form: dict[str, str]) -> Answer:
        """As Tilda's servers do."""
        return self.server.ask(
            "POST",
            self.address,
            urlencode(form).encode(),
            auth=None,
            headers={"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8", "User-Agent": "Tilda"},
        )

    def records(self) -> list[dict[str, Any]]:
        return list(self.server.api("GET", f"/catalogs/{self.catalog}/records"))

    def last_process(self) -> dict[str, Any]:
        return dict(self.server.api("GET", "/catalogs/$processes/records?limit=1")[0]["values"])


def documented_signature(body: str) -> str:
    return base64.b64encode(hmac.new(SECRET.encode(), body.encode(), hashlib.md5).digest()).decode()


def standard_signature(headers: dict[str, str], body: str) -> str:
    """Standard Webhooks 1.0.0, computed from the specification alone."""
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{body}"
    return "v1," + base64.b64encode(hmac.new(SECRET.encode(), content.encode(), hashlib.sha256).digest()).decode()
