"""A company as people set it up by clicking: catalogs whose fields have numbers, with every type of field among them."""

from typing import Any

from live_server import LiveServer

NAME, SUM, STATUS, PAYMENT, SERVICES, DUE, PHONE, STAFF, CLIENT, FILES, PROGRESS, STARS, PAID, COMMENT, DISCOUNT = (
    *map(str, range(1, 14)),
    "15",
    "16",
)
GROUP = "14"
ITEMS = {"items": [{"name": "First"}, {"name": "Second"}, {"name": "Third"}]}


class Company:
    """Clients and orders; `orders` and `clients` are ids of catalogs, `ids` those of the orders, first to last."""

    def __init__(self, server: LiveServer) -> None:
        self.server = server
        self.section = str(server.api("POST", "/sections", {"name": "Продажи"})["id"])
        clients = [("Название", "text"), ("ИНН", "text"), ("Почта", "contact")]
        self.clients = self.make("Клиенты", *({"name": name, "type": kind} for name, kind in clients))
        self.orders = self.make("Заказы", *_order_fields(self.clients))
        self.records = f"/api/v1/catalogs/{self.orders}/records"
        self.omsk, self.perm = (self.add(self.clients, {"1": name}) for name in ("Омск & Ко", "Пермь"))
        self.ids = [self.add(self.orders, order) for order in self._orders()]

    def make(self, name: str, *fields: dict[str, Any], **more: Any) -> str:
        sent = {"name": name, "sectionId": self.section, "fields": list(fields), **more}
        return str(self.server.api("POST", "/catalogs/", sent)["id"])

    def add(self, catalog: str, values: dict[str, Any]) -> str:
        return str(self.server.api("POST", f"/catalogs/{catalog}/records", {"values": values})["id"])

    def read(self, record: str) -> dict[str, Any]:
        return dict(self.server.api("GET", f"/catalogs/{self.orders}/records/{record}"))

    def places(self, records: list[dict[str, Any]]) -> list[int]:
        """Which of the orders these are, the first being 1."""
        return [self.ids.index(record["id"]) + 1 for record in records]

    def link(self, client: str) -> list[dict[str, str]]:
        return [{"catalogId": self.clients, "recordId": client}]

    def _orders(self) -> list[dict[str, Any]]:
        """Due on the 1st, 2nd, … at 21:30 UTC: in Moscow it is the next day."""
        names = ("Стол письменный", "Стул", "50% + доставка", "Ёлка & шар", "Шкаф")
        return [
            {
                NAME: name,
                SUM: place * 10_000,
                STATUS: [str(1 + place % 2)],
                PAYMENT: "1",
                SERVICES: ["1", "2"] if place < 3 else [],
                DUE: f"2026-03-{place:02d}T21:30:00Z",
                PHONE: [{"contact": f"+7 (900) 000-00-0{place}", "comment": ""}],
                CLIENT: self.link(self.omsk if place % 2 else self.perm),
                PAID: place == 1,
            }
            for place, name in enumerate(names, 1)
        ]


def _order_fields(clients: str) -> list[dict[str, Any]]:
    return [
        {"name": "Название", "type": "text"},
        {"name": "Сумма", "type": "number"},
        {"name": "Статус", "type": "dropdown", "config": {**ITEMS, "multiselect": True}},
        {"name": "Оплата", "type": "radiobutton", "config": ITEMS},
        {"name": "Услуги", "type": "checkboxes", "config": ITEMS},
        {"name": "Срок", "type": "date", "config": {"time": True}},
        {"name": "Телефон", "type": "contact"},
        {"name": "Ответственные", "type": "user", "config": {"multiselect": True}},
        {"name": "Клиент", "type": "object", "config": {"multiselect": True, "catalogs": [{"id": clients}]}},
        {"name": "Файлы", "type": "file", "config": {"multiselect": True}},
        {"name": "Готовность", "type": "progress"},
        {"name": "Оценка", "type": "stars"},
        {"name": "Оплачен", "type": "switch"},
        {"name": "Итоги", "type": "group"},
        {"name": "Комментарий", "type": "text", "config": {"type": "multiline"}},
        {"name": "Скидка", "type": "number"},
    ]
