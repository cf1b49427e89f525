"""A small company to look around in: a section with clients, products and orders, and a form endpoint. Called by ``obmen seed demo``."""

from datetime import timedelta
from importlib.resources import files
from typing import Any, Final

from obmen import messages
from obmen.clients.clock import now
from obmen.domain.dates import iso
from obmen.domain.queries.filters import Condition, Equals
from obmen.domain.requests.bodies import data_address
from obmen.domain.rights.policies import SYSTEM
from obmen.domain.schema import SCRIPTS, WEB_REQUESTS
from obmen.services.application import Application
from obmen.services.records.writing import NewRecord

FORM: Final = "lead"
"""The ``$urlId`` of the form endpoint."""
_CLIENTS: Final = (("anna", "+7 901 234-56-78"), ("bella", "+7 912 345-67-89"), ("viktor", "+7 923 456-78-90"))
_PRODUCTS: Final = (("chair", 4_900, 12, "1"), ("desk", 18_500, 3, "1"), ("delivery", 900, 0, "2"))


class Demo:
    """Makes the demo company in one language."""

    def __init__(self, obmen: Application, language: str) -> None:
        self._obmen = obmen
        self._language = language

    async def seed(self) -> bool:
        """Whether the company was made: it is not where something listens at the form's address already."""
        address = self._obmen.cache.schema.catalog(WEB_REQUESTS).field("$urlId").number
        if await self._obmen.records.stored(WEB_REQUESTS, Condition(address, Equals(FORM)), ()):
            return False
        section = await self._obmen.sections.create(SYSTEM, {"name": self._text("sales"), "icon": "business-23"})
        clients = await self._catalog(section, "clients", _client_fields())
        products = await self._catalog(section, "products", _product_fields())
        orders = await self._catalog(section, "orders", _order_fields(clients, products))
        await self._fill(clients, products, orders)
        await self._listen(clients)
        return True

    def _text(self, key: str) -> str:
        return messages.text(f"demo.{key}", self._language)

    async def _catalog(self, section: str, name: str, fields: list[dict[str, Any]]) -> str:
        for field in fields:
            field["name"] = self._text(f"field_{field['id']}")
            for item in field.get("config", {}).get("items", ()):
                item["name"] = self._text(f"item_{item['name']}")
        sent = {"name": self._text(name), "icon": "content-8", "sectionId": section, "fields": fields}
        return (await self._obmen.catalogs.create(SYSTEM, sent)).id

    async def _fill(self, clients: str, products: str, orders: str) -> None:
        client_ids = await self._create(
            clients, *({"name": self._text(name), "phone": phone, "status": ["1"]} for name, phone in _CLIENTS)
        )
        product_ids = await self._create(
            products,
            *(
                {"name": self._text(name), "price": price, "stock": stock, "kind": kind}
                for name, price, stock, kind in _PRODUCTS
            ),
        )
        await self._create(
            orders,
            *(
                {
                    "number": f"{number:04d}",
                    "client": [{"catalogId": clients, "recordId": client}],
                    "items": [{"catalogId": products, "recordId": product}],
                    "amount": _PRODUCTS[number - 1][1],
                    "date": iso(now() - timedelta(days=number)),
                    "paid": number == 1,
                }
                for number, (client, product) in enumerate(zip(client_ids, product_ids, strict=True), 1)
            ),
        )

    async def _listen(self, clients: str) -> None:
        source = files("obmen.assets").joinpath("demo", "lead.bpmn").read_text("utf-8").replace("{{clients}}", clients)
        file = {"title": "lead.bpmn", "src": data_address(source.encode(), "application/bpmn+xml")}
        (script,) = await self._create(SCRIPTS, {"$name": self._text("form"), "$file": [file]})
        link = [{"catalogId": SCRIPTS, "recordId": script}]
        await self._create(WEB_REQUESTS, {"$name": self._text("form"), "$urlId": FORM, "$script": link})

    async def _create(self, catalog: str, *values: dict[str, Any]) -> list[str]:
        return await self._obmen.writer.create(SYSTEM, catalog, [NewRecord(one) for one in values])


def _client_fields() -> list[dict[str, Any]]:
    return [
        {"id": "name", "type": "text", "required": True},
        {"id": "phone", "type": "contact", "config": {"type": "phone"}},
        {"id": "email", "type": "contact", "config": {"type": "mail"}},
        {
            "id": "status",
            "type": "dropdown",
            "config": {"items": _items("new", "working", "refused"), "defaultValue": True},
        },
        {"id": "owner", "type": "user", "config": {"multiselect": False}},
        {"id": "comment", "type": "text", "config": {"type": "multiline"}},
    ]


def _product_fields() -> list[dict[str, Any]]:
    return [
        {"id": "name", "type": "text", "required": True},
        {"id": "price", "type": "number", "config": {"min": 0}},
        {"id": "stock", "type": "number"},
        {"id": "kind", "type": "radiobutton", "config": {"items": _items("goods", "service")}},
        {"id": "rating", "type": "stars"},
    ]


def _order_fields(clients: str, products: str) -> list[dict[str, Any]]:
    return [
        {"id": "number", "type": "text", "required": True},
        {"id": "client", "type": "object", "config": {"multiselect": False, "catalogs": [{"id": clients}]}},
        {"id": "items", "type": "object", "config": {"multiselect": True, "catalogs": [{"id": products}]}},
        {"id": "amount", "type": "number"},
        {"id": "date", "type": "date", "config": {"time": False}},
        {"id": "paid", "type": "switch"},
        {"id": "progress", "type": "progress"},
        {"id": "delivery", "type": "checkboxes", "config": {"items": _items("packed", "sent", "received")}},
    ]


def _items(*names: str) -> list[dict[str, Any]]:
    return [{"id": str(number), "name": name} for number, name in enumerate(names, 1)]
